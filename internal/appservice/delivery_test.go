package appservice

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/appservice/registration"
	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// quick are times for tests: a node that is gone is noticed soon.
var quick = Timing{
	Timing: lease.Timing{Renew: 50 * time.Millisecond, StopAfter: 2 * time.Second, TakeAfter: 3 * time.Second},
	Retry:  time.Millisecond, RetryMost: 20 * time.Millisecond,
}

// bridge is an application service of the tests. It notes what it has taken, and takes what its answer function lets it.
type bridge struct {
	t      *testing.T
	server *httptest.Server

	mu     sync.Mutex
	answer func(attempt int) int // HTTP status of a transaction's attempt, counted from 1 over all
	count  int
	bodies map[string]string // of each transaction, whether taken or not
	taken  []string          // ids, in order
	events []gjson.Result
	moved  chan struct{} // something was taken or refused
}

func newBridge(t *testing.T) *bridge {
	t.Helper()
	b := &bridge{t: t, bodies: map[string]string{}, moved: make(chan struct{}, 1), answer: func(int) int { return 200 }}
	b.server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.server.Close)
	return b
}

func (b *bridge) serve(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutPrefix(r.URL.Path, "/_matrix/app/v1/transactions/")
	if !ok || r.Method != http.MethodPut || r.Header.Get("Authorization") != "Bearer hs-secret" {
		b.t.Errorf("unexpected request %s %s", r.Method, r.URL)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	defer signal(b.moved)
	if before, ok := b.bodies[id]; ok && before != string(raw) {
		b.t.Errorf("transaction %s has changed:\n%s\n%s", id, before, raw)
	}
	b.bodies[id] = string(raw)
	b.count++
	status := b.answer(b.count)
	if status == 0 { // what it has taken, with the answer lost
		b.take(id, raw)
		panic(http.ErrAbortHandler)
	}
	if status == 200 {
		b.take(id, raw)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{}`)
}

// take does as a service does: a transaction that it has taken before is nothing new.
func (b *bridge) take(id string, raw []byte) {
	if slices.Contains(b.taken, id) {
		return
	}
	b.taken = append(b.taken, id)
	events := gjson.GetBytes(raw, "events").Array()
	if len(events) > maxEvents {
		b.t.Errorf("a transaction of %d events", len(events))
	}
	b.events = append(b.events, events...)
}

func (b *bridge) setAnswer(f func(attempt int) int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// await waits until what was taken is as wanted.
func (b *bridge) await(what string, wanted func() bool) {
	b.t.Helper()
	timeout := time.After(patience)
	for {
		b.mu.Lock()
		ok := wanted()
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-b.moved:
		case <-timeout:
			b.t.Fatalf("not in time: %s", what)
		}
	}
}

// wantBodies waits for so many messages and checks that they are each there once, in order.
func (b *bridge) wantBodies(want []string) {
	b.t.Helper()
	var got []string
	b.await(fmt.Sprintf("%d messages", len(want)), func() bool {
		got = nil
		for _, e := range b.events {
			if e.Get("type").Str == "m.room.message" {
				got = append(got, e.Get("content.body").Str)
			}
		}
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		b.t.Errorf("got %d messages %v, want %d %v", len(got), got, len(want), want)
	}
}

// node is one node, as far as application services go.
type node struct {
	store    *store.Store
	rooms    *room.Engine
	delivery *Delivery
}

const registrationText = `
id: bridge
url: %s
as_token: as-secret
hs_token: hs-secret
sender_localpart: bot
receive_ephemeral: true
namespaces:
  users: [{exclusive: true, regex: "@ghost_.*"}]
  aliases: [{exclusive: true, regex: "#ghost_.*"}]
  rooms: []
`

func newServices(t *testing.T, url string) *Services {
	t.Helper()
	r, err := registration.Parse(fmt.Appendf(nil, registrationText, url), "example.org")
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Registrations: []*registration.Registration{r}, ServerName: "example.org", Log: testLog(t)})
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func openStore(t *testing.T, url, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: url, Dir: dir, Lanes: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

func newNode(t *testing.T, url, dir, name string, b *bridge) *node {
	t.Helper()
	n := &node{store: openStore(t, url, dir)}
	var err error
	n.delivery, err = StartDelivery(t.Context(), DeliveryOptions{
		Services: newServices(t, b.server.URL), Store: n.store, NodeID: name, Timing: quick, Log: testLog(t).With("node", name),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.delivery.Close)
	_, key, _ := ed25519.GenerateKey(nil)
	n.rooms, err = room.NewEngine(room.Options{
		Store: n.store, Signer: &room.Signer{ServerName: "example.org", KeyID: "ed25519:1", Key: key}, DefaultVersion: "12",
		Committed: func(*store.Batch) { n.delivery.Wake() }, Log: testLog(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) room(t *testing.T, members ...string) string {
	t.Helper()
	id, err := n.rooms.Create(t.Context(), room.CreateRequest{Creator: "@alice:example.org", Preset: "public_chat"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if err := n.rooms.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: m}); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

func (n *node) say(ctx context.Context, t *testing.T, roomID, text string) {
	t.Helper()
	content, _ := json.Marshal(map[string]string{"msgtype": "m.text", "body": text})
	_, err := n.rooms.Send(ctx, room.SendRequest{RoomID: roomID, Sender: "@alice:example.org", Type: "m.room.message", Content: content})
	if err != nil {
		t.Fatal(err)
	}
}

func (n *node) sayMany(t *testing.T, roomID, prefix string, count int) (said []string) {
	t.Helper()
	for i := range count {
		said = append(said, fmt.Sprint(prefix, i))
		n.say(t.Context(), t, roomID, said[i])
	}
	return said
}

func TestEachEventOnceInOrderThroughFailures(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := newBridge(t)
		// It refuses, loses answers, and takes.
		b.answer = func(attempt int) int { return []int{200, 500, 0, 429, 200}[attempt%5] }
		n := newNode(t, url, t.TempDir(), "a", b)
		id := n.room(t, "@ghost_1:example.org")
		b.wantBodies(n.sayMany(t, id, "m", 60))
	})
}

func TestServiceThatIsDownForAWhile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := newBridge(t)
		n := newNode(t, url, t.TempDir(), "a", b)
		id := n.room(t, "@ghost_1:example.org")
		want := n.sayMany(t, id, "before", 3)
		b.wantBodies(want)
		b.setAnswer(func(int) int { return 503 })
		want = append(want, n.sayMany(t, id, "during", 250)...)
		// The ghost leaves while the bridge is down: what was said while it was there is for the bridge, what comes then is not.
		if err := n.rooms.Leave(t.Context(), room.MemberRequest{RoomID: id, Sender: "@ghost_1:example.org"}); err != nil {
			t.Fatal(err)
		}
		n.sayMany(t, id, "alone", 5)
		other := n.room(t, "@ghost_2:example.org")
		b.setAnswer(func(int) int { return 200 })
		n.delivery.Reachable("bridge")
		b.wantBodies(want)
		b.wantBodies(append(want, n.sayMany(t, other, "after", 1)...))
	})
}

// TestQueueOutlivesTheNode: what one node has fixed and could not deliver, the next one sends under the same id, whether the first one
// left in order or not.
func TestQueueOutlivesTheNode(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		for _, orderly := range []bool{true, false} {
			t.Run(fmt.Sprintf("orderly=%v", orderly), func(t *testing.T) {
				b := newBridge(t)
				dir := t.TempDir()
				if url != "" {
					url = testdb.Postgres(t)
				}
				first, second := newNode(t, url, dir, "first", b), newNode(t, url, dir, "second", b)
				id := first.room(t, "@ghost_1:example.org")
				want := first.sayMany(t, id, "m", 5)
				b.wantBodies(want)
				b.setAnswer(func(int) int { return 500 })
				want = append(want, first.sayMany(t, id, "n", 30)...)
				b.await("the attempts", func() bool { return b.count > len(b.taken)+3 })
				holder, other := first, second
				if !first.holds() {
					holder, other = second, first
				}
				if orderly {
					holder.delivery.Close()
				} else {
					holder.vanish()
				}
				b.setAnswer(func(int) int { return 200 })
				want = append(want, other.sayMany(t, id, "o", 10)...)
				b.wantBodies(want)
			})
		}
	})
}

func (n *node) holds() bool {
	n.delivery.mu.Lock()
	defer n.delivery.mu.Unlock()
	return len(n.delivery.held) > 0
}

// vanish ends a node as a crash does: nothing is written any more, and the lease stays.
func (n *node) vanish() {
	n.store.Close()
	n.delivery.Close()
}

func TestOneNodeSendsAtATime(t *testing.T) {
	url := testdb.Postgres(t)
	b := newBridge(t)
	nodes := []*node{newNode(t, url, "", "a", b), newNode(t, url, "", "b", b), newNode(t, url, "", "c", b)}
	id := nodes[0].room(t, "@ghost_1:example.org")
	var want []string
	for i := range 90 {
		want = append(want, fmt.Sprint("m", i))
		nodes[i%3].say(t.Context(), t, id, want[i])
		if i == 30 {
			for _, n := range nodes {
				if n.holds() {
					n.delivery.Close() // another goes on
				}
			}
		}
	}
	b.wantBodies(want)
	b.mu.Lock()
	defer b.mu.Unlock()
	if repeated := b.count - len(b.taken); repeated > 1 { // what was on its way when a node left may come again
		t.Errorf("%d attempts for %d transactions: two nodes sent", b.count, len(b.taken))
	}
}

func TestInterest(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := newBridge(t)
		n := newNode(t, url, t.TempDir(), "a", b)
		n.say(t.Context(), t, n.room(t), "nothing of theirs")
		n.say(t.Context(), t, n.room(t, "@ghost_x:elsewhere.org"), "a ghost of another server")
		n.say(t.Context(), t, n.room(t, "@bot:example.org"), "the bot is in")
		aliased, err := n.rooms.Create(t.Context(), room.CreateRequest{
			Creator: "@alice:example.org", Preset: "public_chat", AliasName: "ghost_hill",
		})
		if err != nil {
			t.Fatal(err)
		}
		n.say(t.Context(), t, aliased, "the alias is theirs")
		invited := n.room(t)
		if err := n.rooms.Invite(t.Context(), room.MemberRequest{RoomID: invited, Sender: "@alice:example.org", Target: "@ghost_2:example.org"}); err != nil {
			t.Fatal(err)
		}
		n.say(t.Context(), t, invited, "nobody of theirs has joined")
		b.await("the invitation", func() bool {
			return slices.ContainsFunc(b.events, func(e gjson.Result) bool { return e.Get("content.membership").Str == "invite" })
		})
		var got []string
		b.await("what was said", func() bool {
			got = nil
			for _, e := range b.events {
				if e.Get("type").Str == "m.room.message" {
					got = append(got, e.Get("content.body").Str)
				}
			}
			return len(got) >= 2
		})
		slices.Sort(got)
		if want := []string{"the alias is theirs", "the bot is in"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
