package oauth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"bongsu.org/bongsu/internal/store"
)

// metaKey is where the database keeps the key that signs ID tokens. All nodes of a server sign with the same.
const metaKey = "oauth_signing_key"

// keyBits: OpenID Connect asks for RS256, and RFC 7518, 3.3, for keys of 2048 bits or more.
const keyBits = 2048

// signingKey signs ID tokens.
type signingKey struct {
	signer jose.Signer
	public jose.JSONWebKeySet
}

func loadKey(ctx context.Context, st *store.Store) (*signingKey, error) {
	der, err := st.OnceMeta(ctx, metaKey, newKey)
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs ID tokens: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs ID tokens: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("reading the key that signs ID tokens: it is not an RSA key")
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	id := hex.EncodeToString(sum[:8])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("setting up the key that signs ID tokens: %w", err)
	}
	return &signingKey{signer: signer, public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &key.PublicKey, KeyID: id, Algorithm: string(jose.RS256), Use: "sig"},
	}}}, nil
}

func newKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("making an RSA key: %w", err)
	}
	return x509.MarshalPKCS8PrivateKey(key)
}
