package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the endpoint's signature is HMAC-SHA1; existing tools make it
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// nonceLifetime is how long a tool may take from asking for a nonce to registering with it.
const nonceLifetime = time.Minute

// Sizes of the parts of a nonce.
const (
	nonceTime   = 8
	nonceRandom = 16
)

var (
	errNoSecret   = mxerr.New(http.StatusNotFound, mxerr.Unrecognized, "Unrecognized request")
	errWrongMAC   = mxerr.Forbiddenf("HMAC incorrect")
	errWrongNonce = mxerr.New(http.StatusBadRequest, mxerr.Unknown, "The nonce is not known, has expired or was used")
)

// SharedSecretRegistering is what a tool asks that knows the server's shared secret.
type SharedSecretRegistering struct {
	Registering
	Nonce       string
	Admin       bool
	UserType    string // empty, bot or support
	DisplayName string
	MAC         string // hexadecimal
}

// Nonce makes a nonce for one registration by shared secret. It is signed and carries its time, so that nothing is stored and every
// node knows it.
func (s *Service) Nonce() (string, error) {
	if s.SharedSecret == "" {
		return "", errNoSecret
	}
	b := make([]byte, nonceTime+nonceRandom)
	binary.BigEndian.PutUint64(b, uint64(s.nowMS()))
	_, _ = rand.Read(b[nonceTime:]) // never fails
	return hex.EncodeToString(append(b, s.nonceMAC(b)...)), nil
}

func (s *Service) nonceMAC(b []byte) []byte {
	mac := hmac.New(sha256.New, []byte("nonce "+s.SharedSecret))
	mac.Write(b)
	return mac.Sum(nil)
}

// nonceExpiry is when a nonce ends; false if it has ended or is not of this server.
func (s *Service) nonceExpiry(nonce string) (expires int64, ok bool) {
	b, err := hex.DecodeString(nonce)
	if err != nil || len(b) != nonceTime+nonceRandom+sha256.Size {
		return 0, false
	}
	text, mac := b[:nonceTime+nonceRandom], b[nonceTime+nonceRandom:]
	if !hmac.Equal(mac, s.nonceMAC(text)) {
		return 0, false
	}
	expires = int64(binary.BigEndian.Uint64(text)) + nonceLifetime.Milliseconds()
	return expires, s.nowMS() < expires
}

// RegisterBySecret makes an account for a tool that knows the shared secret, whatever the form of registration is.
func (s *Service) RegisterBySecret(ctx context.Context, r SharedSecretRegistering) (Login, error) {
	if s.SharedSecret == "" {
		return Login{}, errNoSecret
	}
	expires, ok := s.nonceExpiry(r.Nonce)
	if !ok {
		return Login{}, errWrongNonce
	}
	if !hmac.Equal([]byte(r.MAC), []byte(s.registrationMAC(r))) {
		return Login{}, errWrongMAC
	}
	u := store.User{Admin: r.Admin, Type: r.UserType}
	return s.createByAdmin(ctx, r.Registering, u, func(tx *store.Tx) error {
		err := tx.UseNonce(ctx, r.Nonce, expires)
		if errors.Is(err, store.ErrConflict) {
			return errWrongNonce
		}
		if err != nil || r.DisplayName == "" {
			return err
		}
		id, err := s.newUserID(r.Username)
		if err != nil {
			return err
		}
		name, err := json.Marshal(clip(r.DisplayName, maxCopied))
		if err != nil {
			return err
		}
		return tx.PutProfileField(ctx, id, store.ProfileField{Name: FieldDisplayName, Value: name})
	})
}

func (s *Service) registrationMAC(r SharedSecretRegistering) string {
	mac := hmac.New(sha1.New, []byte(s.SharedSecret))
	role := "notadmin"
	if r.Admin {
		role = "admin"
	}
	parts := []string{r.Nonce, r.Username, r.Password, role}
	if r.UserType != "" {
		parts = append(parts, r.UserType)
	}
	for i, p := range parts {
		if i > 0 {
			mac.Write([]byte{0})
		}
		mac.Write([]byte(p))
	}
	return hex.EncodeToString(mac.Sum(nil))
}
