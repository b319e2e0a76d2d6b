package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// slider is a client that follows the protocol of sliding sync.
type slider struct {
	pos   string
	rooms map[string]*sliderRoom
	data  map[string]string // "room type" → content
	read  map[string]string // "room user" → event
}

type sliderRoom struct {
	membership string
	timeline   []string
	state      map[string]string // "type key" → event
	joined     int64
	name       string
}

func newSlider() *slider {
	return &slider{rooms: map[string]*sliderRoom{}, data: map[string]string{}, read: map[string]string{}}
}

func stateName(ev json.RawMessage) string {
	return gjson.GetBytes(ev, "type").Str + " " + gjson.GetBytes(ev, "state_key").Str
}

// take takes over an answer.
func (c *slider) take(tb rapid.TB, res *SlidingResponse) {
	tb.Helper()
	c.pos = res.Pos
	for id, data := range res.Rooms {
		c.takeRoom(tb, id, data)
	}
	if d := res.Extensions.AccountData; d != nil {
		for id, events := range d.Rooms {
			for _, ev := range events {
				c.data[id+" "+gjson.GetBytes(ev, "type").Str] = gjson.GetBytes(ev, "content").Raw
			}
		}
		for _, ev := range d.Global {
			c.data[" "+gjson.GetBytes(ev, "type").Str] = gjson.GetBytes(ev, "content").Raw
		}
	}
	if r := res.Extensions.Receipts; r != nil {
		for id, ev := range r.Rooms {
			gjson.GetBytes(ev, "content").ForEach(func(event, kinds gjson.Result) bool {
				kinds.Get("m\\.read").ForEach(func(user, _ gjson.Result) bool {
					c.read[id+" "+user.Str] = event.Str
					return true
				})
				return true
			})
		}
	}
}

func (c *slider) takeRoom(tb rapid.TB, id string, data *SlidingRoom) {
	tb.Helper()
	r := c.rooms[id]
	if data.Initial {
		r = &sliderRoom{state: map[string]string{}}
		c.rooms[id] = r
	}
	if r == nil {
		tb.Fatalf("%s is not said to be new, and was never sent", id)
	}
	r.membership = data.Membership
	switch {
	case data.Expanded || data.Limited || data.Initial:
		r.timeline = ids(data.Timeline)
	default:
		r.timeline = append(r.timeline, ids(data.Timeline)...)
	}
	for _, ev := range data.RequiredState {
		r.state[stateName(ev)] = gjson.GetBytes(ev, "event_id").Str
	}
	if data.Joined != nil {
		r.joined = *data.Joined
	}
	if data.Name != nil {
		r.name = gjson.ParseBytes(data.Name).Str
	}
}

const beside = `"extensions":{"account_data":{"enabled":true},"receipts":{"enabled":true},"typing":{"enabled":true},"e2ee":{"enabled":true},
	"to_device":{"enabled":true}}`

// drawRequest is a request for some of the rooms.
func drawRequest(t *rapid.T, rooms []string) string {
	state := func() string {
		return rapid.SampledFrom([]string{
			`[["*","*"]]`, `[["m.room.name",""],["m.room.member","$LAZY"]]`, `[["*","*"],["m.room.member","$LAZY"]]`, `[["m.room.topic",""],["m.room.member","$ME"]]`,
		}).Draw(t, "state")
	}
	body := `{"lists":{`
	if rapid.Bool().Draw(t, "list") {
		body += fmt.Sprintf(`"a":{"ranges":[[0,%d]],"timeline_limit":%d,"required_state":%s}`,
			rapid.IntRange(0, 3).Draw(t, "range"), rapid.IntRange(0, 4).Draw(t, "limit"), state())
	}
	body += `},"room_subscriptions":{`
	if rapid.Bool().Draw(t, "subscription") {
		body += fmt.Sprintf(`%q:{"timeline_limit":%d,"required_state":%s}`,
			rapid.SampledFrom(rooms).Draw(t, "subscribed"), rapid.IntRange(0, 6).Draw(t, "limit"), state())
	}
	body += `}`
	if rapid.Bool().Draw(t, "extensions") {
		body += `,` + beside
	}
	return body + `}`
}

// something happens in a room.
func (n *node) something(t *rapid.T, id string, i int) {
	ctx := context.Background()
	member := func(sender, target string) room.MemberRequest {
		return room.MemberRequest{RoomID: id, Sender: sender, Target: target}
	}
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2:
		n.send(t, id, bob, fmt.Sprint(i))
	case 3:
		n.setState(t, id, bob, "m.room.name", fmt.Sprintf(`{"name":"%d"}`, i))
	case 4:
		n.setState(t, id, bob, "m.room.topic", fmt.Sprintf(`{"topic":"%d"}`, i))
	case 5:
		if n.engine.Join(ctx, member(carol, carol)) == nil && rapid.Bool().Draw(t, "leaves") {
			_ = n.engine.Leave(ctx, member(carol, carol))
		}
	case 6:
		_ = n.engine.Leave(ctx, member(alice, alice))
	case 7:
		_ = n.engine.Kick(ctx, member(bob, alice))
		_ = n.engine.Invite(ctx, member(bob, alice))
	case 8:
		n.putData(t, alice, id, "org.example.data", fmt.Sprintf(`{"n":%d}`, i))
		n.putData(t, alice, "", "org.example.data", fmt.Sprintf(`{"n":%d}`, i))
	case 9:
		n.receipt(t, id, rapid.SampledFrom([]string{alice, bob}).Draw(t, "reader"))
	}
	if rapid.Bool().Draw(t, "joins") {
		_ = n.engine.Join(ctx, member(alice, alice))
	}
}

// receipt marks a room's newest event as read.
func (n *node) receipt(tb rapid.TB, id, user string) {
	tb.Helper()
	ctx := context.Background()
	num, _, err := n.engine.Resolve(ctx, id)
	if err != nil {
		tb.Fatal(err)
	}
	var last *store.Event
	err = n.st.Read(ctx, func(tx *store.Tx) (err error) {
		last, err = tx.LastEvent(ctx, num)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	err = n.st.RoomLane(num).Do(ctx, func(tx *store.LaneTx) error {
		return tx.PutReceipt(ctx, store.Receipt{Room: num, RoomID: id, UserID: user, Type: "m.read", EventID: last.ID, EventPos: last.Pos, TS: 1})
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// Whatever a client asks for, loses and asks for again, at whichever node and through restarts: in the end it has of each room the same
// state and the same end of the timeline as /sync gives.
func TestSlidingEndsWhereSyncDoes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		nodes := []*node{n}
		if url != "" {
			nodes = append(nodes, newNode(t, url, ""))
		}
		rapid.Check(t, func(t *rapid.T) {
			rooms := []string{n.newRoom(t, bob), n.newRoom(t, bob), n.newRoom(t, bob)}
			for _, id := range rooms[:2] {
				_ = n.engine.Join(context.Background(), room.MemberRequest{RoomID: id, Sender: alice})
			}
			c := newSlider()
			for i := range rapid.IntRange(5, 20).Draw(t, "steps") {
				at := rapid.SampledFrom(nodes).Draw(t, "node")
				switch rapid.IntRange(0, 5).Draw(t, "action") {
				case 0, 1, 2:
					at.something(t, rapid.SampledFrom(rooms).Draw(t, "room"), i)
				case 3, 4:
					body := drawRequest(t, rooms)
					res := at.slide(t, alice, c.pos, body)
					if rapid.IntRange(0, 3).Draw(t, "lost") > 0 {
						c.take(t, res)
					}
				case 5:
					at.forgetSliding()
				}
			}
			for _, at := range nodes {
				at.catchUp(t)
			}
			c.settle(t, rapid.SampledFrom(nodes).Draw(t, "last node"))
			c.compare(t, n, rooms)
		})
	})
}

// forgetSliding is what a restart does to memory.
func (n *node) forgetSliding() {
	n.service.hub.mu.Lock()
	defer n.service.hub.mu.Unlock()
	for _, s := range n.service.hub.sessions {
		s.sliding.mu.Lock()
		s.sliding.conns, s.sliding.glances, s.sliding.joined, s.sliding.direct = nil, nil, nil, directData{}
		s.sliding.mu.Unlock()
	}
}

// settle asks for everything until there is no more.
func (c *slider) settle(t *rapid.T, n *node) {
	body := `{"lists":{"all":{"ranges":[[0,9999]],"timeline_limit":7,"required_state":[["*","*"]]}},` + beside + `}`
	for range 4 {
		res := n.slide(t, alice, c.pos, body)
		c.take(t, res)
		if !res.news {
			return
		}
	}
	t.Fatal("there is always more to be told")
}

func (c *slider) compare(t *rapid.T, n *node, rooms []string) {
	f, err := filter.Parse([]byte(`{"room":{"timeline":{"limit":7}}}`))
	if err != nil {
		t.Fatal(err)
	}
	res := n.sync(t, Request{User: alice, Device: "other", Filter: f, UseStateAfter: true})
	for _, id := range rooms {
		var want *JoinedRoom
		if res.Rooms != nil {
			want = res.Rooms.Join[id]
		}
		got := c.rooms[id]
		if want == nil {
			if got != nil && got.membership == "join" {
				t.Fatalf("the client still has %s", id)
			}
			continue
		}
		if got == nil || got.membership != "join" {
			t.Fatalf("the client has %+v for a room that it is in", got)
		}
		state := map[string]string{}
		for _, ev := range want.StateAfter.Events {
			state[stateName(ev)] = gjson.GetBytes(ev, "event_id").Str
		}
		if !maps.Equal(state, got.state) {
			t.Fatalf("the state is %v, want %v", got.state, state)
		}
		tail := ids(want.Timeline.Events)
		if len(got.timeline) < len(tail) || !slices.Equal(got.timeline[len(got.timeline)-len(tail):], tail) {
			t.Fatalf("the timeline is %v, want it to end with %v", got.timeline, tail)
		}
		if all := n.all(t, id); !slices.Equal(all[len(all)-len(got.timeline):], got.timeline) {
			t.Fatalf("the timeline %v is not the end of %v", got.timeline, all)
		}
		if got.joined != want.Summary.Joined {
			t.Fatalf("the client counts %d members, want %d", got.joined, want.Summary.Joined)
		}
		c.compareBeside(t, id, want)
	}
	if want := globalData(res); want != c.data[" org.example.data"] {
		t.Fatalf("the global account data is %s, want %s", c.data[" org.example.data"], want)
	}
}

func globalData(res *Response) string {
	for _, ev := range res.AccountData.Events {
		if gjson.GetBytes(ev, "type").Str == "org.example.data" {
			return gjson.GetBytes(ev, "content").Raw
		}
	}
	return ""
}

func (c *slider) compareBeside(t *rapid.T, id string, want *JoinedRoom) {
	if want.AccountData != nil {
		content := gjson.GetBytes(want.AccountData.Events[0], "content").Raw
		if got := c.data[id+" org.example.data"]; got != content {
			t.Fatalf("the account data of a room is %s, want %s", got, content)
		}
	}
	if want.Ephemeral == nil {
		return
	}
	for _, ev := range want.Ephemeral.Events {
		gjson.GetBytes(ev, "content").ForEach(func(event, kinds gjson.Result) bool {
			if own := kinds.Get("m\\.read").Map()[alice]; own.Exists() && c.read[id+" "+alice] != event.Str {
				t.Fatalf("alice has read up to %s, the client knows of %s", event.Str, c.read[id+" "+alice])
			}
			return true
		})
	}
}
