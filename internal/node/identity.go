package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// Where the database keeps who it belongs to.
const (
	metaServerName = "server_name"
	metaSigningKey = "signing_key"
)

// fixServerName writes the server's name into a new database, and refuses one that belongs to another server.
func fixServerName(ctx context.Context, st *store.Store, name string) error {
	fixed, err := st.OnceMeta(ctx, metaServerName, func() ([]byte, error) { return []byte(name), nil })
	if err != nil {
		return fmt.Errorf("reading the server's name: %w", err)
	}
	if string(fixed) != name {
		return fmt.Errorf("the database belongs to the server %s, and a server's name cannot be changed: start it with --server-name %s, "+
			"or give %s a database of its own", fixed, fixed, name)
	}
	return nil
}

// loadSigner reads the server's signing key, which is made at the first start. All nodes of a server sign with the same key.
func loadSigner(ctx context.Context, st *store.Store, serverName string) (*room.Signer, error) {
	line, err := st.OnceMeta(ctx, metaSigningKey, newSigningKey)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	id, key, err := parseSigningKey(string(line))
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	return &room.Signer{ServerName: serverName, KeyID: id, Key: key}, nil
}

// newSigningKey makes a key in the form that other servers' key files have: algorithm, version, seed in unpadded base64.
func newSigningKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	// The version tells this key from a later one. Appendices, "Signing Details": letters, digits and underscore.
	version := "a_" + rand.Text()[:4]
	return fmt.Appendf(nil, "ed25519 %s %s", version, base64.RawStdEncoding.EncodeToString(key.Seed())), nil
}

func parseSigningKey(line string) (id string, key ed25519.PrivateKey, err error) {
	parts := strings.Fields(line)
	if len(parts) != 3 || parts[0] != "ed25519" {
		return "", nil, errors.New("it is not of the form: ed25519 VERSION SEED")
	}
	seed, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil || len(seed) != ed25519.SeedSize {
		return "", nil, fmt.Errorf("its seed is not %d bytes in base64", ed25519.SeedSize)
	}
	return "ed25519:" + parts[1], ed25519.NewKeyFromSeed(seed), nil
}
