package sync

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// node is what /sync needs of a running server.
type node struct {
	st      *store.Store
	engine  *room.Engine
	reader  *room.Reader
	service *Service
	typing  *ephemeral.Typing
}

func newNode(tb testing.TB, url, dir string) *node {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(tb.Context(), store.Options{URL: url, Dir: dir, Lanes: 3, Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(st.Close)
	n := &node{st: st, reader: room.NewReader(st)}
	n.service, err = New(tb.Context(), Options{Store: st, Rooms: n.reader, NodeID: tb.Name(), Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(n.service.Close)
	n.typing, err = ephemeral.NewTyping(bus.NewLocal(), log, n.service.TypingChanged)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(n.typing.Close)
	n.service.SetEphemeral(n.typing, nil)
	signer := &room.Signer{ServerName: "example.org", KeyID: "ed25519:a", Key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	n.engine, err = room.NewEngine(room.Options{Store: st, Signer: signer, DefaultVersion: "12", Committed: n.service.Committed, Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

const (
	alice = "@alice:example.org"
	bob   = "@bob:example.org"
	carol = "@carol:example.org"
)

func (n *node) sync(tb rapid.TB, req Request) *Response {
	tb.Helper()
	res, err := n.service.Sync(context.Background(), req)
	if err != nil {
		tb.Fatal(err)
	}
	return res
}

func (n *node) send(tb rapid.TB, roomID, sender, body string) string {
	tb.Helper()
	id, err := n.engine.Send(context.Background(), room.SendRequest{
		RoomID: roomID, Sender: sender, Type: "m.room.message", Content: fmt.Appendf(nil, `{"body":%q}`, body),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func (n *node) newRoom(tb rapid.TB, creator string) string {
	tb.Helper()
	id, err := n.engine.Create(context.Background(), room.CreateRequest{Creator: creator, Preset: "public_chat"})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func ids(events []json.RawMessage) []string {
	var out []string
	for _, ev := range events {
		out = append(out, gjson.GetBytes(ev, "event_id").Str)
	}
	return out
}

func timelineFilter(tb rapid.TB, limit int) *filter.Filter {
	f, err := filter.Parse(fmt.Appendf(nil, `{"room":{"timeline":{"limit":%d}}}`, limit))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// device is a client that syncs and, where the server leaves a gap, pages back until it is closed.
type device struct {
	n     *node
	name  string
	token string
	seen  map[string][]string // by room
}

func (d *device) sync(tb rapid.TB, limit int) {
	res := d.n.sync(tb, Request{User: alice, Device: d.name, Since: d.token, Filter: timelineFilter(tb, limit)})
	if res.Rooms != nil {
		for id, j := range res.Rooms.Join {
			news := ids(j.Timeline.Events)
			if j.Timeline.Limited {
				news = append(d.backfill(tb, id, j.Timeline.PrevBatch), news...)
			}
			d.seen[id] = append(d.seen[id], news...)
		}
	}
	d.token = res.NextBatch
}

func (d *device) backfill(tb rapid.TB, roomID, from string) []string {
	var out []string
	for from != "" {
		page, err := d.n.reader.Messages(context.Background(), room.Who{User: alice, Device: d.name}, room.PageRequest{
			RoomID: roomID, From: from, To: d.token, Limit: 3,
		})
		if err != nil {
			tb.Fatal(err)
		}
		back := ids(page.Chunk)
		slices.Reverse(back)
		out = append(back, out...)
		from = page.End
	}
	return out
}

// However a device syncs, and whatever happens in between, it gets every event of its rooms exactly once and in order.
func TestNoGapAndNoRepeat(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		other := n
		if url != "" {
			other = newNode(t, url, "") // a second node on the same database, without a bus
		}
		rapid.Check(t, func(t *rapid.T) {
			rooms := []string{n.newRoom(t, alice), n.newRoom(t, alice)}
			devices := []*device{{n: n, name: "A", seen: map[string][]string{}}, {n: other, name: "B", seen: map[string][]string{}}}
			for i := range rapid.IntRange(5, 25).Draw(t, "steps") {
				r := rapid.SampledFrom(rooms).Draw(t, "room")
				at := rapid.SampledFrom([]*node{n, other}).Draw(t, "node")
				switch rapid.IntRange(0, 4).Draw(t, "action") {
				case 0, 1:
					at.send(t, r, alice, fmt.Sprint(i))
				case 2:
					who := rapid.SampledFrom([]string{bob, carol}).Draw(t, "who")
					if at.engine.Join(context.Background(), room.MemberRequest{RoomID: r, Sender: who}) == nil && rapid.Bool().Draw(t, "leave") {
						_ = at.engine.Leave(context.Background(), room.MemberRequest{RoomID: r, Sender: who})
					}
				default:
					// A device may go on at another node, whose window is behind.
					d := rapid.SampledFrom(devices).Draw(t, "device")
					d.n = at
					d.sync(t, rapid.IntRange(1, 5).Draw(t, "limit"))
				}
			}
			for _, d := range devices {
				d.n.catchUp(t)
				d.sync(t, 3)
				for _, r := range rooms {
					if want := n.all(t, r); !slices.Equal(d.seen[r], want) {
						t.Fatalf("device %s saw %v, want %v", d.name, d.seen[r], want)
					}
				}
			}
		})
	})
}

// catchUp waits until the window has reached the database.
func (n *node) catchUp(tb rapid.TB) {
	for range 1000 {
		now, err := n.st.Positions(context.Background())
		if err != nil {
			tb.Fatal(err)
		}
		if slices.Equal(now, n.service.hub.positions()) {
			return
		}
		for lane := range now {
			n.service.LaneMoved(lane)
		}
		time.Sleep(time.Millisecond)
	}
	tb.Fatal("the window does not catch up")
}

func (n *node) all(tb rapid.TB, roomID string) []string {
	num, _, err := n.engine.Resolve(context.Background(), roomID)
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	err = n.st.Read(context.Background(), func(tx *store.Tx) error {
		events, err := tx.EventsAfter(context.Background(), num, 0, store.Latest, 1000)
		for _, ev := range events {
			out = append(out, ev.ID)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestWaitingSyncIsWoken(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		id := n.newRoom(t, alice)
		if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}); err != nil {
			t.Fatal(err)
		}
		first := n.sync(t, Request{User: bob, Device: "B"})
		got := make(chan *Response)
		go func() {
			res, _ := n.service.Sync(context.Background(), Request{User: bob, Device: "B", Since: first.NextBatch, Timeout: time.Minute})
			got <- res
		}()
		sent := n.send(t, id, alice, "hello")
		res := <-got
		if res == nil || res.Rooms == nil || !slices.Contains(ids(res.Rooms.Join[id].Timeline.Events), sent) {
			t.Fatalf("bob was told %+v", res)
		}
		if res.Rooms.Join[id].Unread.Notifications != 1 {
			t.Fatalf("unread: %+v", res.Rooms.Join[id].Unread)
		}
		again := n.sync(t, Request{User: bob, Device: "B", Since: res.NextBatch})
		if !again.empty() {
			t.Fatalf("bob was told twice: %+v", again)
		}
	})
}

func TestTypingIsTold(t *testing.T) {
	n := newNode(t, "", t.TempDir())
	id := n.newRoom(t, alice)
	first := n.sync(t, Request{User: alice, Device: "A"})
	n.typing.Set(id, alice, time.Minute)
	res := n.sync(t, Request{User: alice, Device: "A", Since: first.NextBatch})
	if res.Rooms == nil || gjson.GetBytes(res.Rooms.Join[id].Ephemeral.Events[0], "content.user_ids.0").Str != alice {
		t.Fatalf("typing was not told: %+v", res)
	}
}

func TestInviteAndLeave(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		id := n.newRoom(t, alice)
		first := n.sync(t, Request{User: bob, Device: "B"})
		if err := n.engine.Invite(t.Context(), room.MemberRequest{RoomID: id, Sender: alice, Target: bob}); err != nil {
			t.Fatal(err)
		}
		second := n.sync(t, Request{User: bob, Device: "B", Since: first.NextBatch})
		if second.Rooms == nil || second.Rooms.Invite[id] == nil {
			t.Fatalf("no invite: %+v", second)
		}
		if err := n.engine.Leave(t.Context(), room.MemberRequest{RoomID: id, Sender: bob}); err != nil {
			t.Fatal(err)
		}
		third := n.sync(t, Request{User: bob, Device: "B", Since: second.NextBatch})
		if third.Rooms == nil || third.Rooms.Leave[id] == nil {
			t.Fatalf("no leave: %+v", third)
		}
	})
}
