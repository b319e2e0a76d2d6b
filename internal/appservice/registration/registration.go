// Package registration reads the registration files of application services (Application Service API, "Registration").
//
// A registration that is returned is whole: its id and tokens are there, its URL can be called, its namespaces are compiled. What is
// wrong is said of all files at once, by file and field; a token is never repeated in an error. The package opens no connection.
package registration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file, of the namespaces in it, and of its texts.
const (
	maxFile       = 1 << 20
	maxNamespaces = 1000
	maxText       = 255
)

// Registration is one application service.
type Registration struct {
	ID  string
	URL string // without a slash at its end; empty: the service is not called

	ASToken, HSToken string
	// Sender is the id of the service's own user.
	Sender           string
	ReceiveEphemeral bool
	RateLimited      bool // masqueraded users are; the sender never is
	Protocols        []string

	Users, Aliases, Rooms Namespaces
}

// file is a registration as it is written. Fields of other servers are passed over: registrations are made by the services, for all
// servers alike.
type file struct {
	ID               string   `yaml:"id"`
	URL              *string  `yaml:"url"`
	ASToken          string   `yaml:"as_token"`
	HSToken          string   `yaml:"hs_token"`
	SenderLocalpart  string   `yaml:"sender_localpart"`
	ReceiveEphemeral *bool    `yaml:"receive_ephemeral"`
	PushEphemeral    bool     `yaml:"push_ephemeral"`                     // name of receive_ephemeral before it was in the specification
	OldEphemeral     bool     `yaml:"de.sorunome.msc2409.push_ephemeral"` // the same, older still
	RateLimited      *bool    `yaml:"rate_limited"`
	Protocols        []string `yaml:"protocols"`
	Namespaces       *struct {
		Users   []namespaceFile `yaml:"users"`
		Aliases []namespaceFile `yaml:"aliases"`
		Rooms   []namespaceFile `yaml:"rooms"`
	} `yaml:"namespaces"`
}

type namespaceFile struct {
	Regex     string `yaml:"regex"`
	Exclusive *bool  `yaml:"exclusive"`
}

// LoadAll reads the files of all application services. The error, if there is one, joins all that is wrong.
func LoadAll(files []string, serverName string) ([]*Registration, error) {
	var out []*Registration
	var wrong []error
	ids, tokens, senders := map[string]string{}, map[string]string{}, map[string]string{}
	for _, path := range files {
		r, err := Load(path, serverName)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		// Application Service API, "Registration": as_token and id must be unique, and the homeserver must enforce it.
		for _, u := range []struct {
			field, value string
			seen         map[string]string
		}{{"id", r.ID, ids}, {"as_token", r.ASToken, tokens}, {"sender_localpart", r.Sender, senders}} {
			if other, ok := u.seen[u.value]; ok {
				wrong = append(wrong, fmt.Errorf("%s: %s: %s has the same; it must be unique", path, u.field, other))
			}
			u.seen[u.value] = path
		}
		out = append(out, r)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return out, nil
}

// Load reads one file.
func Load(path, serverName string) (*Registration, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	r, err := Parse(text, serverName)
	if err != nil {
		return nil, inFile(path, err)
	}
	return r, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFile)
	}
	return text, nil
}

// inFile puts the file's name before each error.
func inFile(path string, err error) error {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return fmt.Errorf("%s: %w", path, err)
	}
	var out []error
	for _, one := range many.Unwrap() {
		out = append(out, fmt.Errorf("%s: %w", path, one))
	}
	return errors.Join(out...)
}

// Parse reads a registration.
func Parse(text []byte, serverName string) (*Registration, error) {
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, fmt.Errorf("not a registration: %w", err)
	}
	c := &checker{}
	r := &Registration{
		ID: f.ID, ASToken: f.ASToken, HSToken: f.HSToken, Sender: "@" + f.SenderLocalpart + ":" + serverName,
		RateLimited: f.RateLimited == nil || *f.RateLimited, Protocols: f.Protocols,
		ReceiveEphemeral: f.PushEphemeral || f.OldEphemeral,
	}
	if f.ReceiveEphemeral != nil {
		r.ReceiveEphemeral = *f.ReceiveEphemeral
	}
	c.text("id", f.ID)
	c.token("as_token", f.ASToken)
	c.token("hs_token", f.HSToken)
	if f.ASToken != "" && f.ASToken == f.HSToken {
		c.wrong("hs_token", "it is the same as as_token; each side needs a secret of its own")
	}
	c.localpart(f.SenderLocalpart, r.Sender)
	r.URL = c.url(text, f.URL)
	if f.Namespaces == nil {
		c.wrong("namespaces", "it is missing; allowed: users, aliases and rooms, which may be empty lists")
	} else {
		r.Users = c.namespaces("namespaces.users", f.Namespaces.Users, serverName)
		r.Aliases = c.namespaces("namespaces.aliases", f.Namespaces.Aliases, "")
		r.Rooms = c.namespaces("namespaces.rooms", f.Namespaces.Rooms, "")
	}
	for _, p := range f.Protocols {
		c.text("protocols", p)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return r, nil
}

// checker gathers what is wrong.
type checker struct{ errs []error }

func (c *checker) wrong(field, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: "+format, append([]any{field}, args...)...))
}

func (c *checker) text(field, v string) {
	switch {
	case v == "":
		c.wrong(field, "it is missing")
	case len(v) > maxText || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }):
		c.wrong(field, "at most %d printable characters are allowed", maxText)
	}
}

// token does not repeat what is wrong.
func (c *checker) token(field, v string) {
	switch {
	case v == "":
		c.wrong(field, "it is missing; allowed: a long random text")
	case len(v) > 4096 || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		c.wrong(field, "only ASCII letters, digits and signs are allowed, without spaces")
	}
}

func (c *checker) localpart(v, id string) {
	bad := strings.ContainsFunc(v, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._=-/+", r)
	})
	if v == "" || bad || len(id) > maxText {
		c.wrong("sender_localpart", "%q is not the localpart of a user; allowed: a-z, 0-9 and . _ = - / +", v)
	}
}

// url is the address without its last slash. The field must be there; null says that there is none.
func (c *checker) url(text []byte, v *string) string {
	if v == nil {
		var fields map[string]any
		if err := yaml.Unmarshal(text, &fields); err == nil {
			if _, there := fields["url"]; !there {
				c.wrong("url", "it is missing; allowed: http://HOST:PORT or https://HOST, or null for a service that is not called")
			}
		}
		return ""
	}
	u, err := url.Parse(*v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.wrong("url", "%q is not an address; allowed: http://HOST:PORT or https://HOST, with a path or without, or null", *v)
	}
	return strings.TrimRight(*v, "/")
}
