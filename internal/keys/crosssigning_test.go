package keys

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// identity is a user's cross-signing keys.
type identity struct {
	user                string
	master, self, user2 key
}

func newIdentity(t *testing.T, user string) identity {
	return identity{user, newKey(t), newKey(t), newKey(t)}
}

func (i identity) upload(t *testing.T) CrossSigning {
	return CrossSigning{
		Master:      i.master.crossSigning(i.user, master),
		SelfSigning: i.master.sign(t, i.user, i.master.public, i.self.crossSigning(i.user, selfSigning)),
		UserSigning: i.master.sign(t, i.user, i.master.public, i.user2.crossSigning(i.user, userSigning)),
	}
}

// publish publishes a user's first keys.
func (i identity) publish(t *testing.T, s *Service) {
	t.Helper()
	if err := s.UploadCrossSigning(t.Context(), i.user, i.upload(t), false); err != nil {
		t.Fatal(err)
	}
}

// listPos is the position of the newest change of a user's devices that a viewer alone sees (or all do).
func (s *Service) listPos(t *testing.T, user, seenBy string) (pos store.Pos) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		for lane := range s.Store.Lanes() {
			b, err := tx.LaneBatch(t.Context(), lane, store.MakePos(lane, 0), 1<<40)
			if err != nil {
				return err
			}
			for _, c := range b.DeviceChanges {
				if c.UserID == user && c.SeenBy == seenBy {
					pos = c.Pos
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pos
}

func (s *Service) query(t *testing.T, viewer, user string) Found {
	t.Helper()
	found, err := s.Query(t.Context(), viewer, map[string][]string{user: nil})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFirstCrossSigningKeysNeedNoAuthentication(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		a := newIdentity(t, alice)
		a.publish(t, s)
		pos := s.listPos(t, alice, "")
		if pos == 0 {
			t.Error("nobody is told")
		}
		if err := s.UploadCrossSigning(t.Context(), alice, a.upload(t), false); err != nil {
			t.Errorf("the same keys again: %v", err)
		}
		if again := s.listPos(t, alice, ""); again != pos {
			t.Error("the same keys again are told")
		}
		other := newIdentity(t, alice)
		if err := s.UploadCrossSigning(t.Context(), alice, other.upload(t), false); !errors.Is(err, ErrAuth) {
			t.Errorf("other keys: %v", err)
		}
		if err := s.UploadCrossSigning(t.Context(), alice, other.upload(t), true); err != nil {
			t.Errorf("other keys, authenticated: %v", err)
		}
		found := s.query(t, alice, alice)
		if gjson.GetBytes(found.MasterKeys[alice], "keys.ed25519:"+gjson.Escape(other.master.public)).Str != other.master.public {
			t.Errorf("the master key is %s", found.MasterKeys[alice])
		}
		if found.UserSigningKeys[alice] == nil || found.SelfSigningKeys[alice] == nil {
			t.Error("a key is missing")
		}
		if s.query(t, bob, alice).UserSigningKeys[alice] != nil {
			t.Error("the user-signing key is shown to others")
		}
	})
}

func TestBadCrossSigningKeys(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		a, b := newIdentity(t, alice), newIdentity(t, alice)
		s.login(t, alice, "A", alice, b.master.public)
		whole := a.upload(t)
		for name, test := range map[string]struct {
			upload CrossSigning
			code   string
		}{
			"nothing":               {CrossSigning{}, mxerr.MissingParam},
			"no master key":         {CrossSigning{SelfSigning: whole.SelfSigning}, mxerr.MissingParam},
			"not signed":            {CrossSigning{Master: whole.Master, SelfSigning: a.self.crossSigning(alice, selfSigning)}, mxerr.InvalidSignature},
			"signed by another key": {CrossSigning{Master: whole.Master, SelfSigning: b.upload(t).SelfSigning}, mxerr.InvalidSignature},
			"another user":          {CrossSigning{Master: a.master.crossSigning(bob, master)}, mxerr.InvalidParam},
			"another use":           {CrossSigning{Master: a.master.crossSigning(alice, selfSigning)}, mxerr.InvalidParam},
			"no key":                {CrossSigning{Master: json.RawMessage(`{"user_id":"@alice:example.org","usage":["master"],"keys":{}}`)}, mxerr.InvalidParam},
			"not an object":         {CrossSigning{Master: json.RawMessage(`7`)}, mxerr.BadJSON},
			"a device's id":         {CrossSigning{Master: b.master.crossSigning(alice, master)}, mxerr.Forbidden},
		} {
			if err := s.UploadCrossSigning(t.Context(), alice, test.upload, false); !mxerr.HasCode(err, test.code) {
				t.Errorf("%s: %v, want %s", name, err, test.code)
			}
		}
	})
}

func TestNewMasterKeyAloneDropsTheOthers(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		newIdentity(t, alice).publish(t, s)
		k := newKey(t)
		if err := s.UploadCrossSigning(t.Context(), alice, CrossSigning{Master: k.crossSigning(alice, master)}, true); err != nil {
			t.Fatal(err)
		}
		if found := s.query(t, alice, alice); found.SelfSigningKeys[alice] != nil || found.UserSigningKeys[alice] != nil {
			t.Error("keys of the old master key are left")
		}
	})
}

func TestSignatures(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", bob, "B")
		a, b, device := newIdentity(t, alice), newIdentity(t, bob), newKey(t)
		a.publish(t, s)
		b.publish(t, s)
		text := device.device(t, alice, "A")
		s.upload(t, alice, "A", Upload{DeviceKeys: text})
		before, beforeBob := s.listPos(t, alice, ""), s.listPos(t, bob, "")

		failures, err := s.UploadSignatures(t.Context(), alice, map[string]map[string]json.RawMessage{
			alice: {
				"A":               a.self.sign(t, alice, a.self.public, text),
				a.master.public:   device.sign(t, alice, "A", a.upload(t).Master),
				"GONE":            a.self.sign(t, alice, a.self.public, device.device(t, alice, "GONE")),
				"ed25519:unknown": json.RawMessage(`{}`),
			},
			bob: {
				b.master.public: a.user2.sign(t, alice, a.user2.public, b.upload(t).Master),
				b.self.public:   a.user2.sign(t, alice, a.user2.public, b.upload(t).SelfSigning),
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(failures[alice]) != 2 || failures[alice]["GONE"].Code != mxerr.NotFound || failures[bob][b.self.public].Code != mxerr.NotFound ||
			len(failures[bob]) != 1 {
			t.Errorf("failures: %v", failures)
		}
		if s.listPos(t, alice, "") <= before || s.listPos(t, bob, alice) == 0 || s.listPos(t, bob, "") != beforeBob {
			t.Error("the wrong users are told")
		}

		signedBy := func(text []byte, user, key string) bool {
			return gjson.GetBytes(text, "signatures."+gjson.Escape(user)+"."+gjson.Escape("ed25519:"+key)).Exists()
		}
		toAlice, toBob := s.query(t, alice, bob), s.query(t, bob, bob)
		if !signedBy(toAlice.MasterKeys[bob], alice, a.user2.public) || signedBy(toBob.MasterKeys[bob], alice, a.user2.public) {
			t.Error("a signature by a user-signing key is to be seen by its user alone")
		}
		toBob = s.query(t, bob, alice)
		dev := toBob.DeviceKeys[alice]["A"]
		if !signedBy(dev, alice, a.self.public) || !signedBy(dev, alice, "A") || !signedBy(toBob.MasterKeys[alice], alice, "A") {
			t.Errorf("a signature is missing: %s, %s", dev, toBob.MasterKeys[alice])
		}
		if gjson.GetBytes(dev, "unsigned").Exists() {
			t.Error("the name of a device is shown to a stranger")
		}
		if name := gjson.GetBytes(s.query(t, alice, alice).DeviceKeys[alice]["A"], "unsigned.device_display_name").Str; name != "the A" {
			t.Errorf("the device is called %q", name)
		}
	})
}

func TestWrongSignatures(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		a, device := newIdentity(t, alice), newKey(t)
		a.publish(t, s)
		text := device.device(t, alice, "A")
		s.upload(t, alice, "A", Upload{DeviceKeys: text})
		for name, signed := range map[string]json.RawMessage{
			"by another key":     newKey(t).sign(t, alice, a.self.public, text),
			"by a key of no use": a.user2.sign(t, alice, a.user2.public, text),
			"of another key":     a.self.sign(t, alice, a.self.public, newKey(t).device(t, alice, "A")),
			"none":               text,
		} {
			failures, err := s.UploadSignatures(t.Context(), alice, map[string]map[string]json.RawMessage{alice: {"A": signed}})
			if err != nil {
				t.Fatal(err)
			}
			if f := failures[alice]["A"]; f == nil || f.Code != mxerr.InvalidSignature {
				t.Errorf("%s: %v", name, failures)
			}
		}
	})
}

func TestUploadChecksWhoseKeysTheyAre(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		k := newKey(t)
		for name, test := range map[string]struct {
			upload Upload
			code   string
		}{
			"another user":      {Upload{DeviceKeys: k.device(t, bob, "A")}, mxerr.InvalidParam},
			"another device":    {Upload{DeviceKeys: k.device(t, alice, "B")}, mxerr.InvalidParam},
			"no algorithms":     {Upload{DeviceKeys: json.RawMessage(`{"user_id":"@alice:example.org","device_id":"A","keys":{"a":"b"},"signatures":{}}`)}, mxerr.InvalidParam},
			"not an object":     {Upload{DeviceKeys: json.RawMessage(`"x"`)}, mxerr.BadJSON},
			"no key id":         {Upload{OneTimeKeys: map[string]json.RawMessage{"signed_curve25519": []byte(`"x"`)}}, mxerr.InvalidParam},
			"no key in it":      {Upload{OneTimeKeys: map[string]json.RawMessage{"signed_curve25519:x": []byte(`{}`)}}, mxerr.BadJSON},
			"too many":          {Upload{OneTimeKeys: oneTime(0, maxOneTime+1)}, mxerr.InvalidParam},
			"two fallback keys": {Upload{FallbackKeys: oneTime(0, 2)}, mxerr.InvalidParam},
		} {
			if _, err := s.Upload(t.Context(), alice, "A", test.upload); !mxerr.HasCode(err, test.code) {
				t.Errorf("%s: %v, want %s", name, err, test.code)
			}
		}
		if _, err := s.Upload(t.Context(), alice, "GONE", Upload{OneTimeKeys: oneTime(0, 1)}); !mxerr.HasCode(err, mxerr.UnknownToken) {
			t.Errorf("a device that is gone: %v", err)
		}
		before := s.listPos(t, alice, "")
		s.upload(t, alice, "A", Upload{DeviceKeys: k.device(t, alice, "A")})
		first := s.listPos(t, alice, "")
		s.upload(t, alice, "A", Upload{DeviceKeys: k.device(t, alice, "A")})
		if first == before || s.listPos(t, alice, "") != first {
			t.Error("new keys are told once")
		}
	})
}

func TestDeletedDeviceLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", alice, "B")
		a, device := newIdentity(t, alice), newKey(t)
		a.publish(t, s)
		text := device.device(t, alice, "A")
		s.upload(t, alice, "A", Upload{
			DeviceKeys: text, OneTimeKeys: oneTime(0, 3), FallbackKeys: map[string]json.RawMessage{"signed_curve25519:F": []byte(`{"key":"f"}`)},
		})
		send := Send{Sender: bob, Device: "X", Type: "t", TxnID: "1", Messages: map[string]map[string]json.RawMessage{alice: {"*": []byte(`{}`)}}}
		if err := s.SendToDevice(t.Context(), send); err != nil {
			t.Fatal(err)
		}
		before := s.listPos(t, alice, "")
		err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.DeleteDevices(t.Context(), alice, []string{"A"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.listPos(t, alice, "") <= before {
			t.Error("nobody is told that a device is gone")
		}
		if found := s.query(t, alice, alice); len(found.DeviceKeys[alice]) != 0 || found.DeviceKeys[alice] == nil {
			t.Errorf("found %v", found.DeviceKeys)
		}
		if got := s.claim(t, alice, "A"); got != "" {
			t.Errorf("a key of a deleted device was given out: %s", got)
		}
		if got := s.messages(t, alice, "A"); len(got) != 0 {
			t.Errorf("messages are left: %v", got)
		}
		if got := s.messages(t, alice, "B"); len(got) != 1 {
			t.Errorf("messages of the other device: %v", got)
		}
	})
}
