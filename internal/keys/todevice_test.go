package keys

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// messages are the bodies of the messages that wait for a device.
func (s *Service) messages(t *testing.T, user, device string) (out []string) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		found, err := tx.ToDeviceFor(t.Context(), user, device, store.MakePos(s.Store.UserLaneNum(user), 0), store.Latest, 100_000)
		for _, m := range found {
			out = append(out, gjson.GetBytes(m.Content, "body").String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func body(text string) json.RawMessage { return fmt.Appendf(nil, `{"body":%q}`, text) }

func TestRepeatedSendIsDoneOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", alice, "A2", bob, "B", "@carol:example.org", "C", "@dora:example.org", "D")
		send := func(device, txn, text string) {
			t.Helper()
			err := s.SendToDevice(t.Context(), Send{
				Sender: bob, Device: device, Type: "m.test", TxnID: txn, Messages: map[string]map[string]json.RawMessage{
					alice: {"*": body(text), "A2": body("own " + text)}, bob: {"B": body(text)}, "@carol:example.org": {"C": body(text)},
					"@dora:example.org": {"D": body(text), "GONE": body(text)}, "@elsewhere:example.com": {"X": body(text)},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			send("B", "1", "one")
		}
		send("B", "2", "two")
		send("OTHER", "1", "three")
		for device, want := range map[[2]string][]string{
			{alice, "A"}: {"one", "two", "three"}, {alice, "A2"}: {"own one", "own two", "own three"}, {bob, "B"}: {"one", "two", "three"},
			{"@carol:example.org", "C"}: {"one", "two", "three"}, {"@dora:example.org", "D"}: {"one", "two", "three"}, {"@dora:example.org", "GONE"}: nil,
		} {
			if got := s.messages(t, device[0], device[1]); !slices.Equal(got, want) {
				t.Errorf("%v: %v, want %v", device, got, want)
			}
		}
	})
}

// Requests that are sent again and again, on two nodes at once, come to the same as one of each.
func TestConcurrentRepeats(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		nodes := []*Service{newService(t, url)}
		if url != "" {
			nodes = append(nodes, newService(t, url))
		}
		nodes[0].login(t, alice, "A")
		const requests = 40
		var wg sync.WaitGroup
		for i := range requests {
			for repeat := range 4 {
				wg.Go(func() {
					err := nodes[repeat%len(nodes)].SendToDevice(t.Context(), Send{
						Sender: bob, Device: "B", Type: "m.test", TxnID: fmt.Sprint(i),
						Messages: map[string]map[string]json.RawMessage{alice: {"A": body(fmt.Sprint(i))}},
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		got := nodes[0].messages(t, alice, "A")
		slices.Sort(got)
		if len(got) != requests || len(slices.Compact(got)) != requests {
			t.Errorf("%d messages: %v", len(got), got)
		}
	})
}

func TestFullQueueTakesNoMore(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A", alice, "B")
		lane := s.Store.UserLane(alice)
		for i := range maxQueue - 1 {
			if i%500 != 0 {
				continue
			}
			err := lane.Do(t.Context(), func(tx *store.LaneTx) error {
				for range min(500, maxQueue-1-i) {
					tx.AddToDevice([]store.ToDevice{{UserID: alice, DeviceID: "A", Sender: bob, Type: "t", Content: []byte(`{}`)}})
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		send := func(txn string) {
			t.Helper()
			err := s.SendToDevice(t.Context(), Send{
				Sender: bob, Device: "X", Type: "t", TxnID: txn,
				Messages: map[string]map[string]json.RawMessage{alice: {"A": body(txn), "B": body(txn)}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		send("1")
		send("2")
		got := s.messages(t, alice, "A")
		if len(got) != maxQueue || got[len(got)-1] != "1" {
			t.Errorf("%d messages, the last is %q", len(got), got[len(got)-1])
		}
		if got := s.messages(t, alice, "B"); len(got) != 2 {
			t.Errorf("the other device has %v", got)
		}
		err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.DropToDevice(t.Context(), []store.Acknowledged{{UserID: alice, DeviceID: "A", Pos: store.Latest}})
		})
		if err != nil {
			t.Fatal(err)
		}
		send("3")
		if got := s.messages(t, alice, "A"); !slices.Equal(got, []string{"3"}) {
			t.Errorf("after all was acknowledged: %v", got)
		}
	})
}

func TestBadMessages(t *testing.T) {
	s := newService(t, "")
	s.login(t, alice, "A")
	for name, test := range map[string]struct {
		content string
		code    string
	}{
		"not an object": {`[]`, mxerr.BadJSON},
		"too large":     {`{"body":"` + string(make([]byte, maxMessage)) + `"}`, mxerr.TooLarge},
	} {
		err := s.SendToDevice(t.Context(), Send{
			Sender: bob, Type: "t", TxnID: "1", Messages: map[string]map[string]json.RawMessage{alice: {"A": json.RawMessage(test.content)}},
		})
		if !mxerr.HasCode(err, test.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
