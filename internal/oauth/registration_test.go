package oauth

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// example is the one of the Client-Server API, "Dynamic client registration flow".
const example = `{
	"client_name": "My App", "client_name#fr": "Mon application", "client_uri": "https://example.com/",
	"logo_uri": "https://example.com/logo.png", "tos_uri": "https://example.com/tos.html", "tos_uri#fr": "https://example.com/fr/tos.html",
	"policy_uri": "https://example.com/policy.html", "policy_uri#fr": "https://example.com/fr/policy.html",
	"redirect_uris": ["https://app.example.com/callback"], "token_endpoint_auth_method": "none", "response_types": ["code"],
	"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"], "application_type": "web"}`

func TestRegistrationOfTheExample(t *testing.T) {
	m, err := parseMetadata([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.GrantTypes, []string{"authorization_code", "refresh_token"}) || m.Name != "My App" || m.AuthMethod != "none" {
		t.Errorf("the example became %+v", m)
	}
	text, err := json.Marshal(m)
	if err != nil || strings.Contains(string(text), "#fr") {
		t.Errorf("it is kept as %s, %v", text, err)
	}
}

func TestRegistrationDefaults(t *testing.T) {
	m, err := parseMetadata([]byte(`{"client_uri": "https://example.com", "redirect_uris": ["https://example.com/"], "client_name": "a\u202eb\n  c"}`))
	if err != nil {
		t.Fatal(err)
	}
	if m.Type != webClient || !slices.Equal(m.GrantTypes, []string{"authorization_code"}) || !slices.Equal(m.ResponseTypes, []string{"code"}) {
		t.Errorf("the defaults are %+v", m)
	}
	if m.Name != "ab c" {
		t.Errorf("the name became %q", m.Name)
	}
}

// What Element X registers on Android and on iPhone.
func TestRegistrationOfPhones(t *testing.T) {
	for _, redirect := range []string{"io.element.android:/", "https://element.io/oidc/login"} {
		m, err := parseMetadata([]byte(`{"client_name": "Element X", "client_uri": "https://element.io", "logo_uri": "https://element.io/mobile-icon.png",
			"tos_uri": "https://element.io/acceptable-use-policy-terms", "policy_uri": "https://element.io/privacy", "application_type": "native",
			"token_endpoint_auth_method": "none", "response_types": ["code"], "redirect_uris": ["` + redirect + `"],
			"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]}`))
		if err != nil || len(m.GrantTypes) != 3 {
			t.Errorf("%s: %+v, %v", redirect, m, err)
		}
	}
}

func TestBadRegistrations(t *testing.T) {
	for change, code := range map[string]string{
		`"client_uri": null`:                          "invalid_client_metadata",
		`"client_uri": "http://example.com/"`:         "invalid_client_metadata",
		`"client_uri": "https://user@example.com/"`:   "invalid_client_metadata",
		`"client_uri": "https://github.io/"`:          "invalid_client_metadata",
		`"client_uri": 7`:                             "invalid_client_metadata",
		`"logo_uri": "http://example.com/logo.png"`:   "invalid_client_metadata",
		`"tos_uri": "https://example.org/tos.html"`:   "invalid_client_metadata",
		`"policy_uri": "https://example.com:x"`:       "invalid_client_metadata",
		`"application_type": "toaster"`:               "invalid_client_metadata",
		`"grant_types": ["password"]`:                 "invalid_client_metadata",
		`"response_types": ["token"]`:                 "invalid_client_metadata",
		`"redirect_uris": []`:                         "invalid_redirect_uri",
		`"redirect_uris": ["https://example.org/"]`:   "invalid_redirect_uri",
		`"redirect_uris": ["https://example.com/#x"]`: "invalid_redirect_uri",
		`"redirect_uris": ["com.example.app:/"]`:      "invalid_redirect_uri",
		`"redirect_uris": "https://example.com/"`:     "invalid_client_metadata",
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(example), &fields); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte("{"+change+"}"), &fields); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		var told *registrationError
		if _, err := parseMetadata(text); !errors.As(err, &told) || told.Code != code {
			t.Errorf("with %s: %v", change, err)
		}
	}
	for _, text := range []string{"", "[]", "null", "{", "\"\xff\"", "{}"} {
		if _, err := parseMetadata([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseMetadata(text)
		if err != nil {
			return
		}
		kept, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseMetadata(kept)
		if err != nil {
			t.Fatalf("%s is kept as %s, which is refused: %v", text, kept, err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(kept) {
			t.Fatalf("%s is kept as %s, and that as %s, %v", text, kept, twice, err)
		}
	})
}

func TestNormalCode(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDF-GHJK", " bcdfghjk ": "BCDF-GHJK", "b c d f g h j k": "BCDF-GHJK", "BCDF-GHJ": "", "BCDF-GHJKL": "", "": "", "AEIO-UAEI": "",
	} {
		if got := normalCode(typed); got != want {
			t.Errorf("%q became %q", typed, got)
		}
	}
}
