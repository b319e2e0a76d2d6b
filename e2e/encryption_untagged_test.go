//go:build !goolm

package e2e

import "testing"

// mautrix-go's own Olm needs a build tag; without it there would be no test of encryption.
func TestEncryption(t *testing.T) {
	t.Fatal("run the tests with the build tag goolm: go test -tags goolm ./e2e/...")
}
