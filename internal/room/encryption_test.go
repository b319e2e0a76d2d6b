package room

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const encryptor = "@a:example.org"

// encryptionOf is the content of a room's m.room.encryption, empty if there is none, and its events' number.
func encryptionOf(tb testing.TB, e *Engine, roomID string) (content string, events int) {
	tb.Helper()
	err := e.store.Read(tb.Context(), func(tx *store.Tx) error {
		r, err := tx.RoomByID(tb.Context(), roomID)
		if err != nil {
			return err
		}
		state, err := tx.StateAtWithoutMembers(tb.Context(), r.Num, store.Latest)
		if err != nil {
			return err
		}
		for _, ev := range state {
			if ev.Type == typeEncryption && *ev.StateKey == "" {
				content = string(ev.Content())
				if want := gjson.Get(content, "algorithm").Str; r.Encryption != want {
					tb.Errorf("the room's row says %q, its state %q", r.Encryption, want)
				}
				events++
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return content, events
}

func TestEncryptedByDefault(t *testing.T) {
	const isMegolm = `{"algorithm":"m.megolm.v1.aes-sha2"}`
	own := []StateEvent{{Type: typeEncryption, Content: json.RawMessage(`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_msgs":7}`)}}
	cases := []struct {
		name               string
		req                CreateRequest
		private, all, none string
	}{
		{"a private chat", CreateRequest{Preset: presetPrivate}, isMegolm, isMegolm, ""},
		{"a trusted private chat", CreateRequest{Preset: presetTrusted}, isMegolm, isMegolm, ""},
		{"no preset", CreateRequest{}, isMegolm, isMegolm, ""},
		{"listed, without a preset", CreateRequest{Public: true}, "", isMegolm, ""},
		{"a public chat", CreateRequest{Preset: presetPublic}, "", isMegolm, ""},
		{"a space", CreateRequest{CreationContent: json.RawMessage(`{"type":"m.space"}`)}, "", "", ""},
		{"its own encryption", CreateRequest{InitialState: own}, string(own[0].Content), string(own[0].Content), string(own[0].Content)},
	}
	for _, which := range []Encryption{EncryptPrivate, EncryptAll, EncryptNone} {
		e, _ := newTestEngine(t, "")
		e.encryption = which
		for _, c := range cases {
			c.req.Creator = encryptor
			want := map[Encryption]string{EncryptPrivate: c.private, EncryptAll: c.all, EncryptNone: c.none}[which]
			id, err := e.Create(t.Context(), c.req)
			if err != nil {
				t.Fatal(err)
			}
			got, events := encryptionOf(t, e, id)
			if got != want || events > 1 {
				t.Errorf("%s with %s: %d events, %s, want %s", c.name, which, events, got, want)
			}
		}
	}
}

func TestEncryptionIsNotTakenBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, _ := newTestEngine(t, url)
		id, err := e.Create(t.Context(), CreateRequest{Creator: encryptor, RoomVersion: "10"})
		if err != nil {
			t.Fatal(err)
		}
		put := func(content string) (string, error) {
			key := ""
			return e.Send(t.Context(), SendRequest{RoomID: id, Sender: encryptor, Type: typeEncryption, StateKey: &key, Content: []byte(content)})
		}
		steps := []struct {
			content string
			refused string
		}{
			{`{}`, mxerr.BadJSON},
			{`{"algorithm":1}`, mxerr.BadJSON},
			{`{"algorithm":""}`, mxerr.BadJSON},
			{`{"algorithm":null}`, mxerr.BadJSON},
			{`{"algorithm":"m.megolm.v1.aes-sha2","algorithm":7}`, mxerr.BadJSON},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_ms":"soon"}`, mxerr.BadJSON},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_msgs":0}`, mxerr.BadJSON},
			{`{"algorithm":"m.megolm.v1.aes-sha2"}`, ""},
			{`{}`, mxerr.BadJSON},
			{`{"algorithm":["m.megolm.v1.aes-sha2"]}`, mxerr.BadJSON},
			{`{"algorithm":"none"}`, mxerr.Forbidden},
			{`{"algorithm":"m.megolm.v1.aes-sha2 "}`, mxerr.Forbidden},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_msgs":1000000}`, mxerr.Forbidden},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_ms":604800001}`, mxerr.Forbidden},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_msgs":10,"rotation_period_ms":3600000}`, ""},
			{`{"algorithm":"m.megolm.v1.aes-sha2"}`, mxerr.Forbidden},
			{`{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_msgs":5,"rotation_period_ms":3600000,"org.example.note":"x"}`, ""},
		}
		var event string
		for _, s := range steps {
			got, err := put(s.content)
			if s.refused == "" && err != nil || s.refused != "" && !mxerr.HasCode(err, s.refused) {
				t.Errorf("%s: %v, want %s", s.content, err, s.refused)
			}
			if got != "" {
				event = got
			}
		}
		if _, err := e.Redact(t.Context(), RedactRequest{RoomID: id, Target: event, Sender: encryptor}); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Errorf("redacted: %v", err)
		}
		want, _ := encryptionOf(t, e, id)
		if !strings.Contains(want, "org.example.note") {
			t.Errorf("the encryption is %s", want)
		}
		// Under another state key it says nothing of the room.
		key := "elsewhere"
		_, err = e.Send(t.Context(), SendRequest{RoomID: id, Sender: encryptor, Type: typeEncryption, StateKey: &key, Content: []byte(`{}`)})
		if err != nil {
			t.Errorf("with a state key: %v", err)
		}
		if got, _ := encryptionOf(t, e, id); got != want {
			t.Errorf("the encryption is %s", got)
		}
		for _, version := range []string{"11", "12"} {
			next, err := e.Upgrade(t.Context(), id, encryptor, version, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := encryptionOf(t, e, next); got != want {
				t.Errorf("after an upgrade to %s the encryption is %s", version, got)
			}
			id = next
		}
	})
}

func TestUpgradeDoesNotEncrypt(t *testing.T) {
	e, _ := newTestEngine(t, "")
	e.encryption = EncryptAll
	id, err := e.Create(t.Context(), CreateRequest{Creator: encryptor, NoDefaultEncryption: true})
	if err != nil {
		t.Fatal(err)
	}
	next, err := e.Upgrade(t.Context(), id, encryptor, "12", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, events := encryptionOf(t, e, next); events != 0 {
		t.Errorf("an upgrade encrypted a room that was not: %s", got)
	}
}

func TestNewRoomRefusesBrokenEncryption(t *testing.T) {
	e, _ := newTestEngine(t, "")
	e.encryption = EncryptPrivate
	for _, content := range []string{`{}`, `{"algorithm":{}}`} {
		state := []StateEvent{{Type: typeEncryption, Content: json.RawMessage(content)}}
		if _, err := e.Create(t.Context(), CreateRequest{Creator: encryptor, InitialState: state}); !mxerr.HasCode(err, mxerr.BadJSON) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

// Whatever is sent to an encrypted room, its algorithm stays and its keys are not renewed less often.
func TestEncryptionOnlyGrows(t *testing.T) {
	e, _ := newTestEngine(t, "")
	e.encryption = EncryptPrivate
	value := rapid.SampledFrom([]string{`"m.megolm.v1.aes-sha2"`, `"other"`, `""`, `1`, `null`, `{}`, `true`, `50`, `99`, `100`, `1e3`, `-1`, `"7"`})
	key := rapid.SampledFrom([]string{`algorithm`, `\u0061lgorithm`, `rotation_period_ms`, `rotation_period_msgs`, `other`})
	rapid.Check(t, func(t *rapid.T) {
		id, err := e.Create(t.Context(), CreateRequest{Creator: encryptor})
		if err != nil {
			t.Fatal(err)
		}
		last := encryption{megolm, defaultRotationMS, defaultRotationMessages}
		for range rapid.IntRange(1, 6).Draw(t, "events") {
			fields := []string{`"algorithm":"m.megolm.v1.aes-sha2"`}[rapid.IntRange(0, 1).Draw(t, "without"):]
			for range rapid.IntRange(0, 3).Draw(t, "fields") {
				fields = append(fields, fmt.Sprintf(`"%s":%s`, key.Draw(t, "key"), value.Draw(t, "value")))
			}
			none := ""
			_, sendErr := e.Send(t.Context(), SendRequest{
				RoomID: id, Sender: encryptor, Type: typeEncryption, StateKey: &none, Content: []byte("{" + strings.Join(fields, ",") + "}"),
			})
			var now struct {
				Algorithm string `json:"algorithm"`
				MS        *int64 `json:"rotation_period_ms"`
				Messages  *int64 `json:"rotation_period_msgs"`
			}
			err := e.store.Read(t.Context(), func(tx *store.Tx) error {
				r, err := tx.RoomByID(t.Context(), id)
				if err != nil {
					return err
				}
				ev, err := tx.StateEventAt(t.Context(), r.Num, store.StateKey{Type: typeEncryption}, store.Latest)
				if err != nil {
					return err
				}
				return json.Unmarshal(ev.Content(), &now)
			})
			if err != nil {
				t.Fatal(err)
			}
			got := encryption{now.Algorithm, defaultRotationMS, defaultRotationMessages}
			if now.MS != nil {
				got.everyMS = *now.MS
			}
			if now.Messages != nil {
				got.everyMessages = *now.Messages
			}
			if got.Algorithm != megolm || got.everyMS > last.everyMS || got.everyMessages > last.everyMessages {
				t.Fatalf("%v became %v (%v)", last, got, sendErr)
			}
			last = got
		}
	})
}
