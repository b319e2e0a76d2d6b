package clientapi

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// subscription is a body for POST /pushers/set as a browser makes it, and the keys in it.
func subscription(t *testing.T, pushURL string) (body, pushkey string) {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pushkey = base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
	return webPusher(pushkey, pushURL), pushkey
}

func webPusher(pushkey, pushURL string) string {
	return fmt.Sprintf(`{"kind":"webpush","lang":"en","app_display_name":"Web","device_display_name":"Browser","app_id":"web","pushkey":%q,`+
		`"data":{"url":%q,"auth":"AAAAAAAAAAAAAAAAAAAAAA"}}`, pushkey, pushURL)
}

func (s *testServer) pusher(t *testing.T, user string) store.Pusher {
	t.Helper()
	var found []store.Pusher
	err := s.api.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		found, err = tx.Pushers(t.Context(), user)
		return err
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %d pushers", err, len(found))
	}
	return found[0]
}

func TestWebPushersAreActivated(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		s.api.WebPushKey = "KEY"
		alice := s.user("alice")
		const set, ack, list = "/_matrix/client/v3/pushers/set", "/_matrix/client/v3/pushers/ack", "/_matrix/client/v3/pushers"
		if got := gjson.Get(alice.get("/_matrix/client/v3/capabilities").body, `capabilities.m\.webpush`).Raw; canonical(got) != canonical(`{"enabled":true,"vapid":"KEY"}`) {
			t.Errorf("capability %s", got)
		}
		alice.post(ack, `{"app_id":"web","ack_token":"x"}`).wantErrorIn(t, http.StatusNotFound, "M_NOT_FOUND")
		body, key := subscription(t, "https://push.example.org/1")
		if got := alice.post(set, body); got.status != http.StatusCreated || got.body != `{}` {
			t.Fatalf("%d %s", got.status, got.body)
		}
		activated := func() bool { return gjson.Get(alice.get(list).body, "pushers.0.activated").Bool() }
		if activated() {
			t.Error("a pusher is activated from the first")
		}
		alice.post(ack, `{"app_id":"web","ack_token":"x"}`).wantErrorIn(t, http.StatusBadRequest, "M_UNKNOWN_ACTIVATION_TOKEN")
		alice.post(ack, `{"app_id":"web","ack_token":"`+s.pusher(t, "@alice:example.org").AckToken+`"}`).want(`{}`)
		if !activated() {
			t.Error("a pusher is not activated")
		}
		if got := alice.post(set, body); got.status != http.StatusOK || !activated() {
			t.Errorf("the same again: %d", got.status)
		}
		if got := alice.post(set, webPusher(key, "https://push.example.org/2")); got.status != http.StatusCreated || activated() {
			t.Errorf("another address: %d", got.status)
		}
		p := s.pusher(t, "@alice:example.org")
		p.AckExpiresTS = 1
		if err := s.api.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.PutPusher(t.Context(), p) }); err != nil {
			t.Fatal(err)
		}
		alice.post(ack, `{"app_id":"web","ack_token":"`+p.AckToken+`"}`).wantErrorIn(t, http.StatusBadRequest, "M_EXPIRED_ACTIVATION_TOKEN")
	})
}

func TestWebPushersRefused(t *testing.T) {
	s := newTestServer(t, "")
	good, key := subscription(t, "https://push.example.org/1")
	s.user("alice").post("/_matrix/client/v3/pushers/set", good).wantErrorIn(t, http.StatusBadRequest, "M_INVALID_PARAM") // there is no key
	s.api.WebPushKey = "KEY"
	for body, code := range map[string]string{
		webPusher("k", "https://push.example.org/1"): "M_INVALID_PARAM",
		webPusher(key, "http://push.example.org/1"):  "M_INVALID_PARAM",
		`{"kind":"webpush","lang":"en","app_display_name":"a","device_display_name":"d","app_id":"a","pushkey":"k","data":{"url":"https://x/"}}`: "M_MISSING_PARAM",
	} {
		s.user("alice").post("/_matrix/client/v3/pushers/set", body).wantErrorIn(t, http.StatusBadRequest, code)
	}
}
