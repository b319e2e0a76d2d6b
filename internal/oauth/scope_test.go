package oauth

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseScope(t *testing.T) {
	const (
		api, device       = scopeAPI, scopeDevice + "ABCDEFGHIJ"
		oldAPI, oldDevice = unstableScopeAPI, unstableScopeDevice + "ABCDEFGHIJ"
	)
	good := []struct{ text, device, kept string }{
		{api + " " + device, "ABCDEFGHIJ", api + " " + device},
		{oldDevice + " openid " + oldAPI, "ABCDEFGHIJ", oldDevice + " openid " + oldAPI},
		{api + " " + oldAPI + " " + device + " " + oldDevice, "ABCDEFGHIJ", api + " " + oldAPI + " " + device + " " + oldDevice},
		{"openid profile email", "", "openid profile"},
		{"openid openid", "", "openid"},
		{api + " " + device + " urn:synapse:admin:*", "ABCDEFGHIJ", api + " " + device},
	}
	for _, c := range good {
		s, err := parseScope(c.text)
		if err != nil || s.device != c.device || s.String() != c.kept || s.openID != strings.Contains(c.text, "openid") {
			t.Errorf("%q became %+v, %v", c.text, s, err)
		}
	}
	for _, text := range []string{
		"", "email", "profile", api, device, "openid " + api, "openid " + device, api + " " + device + " " + scopeDevice + "OTHER", api + " " + scopeDevice,
		api + " " + scopeDevice + `a"b`, api + " " + scopeDevice + "ä", api + " " + scopeDevice + strings.Repeat("x", maxDeviceID+1),
		strings.Repeat("x", maxScope+1),
	} {
		if s, err := parseScope(text); err == nil {
			t.Errorf("%q became %+v", text, s)
		}
	}
}

func FuzzParseScope(f *testing.F) {
	f.Add("openid " + scopeAPI + " " + scopeDevice + "ABC")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseScope(text)
		if err != nil {
			return
		}
		again, err := parseScope(s.String())
		if err != nil || again.String() != s.String() || again.device != s.device || again.openID != s.openID {
			t.Fatalf("%q became %+v, and that %+v, %v", text, s, again, err)
		}
		if s.device == "" && (strings.Contains(s.String(), "client:api") || !s.openID) {
			t.Fatalf("%q gives access without a device, or nothing: %+v", text, s)
		}
	})
}

func TestScopeHoldsItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"openid", "profile", "x", "y"}), rapid.ID[string]).Draw(t, "tokens")
		part := rapid.IntRange(0, len(tokens)).Draw(t, "part")
		whole, some := scope{tokens: tokens}, scope{tokens: tokens[:part]}
		if !whole.holds(some) || part < len(tokens) && some.holds(whole) {
			t.Fatalf("%v and %v", whole, some)
		}
	})
}
