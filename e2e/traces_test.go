package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// forms are the ways in which a secret of ASCII text may stand somewhere: as it is, in either case, as UTF-16, in base64 of either
// alphabet with anything before it, in hexadecimal; and the base64 in hexadecimal once more, as dumps have it.
func forms(secret string) map[string][]byte {
	out := map[string][]byte{"as it is": []byte(secret), "in lower case": []byte(strings.ToLower(secret))}
	var le, be []byte
	for _, u := range utf16.Encode([]rune(secret)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	out["in UTF-16, little end first"], out["in UTF-16, big end first"] = le, be
	for shift := range 3 {
		// Of what precedes the secret only its length counts; the characters on its edges are shared with what is beside it.
		shifted := append(make([]byte, shift), secret...)
		from, to := (shift*8+5)/6, len(shifted)*8/6
		out[fmt.Sprintf("in base64, shifted by %d", shift)] = []byte(base64.RawStdEncoding.EncodeToString(shifted)[from:to])
		out[fmt.Sprintf("in base64 for URLs, shifted by %d", shift)] = []byte(base64.RawURLEncoding.EncodeToString(shifted)[from:to])
	}
	for name, form := range maps.Clone(out) {
		text := hex.EncodeToString(form)
		out[name+", in hexadecimal"], out[name+", in capital hexadecimal"] = []byte(text), []byte(strings.ToUpper(text))
	}
	return out
}

// place is somewhere that a server keeps something.
type place struct {
	name string
	data []byte
}

// traces tells where which of the secrets is found, and in which form.
func traces(places []place, secrets map[string]string) []string {
	var found []string
	for what, secret := range secrets {
		for how, form := range forms(secret) {
			for _, p := range places {
				if bytes.Contains(p.data, form) {
					found = append(found, fmt.Sprintf("%s: %s, %s", p.name, what, how))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestTracesAreFoundInEveryForm(t *testing.T) {
	const secret = "Beacon-5hills-kept-secret"
	secrets := map[string]string{"the secret": secret}
	if got := traces([]place{{"elsewhere", []byte("Beacon-5hills-kept-secre and Beacon-5hills")}}, secrets); len(got) > 0 {
		t.Errorf("found where it is not: %v", got)
	}
	for how, form := range forms(secret) {
		if got := traces([]place{{"here", slices.Concat([]byte("before "), form, []byte(" after"))}}, secrets); len(got) == 0 {
			t.Errorf("%s it is not found", how)
		}
	}
	for _, before := range []string{"", "x", "xy", "xyz", "Grüße "} {
		for _, after := range []string{"", "x", "xy", "xyz"} {
			text := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
			for _, data := range []string{text, hex.EncodeToString([]byte(text))} {
				if len(traces([]place{{"here", []byte(data)}}, secrets)) == 0 {
					t.Errorf("in base64 between %q and %q it is not found", before, after)
				}
			}
		}
	}
}
