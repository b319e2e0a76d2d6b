package clientapi

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
	bsync "bongsu.org/bongsu/internal/sync"
	"bongsu.org/bongsu/internal/testdb"
)

// newKeyServer is newRoomServer with keys, and with /sync following what the rooms commit.
func newKeyServer(t *testing.T, url string) *testServer {
	t.Helper()
	s := newTestServer(t, url)
	log := slog.New(slog.DiscardHandler)
	s.api.Keys = keys.New(keys.Options{ServerName: "example.org", Store: s.api.Store, Log: log})
	t.Cleanup(s.api.Keys.Close)
	s.api.Reader = room.NewReader(s.api.Store)
	var err error
	if s.api.Sync, err = bsync.New(t.Context(), bsync.Options{Store: s.api.Store, Rooms: s.api.Reader, NodeID: "n", Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.api.Sync.Close)
	typing, err := ephemeral.NewTyping(bus.NewLocal(), log, s.api.Sync.TypingChanged)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(typing.Close)
	s.api.Sync.SetEphemeral(typing, nil)
	s.api.Rooms, err = room.NewEngine(room.Options{
		Store: s.api.Store, Signer: &room.Signer{ServerName: "example.org", KeyID: "ed25519:1", Key: ed25519.NewKeyFromSeed(make([]byte, 32))},
		DefaultVersion: "12", Committed: s.api.Sync.Committed, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const deviceKeysJSON = `{"user_id":"@alice:example.org","device_id":"DEVICE","algorithms":["m.olm.v1.curve25519-aes-sha2"],
	"keys":{"ed25519:DEVICE":"abc"},"signatures":{"@alice:example.org":{"ed25519:DEVICE":"xyz"}},"unsigned":{"x":1}}`

func TestKeysOverHTTP(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newKeyServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		alice.post(v3+"/keys/upload", `{}`).want(`{"one_time_key_counts":{}}`)
		alice.post(v3+"/keys/upload", `{"device_keys":`+deviceKeysJSON+`,"one_time_keys":{"signed_curve25519:a":{"key":"k"}}}`).
			want(`{"one_time_key_counts":{"signed_curve25519":1}}`)
		alice.post(v3+"/keys/upload", `{"one_time_keys":{"signed_curve25519:a":{"key":"other"}}}`).wantError(400, mxerr.InvalidParam)
		alice.post(v3+"/keys/upload", `{"device_keys":7}`).wantError(400, mxerr.BadJSON)

		bob.post(v3+"/keys/query", `{"device_keys":{"@alice:example.org":[],"@nobody:example.org":[],"@x:elsewhere.org":[]}}`).want(
			`{"device_keys":{"@alice:example.org":{"DEVICE":{"user_id":"@alice:example.org","device_id":"DEVICE",
			"algorithms":["m.olm.v1.curve25519-aes-sha2"],"keys":{"ed25519:DEVICE":"abc"},
			"signatures":{"@alice:example.org":{"ed25519:DEVICE":"xyz"}}}}},
			"master_keys":{},"self_signing_keys":{},"user_signing_keys":{},"failures":{"elsewhere.org":{}}}`)
		bob.post(v3+"/keys/query", `{}`).wantError(400, mxerr.MissingParam)
		bob.post(v3+"/keys/query", `{"device_keys":{"@alice:example.org":"DEVICE"}}`).wantError(400, mxerr.BadJSON)

		claim := `{"one_time_keys":{"@alice:example.org":{"DEVICE":"signed_curve25519"}}}`
		bob.post(v3+"/keys/claim", claim).
			want(`{"one_time_keys":{"@alice:example.org":{"DEVICE":{"signed_curve25519:a":{"key":"k"}}}},"failures":{}}`)
		bob.post(v3+"/keys/claim", claim).want(`{"one_time_keys":{},"failures":{}}`)
		bob.post(v3+"/keys/claim", `{}`).wantError(400, mxerr.MissingParam)

		bob.get(v3+"/keys/changes?from=x").wantError(400, mxerr.MissingParam)
		bob.get(v3+"/keys/changes?from=x&to=y").wantError(400, mxerr.InvalidParam)
		token := bob.get(v3 + "/sync").field("next_batch")
		bob.get(v3 + "/keys/changes?from=" + token + "&to=" + token).want(`{"changed":[],"left":[]}`)
	})
}

func TestToDeviceOverHTTP(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newKeyServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		send := `{"messages":{"@bob:example.org":{"*":{"hello":"<you>"}}}}`
		for range 2 {
			alice.put(v3+"/sendToDevice/m.test/1", send).want(`{}`)
		}
		alice.put(v3+"/sendToDevice/m.test/2", `{}`).wantError(400, mxerr.MissingParam)
		alice.put(v3+"/sendToDevice/m.test/2", `{"messages":{"@bob:example.org":{"DEVICE":7}}}`).wantError(400, mxerr.BadJSON)
		first := bob.get(v3 + "/sync")
		if got := canonical(first.field("to_device")); got != canonical(
			`{"events":[{"type":"m.test","sender":"@alice:example.org","content":{"hello":"<you>"}}]}`) {
			t.Errorf("bob got %s", got)
		}
		again := bob.get(v3 + "/sync?since=" + first.field("next_batch"))
		if again.field("to_device") != "" || again.field("device_unused_fallback_key_types") != "[]" ||
			again.field("device_one_time_keys_count.signed_curve25519") != "0" {
			t.Errorf("bob got %s", again.body)
		}
	})
}

// masterKeyJSON is a master key of a number.
func masterKeyJSON(n int) string {
	public := fmt.Sprintf("%042dA", n)
	return fmt.Sprintf(`{"master_key":{"user_id":"@alice:example.org","usage":["master"],"keys":{"ed25519:%s":"%s"}}%%s}`, public, public)
}

func TestCrossSigningAsksForThePassword(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newKeyServer(t, url)
		alice := s.user("alice")
		if err := s.api.Accounts.SetPassword(t.Context(), "@alice:example.org", "correct horse battery staple"); err != nil {
			t.Fatal(err)
		}
		delete(s.users, "alice")
		login := alice.post(v3+"/login", `{"type":"m.login.password","identifier":{"type":"m.id.user","user":"alice"},
			"password":"correct horse battery staple"}`)
		alice.token = login.field("access_token")
		path := v3 + "/keys/device_signing/upload"
		alice.post(path, fmt.Sprintf(masterKeyJSON(1), "")).want(`{}`)
		alice.post(path, fmt.Sprintf(masterKeyJSON(1), "")).want(`{}`)
		challenge := alice.post(path, fmt.Sprintf(masterKeyJSON(2), ""))
		if challenge.status != 401 {
			t.Fatalf("another key: %d %s", challenge.status, challenge.body)
		}
		auth := fmt.Sprintf(`,"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"alice"},
			"password":"correct horse battery staple","session":%q}`, gjson.Get(challenge.body, "session").Str)
		alice.post(path, fmt.Sprintf(masterKeyJSON(2), auth)).want(`{}`)
		alice.post(path, `{"self_signing_key":{"user_id":"@alice:example.org","usage":["self_signing"],
			"keys":{"ed25519:`+fmt.Sprintf("%042dA", 3)+`":"`+fmt.Sprintf("%042dA", 3)+`"}}}`).wantError(400, mxerr.InvalidSignature)
		alice.post(v3+"/keys/signatures/upload", `{"@bob:example.org":{"x":{"keys":{"a":"b"},"signatures":{}}}}`).
			want(`{"failures":{"@bob:example.org":{"x":{"errcode":"M_NOT_FOUND","error":"There is no such key"}}}}`)
		alice.post(v3+"/keys/signatures/upload", `[]`).wantError(400, mxerr.BadJSON)
	})
}

func TestKeyBackupOverHTTP(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newKeyServer(t, url)
		alice := s.user("alice")
		const (
			versions = v3 + "/room_keys/version"
			stored   = v3 + "/room_keys/keys"
			key      = `{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"c":"<x>"}}`
		)
		alice.get(versions).wantError(404, mxerr.NotFound)
		alice.post(versions, `{"algorithm":"a"}`).wantError(400, mxerr.MissingParam)
		alice.put(stored+"/!r/s?version=1", key).wantError(404, mxerr.NotFound)
		alice.post(versions, `{"algorithm":"a","auth_data":{"x":1}}`).want(`{"version":"1"}`)
		alice.get(stored + "?version=1").want(`{"rooms":{}}`)
		alice.get(stored + "/!r?version=1").want(`{"sessions":{}}`)
		alice.get(stored+"/!r/s?version=1").wantError(404, mxerr.NotFound)
		alice.get(stored).wantError(400, mxerr.MissingParam)

		alice.put(stored+"/!r/s?version=1", key).want(`{"etag":"1","count":1}`)
		alice.put(stored+"/!r?version=1", `{"sessions":{"s":`+key+`,"t":`+key+`}}`).want(`{"etag":"2","count":2}`)
		alice.put(stored+"?version=1", `{"rooms":{"!q":{"sessions":{"s":`+key+`}},"!r":{"sessions":{}}}}`).want(`{"etag":"3","count":3}`)
		alice.put(stored+"?version=1", `{"rooms":{"!q":{"sessions":{"s":{}}}}}`).wantError(400, mxerr.MissingParam)
		alice.put(stored+"?version=1", `{"rooms":{"!q":{}}}`).wantError(400, mxerr.MissingParam)
		alice.get(stored + "/!r/s?version=1").want(key)
		alice.get(stored + "/!r?version=1").want(`{"sessions":{"s":` + key + `,"t":` + key + `}}`)
		alice.get(stored + "?version=1").
			want(`{"rooms":{"!q":{"sessions":{"s":` + key + `}},"!r":{"sessions":{"s":` + key + `,"t":` + key + `}}}}`)
		alice.get(versions).want(`{"algorithm":"a","auth_data":{"x":1},"count":3,"etag":"3","version":"1"}`)

		alice.put(versions+"/1", `{"algorithm":"a","auth_data":{"x":2},"version":"1"}`).want(`{}`)
		alice.put(versions+"/1", `{"algorithm":"b","auth_data":{"x":2}}`).wantError(400, mxerr.InvalidParam)
		alice.put(versions+"/7", `{"algorithm":"a","auth_data":{"x":2}}`).wantError(404, mxerr.NotFound)
		alice.get(versions + "/1").want(`{"algorithm":"a","auth_data":{"x":2},"count":3,"etag":"3","version":"1"}`)

		alice.post(versions, `{"algorithm":"a","auth_data":{}}`).want(`{"version":"2"}`)
		wrong := alice.put(stored+"/!r/s?version=1", key)
		wrong.wantError(403, mxerr.WrongRoomKeysVersion)
		if gjson.Get(wrong.body, "current_version").Str != "2" {
			t.Errorf("%s", wrong.body)
		}
		alice.delete(stored + "/!r/s?version=1").want(`{"etag":"4","count":2}`)
		alice.delete(stored + "/!r?version=1").want(`{"etag":"5","count":1}`)
		alice.delete(stored + "?version=1").want(`{"etag":"6","count":0}`)
		alice.delete(stored+"?version=9").wantError(404, mxerr.NotFound)
		alice.delete(versions + "/1").want(`{}`)
		alice.delete(versions + "/1").want(`{}`)
		alice.delete(versions+"/9").wantError(404, mxerr.NotFound)
		alice.get(stored+"?version=1").wantError(404, mxerr.NotFound)
		s.user("bob").get(versions+"/2").wantError(404, mxerr.NotFound)
	})
}
