package keys

import (
	"encoding/json"
	"fmt"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// asleep is a device that can be dehydrated.
func asleep(t *testing.T, user, device string) Dehydrate {
	t.Helper()
	return Dehydrate{
		DeviceID: device, DeviceData: json.RawMessage(`{"algorithm":"x"}`),
		Upload: Upload{DeviceKeys: newKey(t).device(t, user, device), OneTimeKeys: oneTime(0, 3)},
	}
}

func (s *Service) send(t *testing.T, txn, user, device string) {
	t.Helper()
	err := s.SendToDevice(t.Context(), Send{
		Sender: bob, Device: "B", Type: "m.test", TxnID: txn,
		Messages: map[string]map[string]json.RawMessage{user: {device: fmt.Appendf(nil, `{"n":%q}`, txn)}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDehydratedDeviceIsSentMessages(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", bob, "B")
		if _, err := s.Dehydrated(t.Context(), alice); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Fatalf("there is one before there is one: %v", err)
		}
		if err := s.Dehydrate(t.Context(), alice, asleep(t, alice, "Z1")); err != nil {
			t.Fatal(err)
		}
		found, err := s.Query(t.Context(), bob, map[string][]string{alice: nil})
		if err != nil || found.DeviceKeys[alice]["Z1"] == nil {
			t.Errorf("the keys of the device are %s, %v", found.DeviceKeys[alice], err)
		}
		if s.claim(t, alice, "Z1") == "" {
			t.Error("there is no one-time key")
		}
		const sent = 230
		for i := range sent {
			s.send(t, fmt.Sprint(i), alice, "Z1")
		}
		for range 2 { // they stay until the device is deleted
			from, more, n := "", true, 0
			for more {
				var messages []store.ToDevice
				if messages, from, more, err = s.DehydratedMessages(t.Context(), alice, "Z1", from); err != nil {
					t.Fatal(err)
				}
				for _, m := range messages {
					if want := fmt.Sprintf(`{"n":"%d"}`, n); string(m.Content) != want {
						t.Fatalf("message %d is %s", n, m.Content)
					}
					n++
				}
			}
			if n != sent {
				t.Errorf("%d messages of %d", n, sent)
			}
			if messages, again, _, err := s.DehydratedMessages(t.Context(), alice, "Z1", from); err != nil || len(messages) != 0 || again != from {
				t.Errorf("after the last one there are %d, %q, %v", len(messages), again, err)
			}
		}
		for _, from := range []string{"x", "d", "dz", "d-1", "d0x", "d00"} {
			if _, _, _, err := s.DehydratedMessages(t.Context(), alice, "Z1", from); !mxerr.HasCode(err, mxerr.InvalidParam) {
				t.Errorf("from %q: %v", from, err)
			}
		}
		if _, _, _, err := s.DehydratedMessages(t.Context(), alice, "A", ""); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Errorf("the messages of a device that is awake: %v", err)
		}
	})
}

func TestDehydratedDeviceIsReplacedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", bob, "B")
		for _, device := range []string{"Z1", "Z2", "Z2"} {
			if err := s.Dehydrate(t.Context(), alice, asleep(t, alice, device)); err != nil {
				t.Fatal(err)
			}
			s.send(t, device, alice, device)
		}
		ids := func() []string {
			var all map[string][]string
			err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				all, err = tx.DeviceIDs(t.Context(), []string{alice})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return all[alice]
		}
		if got := ids(); len(got) != 2 {
			t.Errorf("the devices are %v", got)
		}
		if messages, _, _, err := s.DehydratedMessages(t.Context(), alice, "Z2", ""); err != nil || len(messages) != 0 {
			t.Errorf("a device that was replaced leaves %d messages, %v", len(messages), err)
		}
		if err := s.Dehydrate(t.Context(), alice, asleep(t, alice, "A")); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("a device that is awake was put to sleep: %v", err)
		}
		if id, err := s.DeleteDehydrated(t.Context(), alice); err != nil || id != "Z2" {
			t.Errorf("deleted %q, %v", id, err)
		}
		if _, err := s.DeleteDehydrated(t.Context(), alice); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if got := ids(); len(got) != 1 || got[0] != "A" {
			t.Errorf("the devices are %v", got)
		}
		bad := asleep(t, alice, "Z3")
		bad.DeviceKeys = newKey(t).device(t, alice, "Z4")
		for name, d := range map[string]Dehydrate{
			"no id": {Upload: bad.Upload, DeviceData: bad.DeviceData}, "no keys": {DeviceID: "Z3", DeviceData: bad.DeviceData},
			"no data": {DeviceID: "Z3", Upload: asleep(t, alice, "Z3").Upload}, "the keys of another": bad,
		} {
			if err := s.Dehydrate(t.Context(), alice, d); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
	})
}
