package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const (
	alice = "@alice:example.org"
	bob   = "@bob:example.org"
)

// each runs a test with a service over each kind of database.
func each(t *testing.T, test func(t *testing.T, s *Service)) {
	testdb.Each(t, func(t *testing.T, url string) { test(t, newService(t, url)) })
}

func newService(t testing.TB, url string) *Service {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 3, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	s := New(Options{ServerName: "example.org", Store: st})
	t.Cleanup(s.Close)
	return s
}

// login makes users and devices, given as user, device, user, device …
func (s *Service) login(t testing.TB, pairs ...string) {
	t.Helper()
	err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
		for i := 0; i+1 < len(pairs); i += 2 {
			if _, err := tx.User(t.Context(), pairs[i]); err != nil {
				if err := tx.InsertUser(t.Context(), store.User{ID: pairs[i]}); err != nil {
					return err
				}
			}
			name := "the " + pairs[i+1]
			if err := tx.PutDevice(t.Context(), store.Device{UserID: pairs[i], ID: pairs[i+1], DisplayName: &name}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// key is an Ed25519 key pair of a test.
type key struct {
	private ed25519.PrivateKey
	public  string
}

func newKey(t *testing.T) key {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key{private, base64.RawStdEncoding.EncodeToString(public)}
}

// sign adds a signature by the key with the given name to a JSON object.
func (k key) sign(t *testing.T, user, name string, text json.RawMessage) json.RawMessage {
	t.Helper()
	out, err := gomatrixserverlib.SignJSON(user, gomatrixserverlib.KeyID("ed25519:"+name), k.private, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// device is the identity keys of a device.
func (k key) device(t *testing.T, user, device string) json.RawMessage {
	t.Helper()
	return k.sign(t, user, device, fmt.Appendf(nil, `{"user_id":%q,"device_id":%q,"algorithms":["m.olm.v1.curve25519-aes-sha2"],
		"keys":{"ed25519:%s":%q}}`, user, device, device, k.public))
}

// crossSigning is a cross-signing key, not signed.
func (k key) crossSigning(user, purpose string) json.RawMessage {
	return fmt.Appendf(nil, `{"user_id":%q,"usage":[%q],"keys":{"ed25519:%s":%q}}`, user, purpose, k.public, k.public)
}

// oneTime is n one-time keys, numbered from first.
func oneTime(first, n int) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for i := first; i < first+n; i++ {
		out[fmt.Sprintf("signed_curve25519:K%05d", i)] = fmt.Appendf(nil, `{"key":"key %d","signatures":{}}`, i)
	}
	return out
}
