package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"bongsu.org/bongsu/internal/mxerr"
)

// signatures is the signatures of a key: by signer and the full name of the signing key.
type signatures map[string]map[string]string

// object is a key as a client uploads it.
type object struct {
	UserID     string            `json:"user_id"`
	DeviceID   string            `json:"device_id"`
	Algorithms []string          `json:"algorithms"`
	Usage      []string          `json:"usage"`
	Keys       map[string]string `json:"keys"`
	Signatures signatures        `json:"signatures"`
}

// parse reads a key. what names it in errors.
func parse(what string, text json.RawMessage) (object, error) {
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		return o, mxerr.BadJSONf("%s does not have the right form", what)
	}
	if len(o.Keys) == 0 {
		return o, mxerr.InvalidParamf("%s has no keys", what)
	}
	return o, nil
}

// tidy is a key as it is stored: without white space and "unsigned".
func tidy(text json.RawMessage) ([]byte, error) {
	out, err := sjson.DeleteBytes(bytes.Clone(text), "unsigned")
	if err != nil {
		return nil, fmt.Errorf("removing unsigned: %w", err)
	}
	var buf bytes.Buffer
	if err := json.Compact(&buf, out); err != nil {
		return nil, fmt.Errorf("compacting a key: %w", err)
	}
	return buf.Bytes(), nil
}

// essence is what makes two uploads the same key: the canonical form without signatures and "unsigned" (Appendices, "Signing JSON").
func essence(text []byte) []byte {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return trimmed
	}
	out := bytes.Clone(trimmed)
	for _, field := range []string{"signatures", "unsigned"} {
		less, err := sjson.DeleteBytes(out, field)
		if err != nil {
			return trimmed
		}
		out = less
	}
	canonical, err := gomatrixserverlib.CanonicalJSON(out)
	if err != nil {
		return trimmed
	}
	return canonical
}

func sameKey(a, b []byte) bool { return bytes.Equal(essence(a), essence(b)) }

func hashKey(text []byte) []byte {
	sum := sha256.Sum256(essence(text))
	return sum[:16]
}

// publicKey decodes an Ed25519 key; nil if it is none.
func publicKey(encoded string) ed25519.PublicKey {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil
	}
	return raw
}

// signed tells whether a key carries a signature by a user's key that is right.
func signed(text []byte, signer, keyID, public string) bool {
	key := publicKey(public)
	return key != nil && gomatrixserverlib.VerifyJSON(signer, gomatrixserverlib.KeyID(keyID), key, text) == nil
}

// withSignatures adds signatures to a stored key.
func withSignatures(text []byte, more signatures) ([]byte, error) {
	if len(more) == 0 {
		return text, nil
	}
	all := signatures{}
	if old := gjson.GetBytes(text, "signatures"); old.IsObject() {
		if err := json.Unmarshal([]byte(old.Raw), &all); err != nil {
			return nil, fmt.Errorf("reading the signatures of a stored key: %w", err)
		}
	}
	for signer, keys := range more {
		if all[signer] == nil {
			all[signer] = map[string]string{}
		}
		for id, sig := range keys {
			all[signer][id] = sig
		}
	}
	return sjson.SetBytes(bytes.Clone(text), "signatures", all)
}

// withName adds a device's display name to its keys (Client-Server API, POST /keys/query: unsigned).
func withName(text []byte, name string) ([]byte, error) {
	return sjson.SetBytes(bytes.Clone(text), "unsigned.device_display_name", name)
}
