//go:build !goolm

package e2e

import (
	"testing"

	"bongsu.org/bongsu/e2e"
)

// mautrix-go's own Olm needs a build tag; without it nobody would read the browsers' messages but browsers.
func startPhone(t *testing.T, _ *e2e.Server) string {
	t.Helper()
	t.Fatal("run the tests with the build tag goolm: go test -tags goolm ./web/e2e")
	return ""
}
