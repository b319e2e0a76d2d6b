package room

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matrix-org/gomatrixserverlib"
)

// ServerKeys publishes the key that events are signed with, signed with itself (Server-Server API, "Publishing Keys").
func (e *Engine) ServerKeys(validUntil time.Time) ([]byte, error) {
	return e.signer.published(validUntil)
}

type verifyKey struct {
	Key string `json:"key"`
}

type serverKeys struct {
	ServerName string               `json:"server_name"`
	Keys       map[string]verifyKey `json:"verify_keys"`
	OldKeys    struct{}             `json:"old_verify_keys"`
	ValidUntil int64                `json:"valid_until_ts"`
}

func (s *Signer) published(validUntil time.Time) ([]byte, error) {
	public, ok := s.Key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("publishing the key %s: it is not an Ed25519 key", s.KeyID)
	}
	text, err := json.Marshal(serverKeys{
		ServerName: s.ServerName, ValidUntil: validUntil.UnixMilli(),
		Keys: map[string]verifyKey{s.KeyID: {base64.RawStdEncoding.EncodeToString(public)}},
	})
	if err != nil {
		return nil, fmt.Errorf("publishing the key %s: %w", s.KeyID, err)
	}
	signed, err := gomatrixserverlib.SignJSON(s.ServerName, gomatrixserverlib.KeyID(s.KeyID), s.Key, text)
	if err != nil {
		return nil, fmt.Errorf("publishing the key %s: %w", s.KeyID, err)
	}
	return signed, nil
}
