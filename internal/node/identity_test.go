package node

import (
	"crypto/ed25519"
	"regexp"
	"strings"
	"testing"
)

func TestSigningKeysAreReadBack(t *testing.T) {
	line, err := newSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	id, key, err := parseSigningKey(string(line))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^ed25519:a_[A-Z2-7]{4}$`).MatchString(id) || len(key) != ed25519.PrivateKeySize {
		t.Errorf("id %s, %d bytes", id, len(key))
	}
}

func TestWrongSigningKeysAreRefused(t *testing.T) {
	for _, line := range []string{"", "ed25519 a_1", "rsa a_1 AAAA", "ed25519 a_1 AAAA", "ed25519 a_1 !", "ed25519 a_1 " + strings.Repeat("A", 43) + " x"} {
		if _, _, err := parseSigningKey(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
