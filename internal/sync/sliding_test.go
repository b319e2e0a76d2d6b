package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// slide is one request of sliding sync, from its JSON.
func (n *node) slide(tb rapid.TB, user, pos, body string) *SlidingResponse {
	tb.Helper()
	res, err := n.trySlide(tb, user, pos, body)
	if err != nil {
		tb.Fatal(err)
	}
	return res
}

func (n *node) trySlide(tb rapid.TB, user, pos, body string) (*SlidingResponse, error) {
	tb.Helper()
	var req SlidingRequest
	if err := json.Unmarshal([]byte(body), &req); err != nil {
		tb.Fatal(err)
	}
	req.User, req.Device, req.Pos = user, "D1", pos
	req.Timeout = time.Duration(req.TimeoutMS) * time.Millisecond
	return n.service.SlidingSync(context.Background(), req)
}

func (n *node) setState(tb rapid.TB, roomID, sender, typ, content string) {
	tb.Helper()
	_, err := n.engine.Send(context.Background(), room.SendRequest{RoomID: roomID, Sender: sender, Type: typ, StateKey: new(string), Content: []byte(content)})
	if err != nil {
		tb.Fatal(err)
	}
}

func (n *node) putData(tb rapid.TB, user, roomID, typ, content string) {
	tb.Helper()
	lane := n.st.UserLane(user)
	err := lane.Do(context.Background(), func(tx *store.LaneTx) error {
		return tx.PutAccountData(context.Background(), store.AccountData{UserID: user, RoomID: roomID, Type: typ, Content: []byte(content)})
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func typesOf(events []json.RawMessage) (out []string) {
	for _, ev := range events {
		out = append(out, gjson.GetBytes(ev, "type").Str)
	}
	slices.Sort(out)
	return out
}

func keysOf[V any](m map[string]V) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func sortedIDs(ids ...string) []string {
	slices.Sort(ids)
	return ids
}

func eachNode(t *testing.T, test func(*testing.T, *node)) {
	testdb.Each(t, func(t *testing.T, url string) { test(t, newNode(t, url, t.TempDir())) })
}

const allRooms = `{"lists":{"all":{"ranges":[[0,%d]],"timeline_limit":%d,"required_state":[["m.room.name",""],["m.room.member","$LAZY"]]}}}`

func TestSlidingWindowFollowsActivity(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		var rooms []string
		for range 5 {
			rooms = append(rooms, n.newRoom(t, alice))
		}
		for _, id := range rooms {
			n.send(t, id, alice, "hello")
			time.Sleep(2 * time.Millisecond) // activity is ordered by time
		}
		two := fmt.Sprintf(allRooms, 1, 1)
		res := n.slide(t, alice, "", two)
		if got, want := keysOf(res.Rooms), sortedIDs(rooms[4], rooms[3]); !slices.Equal(got, want) {
			t.Fatalf("the window holds %v, want %v", got, want)
		}
		if res.Lists["all"].Count != 5 {
			t.Errorf("the list counts %d rooms, want 5", res.Lists["all"].Count)
		}
		r := res.Rooms[rooms[4]]
		if !r.Initial || !r.Limited || len(r.Timeline) != 1 || *r.NumLive != 0 || r.BumpStamp == 0 || *r.Joined != 1 || r.Membership != "join" {
			t.Errorf("the first look at a room is %+v", r)
		}
		// A room that becomes active comes into the window, and is new there; nothing is told of the one that falls out.
		n.send(t, rooms[0], alice, "awake")
		res = n.slide(t, alice, res.Pos, two)
		if got := keysOf(res.Rooms); !slices.Equal(got, []string{rooms[0]}) || !res.Rooms[rooms[0]].Initial || *res.Rooms[rooms[0]].NumLive != 1 {
			t.Fatalf("a room that became active was told of as %v", got)
		}
		// rooms[3] is out of the window now: what happens there waits until it is back in.
		res = n.slide(t, alice, res.Pos, fmt.Sprintf(allRooms, 4, 1))
		if got, want := keysOf(res.Rooms), sortedIDs(rooms[1], rooms[2]); !slices.Equal(got, want) {
			t.Fatalf("a wider window brings %v, want %v", got, want)
		}
		res = n.slide(t, alice, res.Pos, two)
		if len(res.Rooms) != 0 {
			t.Fatalf("a narrower window brings %v", keysOf(res.Rooms))
		}
	})
}

func TestSlidingDeltas(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		id := n.newRoom(t, alice)
		body := fmt.Sprintf(allRooms, 9, 5)
		res := n.slide(t, alice, "", body)
		pos := res.Pos
		first := n.send(t, id, alice, "one")
		res = n.slide(t, alice, pos, body)
		r := res.Rooms[id]
		if r == nil || r.Initial || r.Limited || !slices.Equal(ids(r.Timeline), []string{first}) || r.RequiredState != nil || *r.NumLive != 1 {
			t.Fatalf("a message is told of as %+v", r)
		}
		// The same position once more gives the same.
		again := n.slide(t, alice, pos, body)
		if !slices.Equal(ids(again.Rooms[id].Timeline), []string{first}) {
			t.Fatalf("sent again, the request was answered with %+v", again.Rooms[id])
		}
		n.setState(t, id, alice, "m.room.name", `{"name":"Beacon"}`)
		n.setState(t, id, alice, "m.room.topic", `{"topic":"not wanted"}`)
		res = n.slide(t, alice, res.Pos, body)
		r = res.Rooms[id]
		if string(r.Name) != `"Beacon"` || len(r.RequiredState) != 1 || gjson.GetBytes(r.RequiredState[0], "type").Str != "m.room.name" {
			t.Fatalf("a name is told of as %+v", r)
		}
		n.setState(t, id, alice, "m.room.name", `{}`)
		res = n.slide(t, alice, res.Pos, body)
		if string(res.Rooms[id].Name) != "null" {
			t.Fatalf("a name that is gone is told of as %+v", res.Rooms[id])
		}
		if res = n.slide(t, alice, res.Pos, body); len(res.Rooms) != 0 {
			t.Fatalf("nothing happened, and %v was told", keysOf(res.Rooms))
		}
	})
}

func TestSlidingExpandsTimelineAndState(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		id := n.newRoom(t, alice)
		n.setState(t, id, alice, "m.room.topic", `{"topic":"smoke"}`)
		for i := range 10 {
			n.send(t, id, alice, fmt.Sprint(i))
		}
		res := n.slide(t, alice, "", fmt.Sprintf(allRooms, 9, 2))
		with := `{"lists":{"all":{"ranges":[[0,9]],"timeline_limit":2,"required_state":[["m.room.name",""],["m.room.member","$LAZY"]]}},
			"room_subscriptions":{"` + id + `":{"timeline_limit":6,"required_state":[["m.room.topic",""]]}}}`
		res = n.slide(t, alice, res.Pos, with)
		r := res.Rooms[id]
		if r == nil || !r.Expanded || r.Initial || len(r.Timeline) != 6 || *r.NumLive != 0 {
			t.Fatalf("a larger timeline came as %+v", r)
		}
		// The members come again, since a client drops those it has when the timeline is limited.
		if got := typesOf(r.RequiredState); !slices.Equal(got, []string{"m.room.member", "m.room.topic"}) {
			t.Fatalf("more state came as %v", got)
		}
		if res = n.slide(t, alice, res.Pos, with); len(res.Rooms) != 0 {
			t.Fatalf("the same was told again: %+v", res.Rooms[id])
		}
		// Less and then as much again: the server remembers that it was sent.
		res = n.slide(t, alice, res.Pos, fmt.Sprintf(allRooms, 9, 2))
		if len(res.Rooms) != 0 {
			t.Fatalf("wanting less was answered with %+v", res.Rooms[id])
		}
		res = n.slide(t, alice, res.Pos, with)
		if r := res.Rooms[id]; r == nil || r.Expanded || len(r.Timeline) != 0 || len(r.RequiredState) != 1 {
			t.Fatalf("wanting as much again was answered with %+v", r)
		}
	})
}

func TestSlidingSurvivesRestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		n := newNode(t, url, dir)
		id, other := n.newRoom(t, alice), n.newRoom(t, alice)
		body := fmt.Sprintf(allRooms, 9, 5)
		res := n.slide(t, alice, "", body)
		if len(res.Rooms) != 2 {
			t.Fatalf("the first answer has %v", keysOf(res.Rooms))
		}
		if url == "" {
			n.service.Close()
			n.st.Close()
		}
		n = newNode(t, url, dir) // with PostgreSQL it is a second node
		sent := n.send(t, id, alice, "after the restart")
		res = n.slide(t, alice, res.Pos, body)
		r := res.Rooms[id]
		if r == nil || r.Initial || !slices.Equal(ids(r.Timeline), []string{sent}) || res.Rooms[other] != nil {
			t.Fatalf("after the restart the answer has %+v", r)
		}
	})
}

func TestSlidingUnknownPosition(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		n.newRoom(t, alice)
		body := fmt.Sprintf(allRooms, 0, 1)
		old := n.slide(t, alice, "", body)
		n.newRoom(t, alice)
		held := n.slide(t, alice, old.Pos, body)
		n.newRoom(t, alice)
		last := n.slide(t, alice, held.Pos, body)
		for name, pos := range map[string]string{"nonsense": "x", "one that the client went past": old.Pos} {
			n.service.hub.sessions = map[string]*session{} // what is in memory may live longer
			if _, err := n.trySlide(t, alice, pos, body); !mxerr.HasCode(err, mxerr.UnknownPos) {
				t.Errorf("%s was answered with %v", name, err)
			}
		}
		for _, pos := range []string{held.Pos, last.Pos} {
			n.service.hub.sessions = map[string]*session{}
			if _, err := n.trySlide(t, alice, pos, body); err != nil {
				t.Errorf("a position that the client may hold was answered with %v", err)
			}
		}
		var mx *mxerr.Error
		if _, err := n.trySlide(t, bob, last.Pos, body); !errors.As(err, &mx) || mx.Status != 400 {
			t.Errorf("the position of another user was answered with %v", err)
		}
	})
}

func TestSlidingFilters(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		ctx := context.Background()
		space, err := n.engine.Create(ctx, room.CreateRequest{Creator: alice, Preset: "public_chat", CreationContent: []byte(`{"type":"m.space"}`)})
		if err != nil {
			t.Fatal(err)
		}
		plain, secret, invited := n.newRoom(t, alice), n.newRoom(t, alice), n.newRoom(t, bob)
		if err := n.engine.Invite(ctx, room.MemberRequest{RoomID: invited, Sender: bob, Target: alice}); err != nil {
			t.Fatal(err)
		}
		n.putData(t, alice, "", "m.direct", `{"`+bob+`":["`+plain+`"]}`)
		n.putData(t, alice, plain, "m.tag", `{"tags":{"m.favourite":{}}}`)
		check := func(filter string, want ...string) {
			t.Helper()
			res := n.slide(t, alice, "", `{"lists":{"l":{"ranges":[[0,9]],"timeline_limit":0,"filters":`+filter+`}}}`)
			if got := keysOf(res.Rooms); !slices.Equal(got, sortedIDs(want...)) || res.Lists["l"].Count != len(want) {
				t.Errorf("%s: got %v (%d), want %v", filter, got, res.Lists["l"].Count, want)
			}
		}
		check(`{}`, space, plain, secret, invited)
		check(`{"is_encrypted":true}`)
		n.setState(t, secret, alice, "m.room.encryption", `{"algorithm":"m.megolm.v1.aes-sha2"}`)
		check(`{"is_encrypted":true}`, secret)
		check(`{"is_encrypted":false}`, space, plain, invited)
		check(`{"is_dm":true}`, plain)
		check(`{"is_dm":false}`, space, secret, invited)
		check(`{"is_invite":true}`, invited)
		check(`{"is_invited":false}`, space, plain, secret)
		check(`{"room_types":["m.space"]}`, space)
		check(`{"room_types":[null]}`, plain, secret, invited)
		check(`{"not_room_types":["m.space"]}`, plain, secret, invited)
		check(`{"room_types":["m.space"],"not_room_types":["m.space"]}`)
		check(`{"tags":["m.favourite"]}`, plain)
		check(`{"not_tags":["m.favourite"]}`, space, secret, invited)
		_, err = n.engine.Send(ctx, room.SendRequest{
			RoomID: space, Sender: alice, Type: "m.space.child", StateKey: &secret, Content: []byte(`{"via":["example.org"]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		check(`{"spaces":["`+space+`"]}`, secret)
	})
}

func TestSlidingMemberships(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node) {
		ctx := context.Background()
		id := n.newRoom(t, bob)
		body := fmt.Sprintf(allRooms, 9, 5)
		pos := n.slide(t, alice, "", body).Pos
		step := func(what string, do func() error) *SlidingRoom {
			t.Helper()
			if err := do(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			res := n.slide(t, alice, pos, body)
			pos = res.Pos
			if res.Rooms[id] == nil {
				t.Fatalf("%s was not told of", what)
			}
			return res.Rooms[id]
		}
		change := func(sender string, do func(context.Context, room.MemberRequest) error) func() error {
			return func() error { return do(ctx, room.MemberRequest{RoomID: id, Sender: sender, Target: alice}) }
		}
		join := func() error {
			return n.engine.Join(ctx, room.MemberRequest{RoomID: id, Sender: alice, Target: alice})
		}
		r := step("an invite", change(bob, n.engine.Invite))
		if r.Membership != "invite" || !r.Initial || len(r.Stripped) == 0 || r.Timeline != nil || r.RequiredState != nil {
			t.Errorf("an invite was told of as %+v", r)
		}
		r = step("a join", join)
		if r.Membership != "join" || !r.Initial || r.Stripped != nil || len(r.Timeline) != 5 || len(r.Heroes) != 1 || r.Heroes[0].UserID != bob {
			t.Errorf("a join was told of as %+v", r)
		}
		r = step("a kick", change(bob, n.engine.Kick))
		if r.Membership != "leave" || r.Initial || len(r.Timeline) != 1 {
			t.Errorf("a kick was told of as %+v", r)
		}
		n.send(t, id, bob, "behind your back")
		if res := n.slide(t, alice, pos, body); len(res.Rooms) != 0 || res.Lists["all"].Count != 1 {
			t.Errorf("after the kick: %v, %d in the list", keysOf(res.Rooms), res.Lists["all"].Count)
		}
		// Who was put out sees it also on a new device; what came later does not show.
		res := n.slide(t, alice, "", `{"conn_id":"new",`+body[1:])
		if r := res.Rooms[id]; r == nil || !r.Initial || r.Membership != "leave" || len(r.Timeline) != 5 {
			t.Errorf("a kick is told a new device as %+v", r)
		}
		step("a join", join)
		r = step("leaving", func() error { return n.engine.Leave(ctx, room.MemberRequest{RoomID: id, Sender: alice, Target: alice}) })
		if r.Membership != "leave" {
			t.Errorf("leaving was told of as %+v", r)
		}
		if res := n.slide(t, alice, pos, body); len(res.Rooms) != 0 || res.Lists["all"].Count != 0 {
			t.Errorf("after leaving: %v, %d in the list", keysOf(res.Rooms), res.Lists["all"].Count)
		}
	})
}
