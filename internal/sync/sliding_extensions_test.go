package sync

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

func TestSlidingToDevice(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		n.login(t, alice, "D1")
		for i := range 5 {
			n.message(t, alice, "D1", fmt.Sprint(i))
		}
		ask := func(since string) ([]string, string) {
			t.Helper()
			res := n.slide(t, alice, "", `{"extensions":{"to_device":{"enabled":true,"limit":3,"since":"`+since+`"}}}`)
			var got []string
			for _, ev := range res.Extensions.ToDevice.Events {
				got = append(got, gjson.GetBytes(ev, "content.body").Str)
			}
			return got, res.Extensions.ToDevice.NextBatch
		}
		first, next := ask("")
		again, _ := ask("")
		if want := []string{"0", "1", "2"}; !slices.Equal(first, want) || !slices.Equal(again, want) {
			t.Fatalf("got %v, then %v, want %v both times", first, again, want)
		}
		rest, next := ask(next)
		if !slices.Equal(rest, []string{"3", "4"}) {
			t.Fatalf("the rest is %v", rest)
		}
		if got, _ := ask(next); len(got) != 0 {
			t.Fatalf("after the last there is %v", got)
		}
		n.service.hub.flushAcks(context.Background())
		if left := n.waiting(t, alice, "D1"); left != 0 {
			t.Errorf("%d acknowledged messages are still stored", left)
		}
		_, err := n.trySlide(t, alice, "", `{"extensions":{"to_device":{"enabled":true,"since":"nonsense"}}}`)
		if !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("nonsense was answered with %v", err)
		}
	})
}

func TestSlidingTellsOfDevices(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		id := n.newRoom(t, alice)
		if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}); err != nil {
			t.Fatal(err)
		}
		const body = `{"extensions":{"e2ee":{"enabled":true}}}`
		res := n.slide(t, alice, "", body)
		if e := res.Extensions.E2EE; e == nil || e.DeviceLists != nil || e.OneTimeKeys["signed_curve25519"] != 0 || e.UnusedFallback == nil {
			t.Fatalf("the first answer has %+v", e)
		}
		n.changeDevices(t, bob)
		res = n.slide(t, alice, res.Pos, body)
		if e := res.Extensions.E2EE; e.DeviceLists == nil || !slices.Equal(e.DeviceLists.Changed, []string{bob}) {
			t.Fatalf("a change of devices came as %+v", e.DeviceLists)
		}
		if res = n.slide(t, alice, res.Pos, body); res.Extensions.E2EE.DeviceLists != nil || res.news {
			t.Fatalf("it was told twice")
		}
	})
}

func TestSlidingTellsWhoTypesAndReads(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		in, out := n.newRoom(t, alice), n.newRoom(t, alice)
		body := `{"room_subscriptions":{"` + in + `":{"timeline_limit":1}},"extensions":{"typing":{"enabled":true},"receipts":{"enabled":true}}}`
		res := n.slide(t, alice, "", body)
		n.typing.Set(in, alice, time.Minute)
		n.typing.Set(out, alice, time.Minute)
		n.receipt(t, in, alice)
		n.receipt(t, out, alice)
		res = n.slide(t, alice, res.Pos, body)
		e := res.Extensions
		if e.Typing == nil || len(e.Typing.Rooms) != 1 || gjson.GetBytes(e.Typing.Rooms[in], "content.user_ids.0").Str != alice {
			t.Errorf("typing came as %+v", e.Typing)
		}
		if e.Receipts == nil || len(e.Receipts.Rooms) != 1 || gjson.GetBytes(e.Receipts.Rooms[in], "type").Str != "m.receipt" {
			t.Errorf("receipts came as %+v", e.Receipts)
		}
		if r := res.Rooms[in]; r == nil || *r.Notifications != 0 {
			t.Errorf("the counts after reading came as %+v", r)
		}
		if res = n.slide(t, alice, res.Pos, body); res.news {
			t.Errorf("it was told twice: %+v", res)
		}
		// What was missed of a room comes with it, when it is wanted at last.
		both := `{"lists":{"l":{"ranges":[[0,9]],"timeline_limit":1}},"extensions":{"typing":{"enabled":true},"receipts":{"enabled":true}}}`
		e = n.slide(t, alice, res.Pos, both).Extensions
		if e.Typing == nil || e.Typing.Rooms[out] == nil || e.Receipts == nil || e.Receipts.Rooms[out] == nil {
			t.Errorf("of the other room came %+v and %+v", e.Typing, e.Receipts)
		}
	})
}

func TestSlidingExtensionsByListAndRoom(t *testing.T) {
	m := &matched{member: &member{roomID: "!a"}, roomConfig: roomConfig{lists: []string{"l"}}}
	sub := &matched{member: &member{roomID: "!b"}, roomConfig: roomConfig{subscribed: true}}
	for _, c := range []struct {
		e              *SlidingExtension
		listed, subbed bool
	}{
		{nil, false, false},
		{&SlidingExtension{}, false, false},
		{&SlidingExtension{Enabled: true}, true, true},
		{&SlidingExtension{Enabled: true, Lists: []string{}}, false, true},
		{&SlidingExtension{Enabled: true, Lists: []string{"l"}, Rooms: []string{}}, true, false},
		{&SlidingExtension{Enabled: true, Lists: []string{"other"}, Rooms: []string{"*"}}, false, true},
		{&SlidingExtension{Enabled: true, Lists: []string{}, Rooms: []string{"!a"}}, true, false},
		{&SlidingExtension{Enabled: true, Lists: []string{"*"}, Rooms: []string{"!b"}}, true, true},
	} {
		if got := c.e.wantedBy(m); got != c.listed {
			t.Errorf("%+v wants a room of a list: %v", c.e, got)
		}
		if got := c.e.wantedBy(sub); got != c.subbed {
			t.Errorf("%+v wants a subscribed room: %v", c.e, got)
		}
	}
}

func TestWaitingSlidingSyncIsWoken(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		id := n.newRoom(t, alice)
		body := fmt.Sprintf(allRooms, 9, 5)
		first := n.slide(t, alice, "", body)
		got := make(chan *SlidingResponse)
		go func() { got <- n.slide(t, alice, first.Pos, `{"timeout":60000,`+body[1:]) }()
		sent := n.send(t, id, alice, "hello")
		res := <-got
		if r := res.Rooms[id]; r == nil || !slices.Contains(ids(r.Timeline), sent) {
			t.Fatalf("alice was told %+v", res)
		}
		// A second request of the connection ends the first.
		go func() { got <- n.slide(t, alice, res.Pos, `{"timeout":60000,`+body[1:]) }()
		for {
			n.slide(t, alice, res.Pos, body)
			select {
			case ended := <-got:
				if ended.Pos != res.Pos || len(ended.Rooms) != 0 {
					t.Fatalf("the request that was ended was answered with %+v", ended)
				}
				return
			case <-time.After(10 * time.Millisecond): // the first has perhaps not begun yet
			}
		}
	})
}

// A member whose answer may have been lost is sent again.
func TestSlidingLazyMembers(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		id := n.newRoom(t, alice)
		if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}); err != nil {
			t.Fatal(err)
		}
		n.send(t, id, alice, "only alice's")
		body := fmt.Sprintf(allRooms, 9, 1)
		pos := n.slide(t, alice, "", body).Pos
		n.send(t, id, bob, "and bob's")
		who := func(pos string) (string, []string) {
			t.Helper()
			res := n.slide(t, alice, pos, body)
			var out []string
			for _, ev := range res.Rooms[id].RequiredState {
				out = append(out, gjson.GetBytes(ev, "state_key").Str)
			}
			return res.Pos, out
		}
		next, first := who(pos)
		_, again := who(pos)
		if want := []string{bob}; !slices.Equal(first, want) || !slices.Equal(again, want) {
			t.Fatalf("the members came as %v, then as %v", first, again)
		}
		n.send(t, id, bob, "more of bob's")
		if _, got := who(next); len(got) != 0 {
			t.Fatalf("a member that the client has came again: %v", got)
		}
	})
}
