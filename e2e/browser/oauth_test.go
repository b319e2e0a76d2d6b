package browser

import (
	"regexp"
	"testing"

	"bongsu.org/bongsu/e2e"
)

var printedToken = regexp.MustCompile(`registration token\s+(\S+)`)

// TestOAuthPages goes through the pages on which people create accounts, sign in, and let apps and devices in.
func TestOAuthPages(t *testing.T) {
	s := e2e.Start(t, e2e.Options{Registration: "token"})
	token := printedToken.FindStringSubmatch(s.Log())
	if token == nil {
		t.Fatalf("the server has printed no registration token:\n%s", s.Log())
	}
	drive(t, "oauth.test.js", s, "BONGSU_E2E_REGISTRATION_TOKEN="+token[1])
}
