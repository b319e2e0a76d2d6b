package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// login makes devices, given as user, device, user, device …
func (n *node) login(tb rapid.TB, pairs ...string) {
	tb.Helper()
	ctx := context.Background()
	err := n.st.Write(ctx, func(tx *store.Tx) error {
		for i := 0; i+1 < len(pairs); i += 2 {
			if err := tx.PutDevice(ctx, store.Device{UserID: pairs[i], ID: pairs[i+1]}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func (n *node) inLane(tb rapid.TB, user string, fn func(tx *store.LaneTx) error) {
	tb.Helper()
	if err := n.st.UserLane(user).Do(context.Background(), fn); err != nil {
		tb.Fatal(err)
	}
}

// message sends a message to a device.
func (n *node) message(tb rapid.TB, user, device, body string) {
	tb.Helper()
	n.inLane(tb, user, func(tx *store.LaneTx) error {
		tx.AddToDevice([]store.ToDevice{
			{UserID: user, DeviceID: device, Sender: bob, Type: "m.test", Content: fmt.Appendf(nil, `{"body":%q}`, body)},
		})
		return nil
	})
}

// changeDevices is a change of a user's devices.
func (n *node) changeDevices(tb rapid.TB, user string) {
	tb.Helper()
	n.inLane(tb, user, func(tx *store.LaneTx) error {
		tx.ChangeDeviceList(user, "")
		return nil
	})
}

func bodies(b *EventBatch) (out []string) {
	if b == nil {
		return nil
	}
	for _, ev := range b.Events {
		out = append(out, gjson.GetBytes(ev, "content.body").Str)
	}
	return out
}

func (n *node) waiting(tb rapid.TB, user, device string) (count int) {
	tb.Helper()
	err := n.st.Read(context.Background(), func(tx *store.Tx) (err error) {
		count, err = tx.CountToDevice(context.Background(), user, device, 10_000)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return count
}

// Whatever a device does (comes back, asks again with an old token, goes to another node), it gets each message, in order, and a message
// is deleted only after the device came back with a token that is past it.
func TestToDeviceInOrderUntilAcknowledged(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		nodes := []*node{newNode(t, url, t.TempDir())}
		if url != "" {
			nodes = append(nodes, newNode(t, url, ""))
		}
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			name := fmt.Sprintf("D%d", run)
			nodes[0].login(t, alice, name)
			var sent, seen []string
			token, safe := "", 0 // safe: how many the newest token that was used covers
			covered := map[string]int{"": 0}
			t.Repeat(map[string]func(*rapid.T){
				"send": func(t *rapid.T) {
					n := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "node")]
					for range rapid.SampledFrom([]int{1, 1, 2, 3, 130}).Draw(t, "how many") {
						body := fmt.Sprint(len(sent))
						n.message(t, alice, name, body)
						sent = append(sent, body)
					}
				},
				"sync": func(t *rapid.T) {
					n := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "node")]
					n.catchUp(t)
					res := n.sync(t, Request{User: alice, Device: name, Since: token})
					got := bodies(res.ToDevice)
					from := covered[token]
					safe = max(safe, from)
					if len(got) > toDeviceMost {
						t.Fatalf("%d messages at once", len(got))
					}
					if want := sent[from:min(from+toDeviceMost, len(sent))]; !slices.Equal(got, want) {
						t.Fatalf("after %d: got %v, want %v", from, got, want)
					}
					covered[res.NextBatch] = from + len(got)
					if rapid.Bool().Draw(t, "the answer arrives") {
						token = res.NextBatch
						seen = append(seen[:from:from], got...)
					}
				},
				"delete": func(t *rapid.T) {
					for _, n := range nodes {
						n.service.hub.flushAcks(context.Background())
					}
					if left := nodes[0].waiting(t, alice, name); left < len(sent)-safe {
						t.Fatalf("%d are left of %d, of which %d are acknowledged", left, len(sent), safe)
					}
				},
			})
			if !slices.Equal(seen, sent[:len(seen)]) {
				t.Fatalf("saw %v of %v", seen, sent)
			}
		})
	})
}

func TestAcknowledgedMessagesAreDeleted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		n.login(t, alice, "A", alice, "B")
		n.message(t, alice, "A", "one")
		n.message(t, alice, "B", "two")
		n.message(t, alice, "GONE", "three")
		res := n.sync(t, Request{User: alice, Device: "A"})
		if got := bodies(res.ToDevice); !slices.Equal(got, []string{"one"}) {
			t.Fatalf("got %v", got)
		}
		n.service.hub.flushAcks(t.Context())
		if n.waiting(t, alice, "A") != 1 {
			t.Error("deleted before it was acknowledged")
		}
		res = n.sync(t, Request{User: alice, Device: "A", Since: res.NextBatch})
		if !res.empty() {
			t.Errorf("told again: %+v", res)
		}
		n.service.hub.flushAcks(t.Context())
		if a, b, gone := n.waiting(t, alice, "A"), n.waiting(t, alice, "B"), n.waiting(t, alice, "GONE"); a != 0 || b != 1 || gone != 0 {
			t.Errorf("left are %d, %d and %d", a, b, gone)
		}
	})
}

func TestDeviceIsWoken(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		n.login(t, alice, "A")
		first := n.sync(t, Request{User: alice, Device: "A"})
		if c, ok := first.OneTimeKeys[oneTimeAlgorithm]; !ok || c != 0 || first.UnusedFallback == nil {
			t.Errorf("no counts: %+v", first)
		}
		got := make(chan *Response)
		wait := func(since string) {
			res, err := n.service.Sync(context.Background(), Request{User: alice, Device: "A", Since: since, Timeout: time.Minute})
			if err != nil {
				t.Error(err)
			}
			got <- res
		}
		go wait(first.NextBatch)
		n.message(t, alice, "A", "hello")
		res := <-got
		if !slices.Equal(bodies(res.ToDevice), []string{"hello"}) {
			t.Fatalf("told %+v", res)
		}
		go wait(res.NextBatch)
		n.inLane(t, alice, func(tx *store.LaneTx) error {
			return tx.AddOneTimeKeys(t.Context(), alice, "A", []store.OneTimeKey{{Algorithm: oneTimeAlgorithm, KeyID: "x", JSON: []byte(`"k"`)}})
		})
		if res = <-got; res.OneTimeKeys[oneTimeAlgorithm] != 1 {
			t.Fatalf("told %+v", res)
		}
	})
}

// lists is what a sync says of devices.
func (n *node) lists(t *testing.T, user, since string) (changed, left []string, next string) {
	t.Helper()
	n.catchUp(t)
	res := n.sync(t, Request{User: user, Device: "D", Since: since})
	if res.DeviceLists == nil {
		return nil, nil, res.NextBatch
	}
	return res.DeviceLists.Changed, res.DeviceLists.Left, res.NextBatch
}

func TestDeviceLists(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		n := newNode(t, url, dir)
		other := n
		if url != "" {
			other = newNode(t, url, "")
		}
		check := func(step string, changed, left, wantChanged, wantLeft []string) {
			t.Helper()
			if !slices.Equal(changed, wantChanged) || !slices.Equal(left, wantLeft) {
				t.Errorf("%s: changed %v, left %v; want %v, %v", step, changed, left, wantChanged, wantLeft)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		id, second := n.newRoom(t, alice), n.newRoom(t, alice)
		n.changeDevices(t, alice)
		_, _, begin := n.lists(t, bob, "")
		n.changeDevices(t, carol)
		changed, left, token := n.lists(t, bob, begin)
		check("a stranger changes", changed, left, nil, nil)

		must(n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}))
		changed, left, token = n.lists(t, bob, token)
		check("bob joins", changed, left, []string{alice}, nil)

		must(other.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: carol}))
		changed, left, token = n.lists(t, bob, token)
		check("carol joins", changed, left, []string{carol}, []string{})

		n.send(t, id, alice, "a message")
		changed, left, token = n.lists(t, bob, token)
		check("a message", changed, left, nil, nil)

		other.changeDevices(t, carol)
		changed, left, token = n.lists(t, bob, token)
		check("carol changes", changed, left, []string{carol}, []string{})

		must(other.engine.Join(t.Context(), room.MemberRequest{RoomID: second, Sender: carol}))
		must(other.engine.Join(t.Context(), room.MemberRequest{RoomID: second, Sender: bob}))
		_, _, token = n.lists(t, bob, token)
		must(other.engine.Leave(t.Context(), room.MemberRequest{RoomID: id, Sender: carol}))
		changed, left, token = n.lists(t, bob, token)
		check("carol leaves one of two rooms", changed, left, nil, nil)

		must(other.engine.Leave(t.Context(), room.MemberRequest{RoomID: second, Sender: carol}))
		changed, left, token = n.lists(t, bob, token)
		check("carol leaves the other", changed, left, []string{}, []string{carol})

		must(n.engine.Leave(t.Context(), room.MemberRequest{RoomID: second, Sender: bob}))
		changed, left, token = n.lists(t, bob, token)
		check("bob leaves one of two rooms", changed, left, nil, nil)
		must(n.engine.Leave(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}))
		changed, left, _ = n.lists(t, bob, token)
		check("bob leaves the other", changed, left, []string{}, []string{alice})

		must(n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}))
		n.changeDevices(t, bob)
		fresh := newNode(t, url, dir)
		since, err := fresh.service.DeviceListsSince(t.Context(), bob, begin, begin)
		must(err)
		check("another node, from the database", since.Changed, since.Left, []string{alice, bob}, []string{carol})
	})
}

func TestAskedForThroughJSON(t *testing.T) {
	out, err := json.Marshal(&Response{UnusedFallback: []string{}, OneTimeKeys: map[string]int{oneTimeAlgorithm: 0}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"next_batch":"","device_one_time_keys_count":{"signed_curve25519":0},"device_unused_fallback_key_types":[]}`
	if string(out) != want {
		t.Errorf("%s", out)
	}
}
