package provider

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const least = `
id: company
name: Example Company
issuer: https://id.example.com/realms/main
client_id: bongsu
`

func TestLeastFile(t *testing.T) {
	p, err := Parse([]byte(least))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Register || p.ExistingUsers || p.AskLocalpart || p.UserInfo || p.ClientAuth != "auto" || strings.Join(p.Scopes, " ") != "openid profile email" {
		t.Errorf("defaults: %+v", p)
	}
	claims := map[string]any{"preferred_username": "Alice", "name": "Alice A.", "email": "alice@example.com"}
	if p.Claims.Localpart(claims) != "Alice" || p.Claims.DisplayName(claims) != "Alice A." || p.Claims.Email(claims) != "alice@example.com" {
		t.Error("the standard claims are not used")
	}
}

func TestClaims(t *testing.T) {
	for _, c := range []struct {
		template string
		claims   map[string]any
		want     string
	}{
		{`{{localpart .email}}`, map[string]any{"email": "a.b@example.com"}, "a.b"},
		{`{{lower .name}}-{{.number}}`, map[string]any{"name": "Ä B", "number": 12}, "ä b-12"},
		{`{{.a.b}}`, map[string]any{"a": map[string]any{"b": "deep"}}, "deep"},
		{`{{.a.b}}`, map[string]any{"a": map[string]any{"b": nil}}, ""},
		{`{{.a}}`, map[string]any{"a": nil}, ""},
		{`{{.a}}`, nil, ""},
		{`{{.a}}`, map[string]any{"a": strings.Repeat("x", 300)}, ""},
		{`{{.a}}`, map[string]any{"a": "x\x00y"}, ""},
		{`{{.a}}`, map[string]any{"a": "  x  "}, "x"},
		{`{{if .a}}{{.a}}{{else}}none{{end}}`, map[string]any{"a": ""}, "none"},
	} {
		p, err := Parse([]byte(least + "claims: {localpart: '" + c.template + "'}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Claims.Localpart(c.claims); got != c.want {
			t.Errorf("%s with %v: %q, want %q", c.template, c.claims, got, c.want)
		}
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	for text, wants := range map[string][]string{
		"":              {"empty"},
		least + "x: 1":  {"field x not found"},
		"id: a b":       {"id:", "name:", "issuer:", "client_id:"},
		least + "x: [}": {"not a provider"},
		strings.Replace(least, "https://id", "http://id", 1):    {"issuer:", "not encrypted"},
		strings.Replace(least, "/realms/main", "?query=1", 1):   {"issuer:"},
		least + "icon: https://example.org/i.png":               {"icon:"},
		least + "brand: 9lives":                                 {"brand:"},
		least + "scopes: [profile]":                             {"scopes: openid is missing"},
		least + "scopes: [openid, \"a b\"]":                     {"scopes:"},
		least + "parameters: {state: x}":                        {"parameters: state"},
		least + "client_auth: jwt":                              {"client_auth:"},
		least + "claims: {email: '{{'}":                         {"claims.email:"},
		least + "claims: {email: '{{foo .x}}'}":                 {"claims.email:"},
		least + "client_secret_file: /nowhere/at/all":           {"client_secret_file:"},
		least + "client_secret: s3cret\nclient_secret_file: /x": {"one of the two"},
	} {
		_, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("%q was taken", text)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v; want %q", text, err, want)
			}
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v shows the secret", err)
		}
	}
}

func TestLoadAll(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", "from a file\n")
	first := write("first.yaml", least+"client_secret_file: "+secret)
	second := write("second.yaml", strings.Replace(least, "id: company", "id: other", 1)+"issuer_: 1")
	all, err := LoadAll([]string{first})
	if err != nil || len(all) != 1 || all[0].ClientSecret != "from a file" {
		t.Fatalf("%v %v", all, err)
	}
	_, err = LoadAll([]string{first, second, first})
	for _, want := range []string{"second.yaml: ", "id: " + first + " has the same"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// TestPageOfTheDocumentation holds the page for operators against the fields that there are, and its example against the reader.
func TestPageOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operate/single-sign-on.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "3. Describe the provider")
	var example strings.Builder
	for line := range strings.Lines(after) {
		if text, ok := strings.CutPrefix(line, "        "); ok {
			example.WriteString(text)
		} else if example.Len() > 0 {
			break
		}
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(example.String(), "/etc/bongsu/keycloak.secret", secret, 1)
	if p, err := Parse([]byte(text)); err != nil || p.ID != "keycloak" || p.ClientSecret != "x" {
		t.Errorf("the example: %v\n%s", err, text)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		for _, part := range strings.Split(cells[1], ",") {
			documented[strings.Trim(part, " `")] = true
		}
	}
	for _, name := range fieldNames(reflect.TypeFor[file](), "") {
		if !documented[name] {
			t.Errorf("%s is not documented", name)
		}
	}
}

func fieldNames(t reflect.Type, section string) (names []string) {
	for i := range t.NumField() {
		name := section + t.Field(i).Tag.Get("yaml")
		if t.Field(i).Type.Kind() == reflect.Struct {
			names = append(names, fieldNames(t.Field(i).Type, name+".")...)
			continue
		}
		names = append(names, name)
	}
	return names
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(least + "claims: {localpart: '{{range .}}{{.}}{{end}}'}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("client_secret_file")) {
			return // no reading of whatever file the fuzzer names
		}
		p, err := Parse(text)
		if err != nil {
			return
		}
		if p.ID == "" || p.Name == "" || p.Issuer == "" || p.ClientID == "" {
			t.Errorf("%q made %+v", text, p)
		}
		p.Claims.Localpart(map[string]any{"a": "b"})
	})
}
