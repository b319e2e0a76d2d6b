// Package provider reads the files that describe providers of single sign-on.
//
// A provider that is returned is whole: it has an id, a name, an issuer and a client, and its templates are compiled. What is wrong is said
// of all files at once, by file and field; a secret is never repeated in an error. The package opens no connection.
package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file, and of how many there may be.
const (
	maxFile      = 64 << 10
	maxProviders = 50
)

// Provider is one provider of single sign-on, as its file describes it.
type Provider struct {
	// ID names the provider in addresses and to clients; Name is what people see.
	ID, Name string
	// Icon is an mxc:// address, Brand a word by which clients know the provider's looks. Either may be empty.
	Icon, Brand string

	Issuer                 string
	ClientID, ClientSecret string
	// ClientAuth is how the secret is sent: auto, basic or post.
	ClientAuth string
	Scopes     []string
	// Parameters are added to the address that people are sent to.
	Parameters map[string]string
	// UserInfo asks the provider for claims that are not in its ID tokens.
	UserInfo bool

	Claims Claims

	// ExistingUsers lets a person have the account that has the name which the claims give.
	ExistingUsers bool
	// Register makes accounts for people who have none.
	Register bool
	// AskLocalpart lets people choose their name even if the claims give one that is free.
	AskLocalpart bool
}

// file is a provider as it is written.
type file struct {
	ID               string            `yaml:"id"`
	Name             string            `yaml:"name"`
	Icon             string            `yaml:"icon"`
	Brand            string            `yaml:"brand"`
	Issuer           string            `yaml:"issuer"`
	ClientID         string            `yaml:"client_id"`
	ClientSecret     string            `yaml:"client_secret"`
	ClientSecretFile string            `yaml:"client_secret_file"`
	ClientAuth       string            `yaml:"client_auth"`
	Scopes           []string          `yaml:"scopes"`
	Parameters       map[string]string `yaml:"parameters"`
	UserInfo         bool              `yaml:"userinfo"`
	Claims           struct {
		Localpart   string `yaml:"localpart"`
		DisplayName string `yaml:"display_name"`
		Email       string `yaml:"email"`
	} `yaml:"claims"`
	ExistingUsers bool  `yaml:"existing_users"`
	Register      *bool `yaml:"register"`
	AskLocalpart  bool  `yaml:"ask_localpart"`
}

// LoadAll reads the files of all providers. The error, if there is one, joins all that is wrong.
func LoadAll(files []string) ([]*Provider, error) {
	if len(files) > maxProviders {
		return nil, fmt.Errorf("at most %d providers are allowed", maxProviders)
	}
	var out []*Provider
	var wrong []error
	seen := map[string]string{}
	for _, path := range files {
		p, err := Load(path)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if other, ok := seen[p.ID]; ok {
			wrong = append(wrong, fmt.Errorf("%s: id: %s has the same; it must be unique", path, other))
		}
		seen[p.ID] = path
		out = append(out, p)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return out, nil
}

// Load reads one file.
func Load(path string) (*Provider, error) {
	text, err := read(path, maxFile)
	if err != nil {
		return nil, err
	}
	p, err := Parse(text)
	if err != nil {
		return nil, inFile(path, err)
	}
	return p, nil
}

func read(path string, most int64) ([]byte, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, most)
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

// Parse reads a provider. A secret that stands in a file of its own is read, too.
func Parse(text []byte) (*Provider, error) {
	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, fmt.Errorf("not a provider of single sign-on: %w", err)
	}
	c := &checker{}
	p := &Provider{
		ID: f.ID, Name: f.Name, Icon: f.Icon, Brand: f.Brand, Issuer: f.Issuer, ClientID: f.ClientID, ClientSecret: c.secret(f),
		ClientAuth: f.ClientAuth, Scopes: f.Scopes, Parameters: f.Parameters, UserInfo: f.UserInfo,
		ExistingUsers: f.ExistingUsers, Register: f.Register == nil || *f.Register, AskLocalpart: f.AskLocalpart,
	}
	if p.ClientAuth == "" {
		p.ClientAuth = "auto"
	}
	if p.Scopes == nil {
		p.Scopes = []string{"openid", "profile", "email"}
	}
	p.Claims = c.claims(f)
	c.check(p)
	return p, errors.Join(c.wrongs...)
}
