package registration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `
id: "IRC Bridge"
url: "http://127.0.0.1:1234/"
as_token: "30c05ae90a248a41"
hs_token: "312df522183efd40"
sender_localpart: "_irc_bot"
namespaces:
  users:
    - exclusive: true
      regex: "@_irc_bridge_.*"
  aliases:
    - exclusive: false
      regex: "#_irc_bridge_.*"
  rooms: []
`

func TestExampleOfTheSpecification(t *testing.T) {
	r, err := Parse([]byte(good), "example.org")
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "IRC Bridge" || r.URL != "http://127.0.0.1:1234" || r.Sender != "@_irc_bot:example.org" || r.ReceiveEphemeral || !r.RateLimited {
		t.Errorf("got %+v", r)
	}
	for id, want := range map[string]bool{
		"@_irc_bridge_a:example.org": true, "@_irc_bridge_a:elsewhere.org": false, "x@_irc_bridge_a:example.org": false, "@alice:example.org": false,
	} {
		if got := r.Users.Match(id); got != want {
			t.Errorf("Match(%s) = %v", id, got)
		}
		if got := r.Users.Exclusive(id); got != want {
			t.Errorf("Exclusive(%s) = %v", id, got)
		}
	}
	if alias := "#_irc_bridge_a:example.org"; !r.Aliases.Match(alias) || r.Aliases.Exclusive(alias) {
		t.Error("the aliases are shared")
	}
	if got := r.Users.Prefixes(); len(got) != 1 || got[0] != "@_irc_bridge_" {
		t.Errorf("prefixes %q", got)
	}
	if !r.Rooms.Empty() {
		t.Error("there are no rooms")
	}
}

func TestWrongRegistrations(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"not YAML":            {"id:", "id: [", "not a registration"},
		"no id":               {`id: "IRC Bridge"`, "", "id: it is missing"},
		"no URL":              {`url: "http://127.0.0.1:1234/"`, "", "url: it is missing"},
		"a strange URL":       {"http://127.0.0.1:1234/", "ftp://x", "url: "},
		"a URL with a query":  {"1234/", "1234/?x=y", "url: "},
		"no token":            {`as_token: "30c05ae90a248a41"`, "", "as_token: it is missing"},
		"a token with a line": {"30c05ae90a248a41", `a\nb`, "as_token: only ASCII"},
		"the same tokens":     {"312df522183efd40", "30c05ae90a248a41", "hs_token: it is the same"},
		"a bad sender":        {"_irc_bot", "Irc Bot", "sender_localpart: "},
		"no namespaces":       {"namespaces:", "spaces:", "namespaces: it is missing"},
		"a bad expression":    {"@_irc_bridge_.*", "@(", "namespaces.users: "},
		"no exclusive":        {"exclusive: true", "other: true", "namespaces.users: "},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.from, c.to, 1)
			_, err := Parse([]byte(text), "example.org")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "30c05ae90a248a41") {
				t.Error("the error tells a token")
			}
		})
	}
}

func TestServiceThatIsNotCalled(t *testing.T) {
	r, err := Parse([]byte(strings.Replace(good, `"http://127.0.0.1:1234/"`, "null", 1)), "example.org")
	if err != nil || r.URL != "" {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestFilesMustDiffer(t *testing.T) {
	dir := t.TempDir()
	a, b, missing := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml"), filepath.Join(dir, "c.yaml")
	for _, file := range []string{a, b} {
		if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := LoadAll([]string{a}, "example.org"); err != nil || len(all) != 1 {
		t.Errorf("got %v, %v", all, err)
	}
	_, err := LoadAll([]string{a, b, missing}, "example.org")
	for _, want := range []string{b + ": id: ", b + ": as_token: ", b + ": sender_localpart: ", missing} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "30c05ae90a248a41") {
		t.Error("the error tells a token")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("namespaces: {users: [{regex: '(?i)@a', exclusive: true}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text, "example.org")
		if err != nil {
			return
		}
		if r.ID == "" || r.ASToken == "" || r.HSToken == "" {
			t.Errorf("not whole: %+v", r)
		}
		for _, p := range r.Users.Prefixes() {
			// Whatever matches begins with the prefix of one of the namespaces.
			if r.Users.Match("@a:example.org") && len(r.Users.list) == 1 && !strings.HasPrefix("@a:example.org", p) {
				t.Errorf("prefix %q", p)
			}
		}
	})
}
