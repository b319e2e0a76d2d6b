package sso

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// keySize is that of AES-256.
const keySize = 32

// maxSealed bounds what is opened: more does not fit into a cookie.
const maxSealed = 8 << 10

// What is sealed, so that one thing cannot be given for another.
const (
	sealTicket = "ticket"
	sealHold   = "hold "
)

var errSealed = errors.New("not sealed here, altered, or expired")

// sealer seals what browsers keep for the server: they can neither read nor alter it, and it expires.
type sealer struct {
	aead cipher.AEAD
	time func() time.Time
}

func newSealer(key []byte, now func() time.Time) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("reading the key of single sign-on: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("reading the key of single sign-on: %w", err)
	}
	return sealer{aead, now}, nil
}

type sealed struct {
	Expires int64           `json:"e"`
	Value   json.RawMessage `json:"v"`
}

func (s sealer) seal(kind string, value any, lifetime time.Duration) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	plain, err := json.Marshal(sealed{s.time().Add(lifetime).Unix(), text})
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(kind))), nil
}

func (s sealer) open(kind, text string, value any) error {
	if len(text) > maxSealed {
		return errSealed
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return errSealed
	}
	nonce, body := raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, body, []byte(kind))
	if err != nil {
		return errSealed
	}
	var v sealed
	if err := json.Unmarshal(plain, &v); err != nil || s.time().Unix() >= v.Expires {
		return errSealed
	}
	return json.Unmarshal(v.Value, value)
}

// Hold seals something for a browser to keep between two pages, for a purpose of the caller's.
func (s *Service) Hold(purpose string, value any, lifetime time.Duration) (string, error) {
	return s.seal(sealHold+purpose, value, lifetime)
}

// Held opens what Hold has sealed for the same purpose; ErrTicket if it is not that, or has expired.
func (s *Service) Held(purpose, text string, value any) error {
	if err := s.open(sealHold+purpose, text, value); err != nil {
		return fmt.Errorf("%w: %w", ErrTicket, err)
	}
	return nil
}
