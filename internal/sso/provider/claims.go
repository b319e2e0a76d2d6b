package provider

import (
	"bytes"
	"errors"
	"strings"
	"text/template"
	"unicode/utf8"
)

// Claims make what the server needs to know of a person out of the claims of a provider.
type Claims struct{ localpart, displayName, email *template.Template }

// defaultClaims are the standard claims of OpenID Connect Core, 5.1.
var defaultClaims = map[string]string{
	"claims.localpart":    `{{.preferred_username}}`,
	"claims.display_name": `{{.name}}`,
	"claims.email":        `{{.email}}`,
}

// claimFunctions are what templates may call besides what Go's templates have.
var claimFunctions = template.FuncMap{
	// localpart is what stands before the @ of an e-mail address.
	"localpart": func(address string) string { before, _, _ := strings.Cut(address, "@"); return before },
	"lower":     strings.ToLower,
}

func (c *checker) claims(f file) Claims {
	return Claims{
		localpart:   c.template("claims.localpart", f.Claims.Localpart),
		displayName: c.template("claims.display_name", f.Claims.DisplayName),
		email:       c.template("claims.email", f.Claims.Email),
	}
}

func (c *checker) template(field, text string) *template.Template {
	if text == "" {
		text = defaultClaims[field]
	}
	t, err := template.New(field).Option("missingkey=error").Funcs(claimFunctions).Parse(text)
	if err != nil {
		c.wrong(field, "%q is not a template: %v", text, err)
		return nil
	}
	return t
}

// Localpart is the name that a person would have here; empty if the claims give none.
func (c Claims) Localpart(claims map[string]any) string { return fill(c.localpart, claims) }

// DisplayName is what others would see; empty if the claims give none.
func (c Claims) DisplayName(claims map[string]any) string { return fill(c.displayName, claims) }

// Email is the person's address; empty if the claims give none.
func (c Claims) Email(claims map[string]any) string { return fill(c.email, claims) }

// fill is what a template makes of claims. Claims that it needs and that are not there make nothing, and so does too long a text.
func fill(t *template.Template, claims map[string]any) string {
	out := &bounded{}
	if err := t.Execute(out, withoutNull(claims)); err != nil {
		return ""
	}
	text := strings.TrimSpace(out.String())
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return text
}

// withoutNull leaves out claims that are null, which are as good as missing.
func withoutNull(claims map[string]any) map[string]any {
	out := make(map[string]any, len(claims))
	for name, value := range claims {
		switch v := value.(type) {
		case nil:
		case map[string]any:
			out[name] = withoutNull(v)
		default:
			out[name] = v
		}
	}
	return out
}

var errTooLong = errors.New("longer than a claim may be")

// bounded takes at most maxText bytes.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}
