package account

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewUserIDsAreInTheGrammarOrRefused(t *testing.T) {
	s := &Service{Options: Options{ServerName: "example.org"}}
	grammar := regexp.MustCompile(`^@[a-z0-9._=/+-]+:example\.org$`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9._=/+-]{0,260}`)).Draw(t, "name")
		id, err := s.newUserID(name)
		if err != nil {
			return
		}
		if !grammar.MatchString(id) || len(id) > maxUserID {
			t.Fatalf("%q became %q", name, id)
		}
		if again, ok := s.localUserID(id); !ok || again != id {
			t.Fatalf("%q is not found by its id: %q", id, again)
		}
		if byName, ok := s.localUserID(name); !ok || byName != id {
			t.Fatalf("%q is not found by the name %q: %q", id, name, byName)
		}
	})
}

func TestUserNames(t *testing.T) {
	s := &Service{Options: Options{ServerName: "example.org"}}
	for name, want := range map[string]string{
		"alice": "@alice:example.org", "User-UPPER": "@user-upper:example.org", "q3._=-/+": "@q3._=-/+:example.org",
		"": "", "a b": "", "a:b": "", "@a": "", "é": "", "a\x00": "", "\u212a": "", strings.Repeat("a", 242): "@" + strings.Repeat("a", 242) + ":example.org",
		strings.Repeat("a", 243): "",
	} {
		if got, _ := s.newUserID(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
