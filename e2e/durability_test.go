package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/testdb"
)

const (
	kills   = 10 // on each database
	writers = 4
)

// TestKilledServerLosesNothing kills the server (SIGKILL) under load again and again. After each restart every message that
// was acknowledged is there once, a repeated transaction id gives the first event id, and a client that goes on syncing
// with its old token sees every event once and in order. BONGSU_E2E_SEED replays the moments of the kills.
func TestKilledServerLosesNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		seed := uint64(time.Now().UnixNano())
		if text := os.Getenv("BONGSU_E2E_SEED"); text != "" {
			var err error
			if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatalf("BONGSU_E2E_SEED: %v", err)
			}
		}
		t.Logf("replay with BONGSU_E2E_SEED=%d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		server := Start(t, Options{Database: url})
		l := newLoad(On(t, server))
		for kill := range kills {
			l.run(server, 20+random.IntN(60))
			if err := server.Restart(); err != nil {
				t.Fatalf("restart %d: %v", kill+1, err)
			}
			l.settle()
			l.checkRepeats()
		}
		l.checkRooms()
		l.checkReaders()
	})
}

// load is users who write into rooms and readers who sync them, over the server's deaths.
type load struct {
	t       testing.TB
	writers []*writer
	readers []*reader
}

type writer struct {
	user *User
	room string

	next  int      // the number of the next message
	acked []string // event ids by number
}

func newLoad(s *Suite) *load {
	l := &load{t: s.T}
	host := s.User("host")
	rooms := []string{host.PublicRoom(), host.PublicRoom()}
	for i := range writers {
		w := &writer{user: s.User("writer"), room: rooms[i%len(rooms)]}
		w.user.Join(w.room)
		l.writers = append(l.writers, w)
	}
	for _, room := range rooms {
		u := s.User("reader")
		u.Join(room)
		r := &reader{user: u, room: room}
		r.since = u.SyncUntil("", "the room", HasSection("join", room))
		l.readers = append(l.readers, r)
	}
	return l
}

// run lets all write and read until so many messages are acknowledged, and kills the server in the middle of it.
func (l *load) run(server *Server, acks int) {
	l.t.Helper()
	var left atomic.Int64
	left.Store(int64(acks))
	enough, dead := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for _, w := range l.writers {
		wg.Go(func() {
			for w.send() {
				if left.Add(-1) == 0 {
					close(enough)
				}
			}
		})
	}
	for _, r := range l.readers {
		wg.Go(func() {
			for r.read(2000) == nil {
			}
		})
	}
	go func() { wg.Wait(); close(dead) }()
	select {
	case <-enough:
	case <-dead:
		l.t.Fatalf("the load ended before the kill\n%s", server.log.tail())
	case <-time.After(time.Minute):
		l.t.Fatalf("%d of %d messages are not acknowledged after a minute", left.Load(), acks)
	}
	server.Kill()
	<-dead
}

func (w *writer) path(number int) string {
	return V3("rooms", w.room, "send", "m.room.message", "txn"+strconv.Itoa(number))
}

func (w *writer) body(number int) Obj { return Text(fmt.Sprintf("%s says %d", w.user.ID, number)) }

// send sends the next message, or the one whose answer did not come, and tells whether it was acknowledged.
func (w *writer) send() bool {
	r, err := w.user.Try("PUT", w.path(w.next), w.body(w.next))
	if err != nil || r.Status != 200 {
		return false
	}
	w.acked = append(w.acked, r.Get("event_id").Str)
	w.next++
	return true
}

// settle sends what was not acknowledged before the kill.
func (l *load) settle() {
	l.t.Helper()
	for _, w := range l.writers {
		if !w.send() {
			l.t.Fatalf("%s cannot send after a restart", w.user.ID)
		}
	}
}

// checkRepeats sends acknowledged messages again: the first event id must come back.
func (l *load) checkRepeats() {
	l.t.Helper()
	for _, w := range l.writers {
		for _, number := range []int{0, len(w.acked) / 2, len(w.acked) - 2, len(w.acked) - 1} {
			if number < 0 {
				continue
			}
			if got := w.user.Put(w.path(number), w.body(number)).OK().Str("event_id"); got != w.acked[number] {
				l.t.Errorf("%s: message %d was %s, its repeat is %s", w.user.ID, number, w.acked[number], got)
			}
		}
	}
}

// roomOrder is every event id of a room, oldest first, with the bodies of messages.
func roomOrder(u *User, room string) (ids []string, bodies map[string]string) {
	u.t.Helper()
	bodies = map[string]string{}
	query := []string{"dir", "b", "limit", "100"}
	for {
		r := u.Get(V3("rooms", room, "messages") + Query(query...)).OK()
		for _, e := range r.Get("chunk").Array() {
			ids = append(ids, e.Get("event_id").Str)
			bodies[e.Get("event_id").Str] = e.Get("content.body").Str
		}
		if !r.Get("end").Exists() {
			slices.Reverse(ids)
			return ids, bodies
		}
		query = []string{"dir", "b", "limit", "100", "from", r.Str("end")}
	}
}

// checkRooms holds the rooms against what was acknowledged.
func (l *load) checkRooms() {
	l.t.Helper()
	for _, w := range l.writers {
		ids, bodies := roomOrder(w.user, w.room)
		var own []string
		prefix := w.user.ID + " says "
		for _, id := range ids {
			if body := bodies[id]; len(body) > len(prefix) && body[:len(prefix)] == prefix {
				own = append(own, id)
			}
		}
		if !slices.Equal(own, w.acked) {
			l.t.Errorf("%s: %d messages acknowledged, %d in the room; in order and once: no", w.user.ID, len(w.acked), len(own))
			for i, id := range w.acked {
				if n := len(slices.DeleteFunc(slices.Clone(own), func(x string) bool { return x != id })); n != 1 {
					l.t.Errorf("message %d (%s) is there %d times", i, id, n)
				}
			}
		}
	}
}

// checkReaders lets the readers catch up and holds what they saw against the rooms.
func (l *load) checkReaders() {
	l.t.Helper()
	for _, r := range l.readers {
		want, _ := roomOrder(r.user, r.room)
		for range 50 {
			if len(r.seen) > 0 && r.seen[len(r.seen)-1] == want[len(want)-1] {
				break
			}
			if err := r.read(1000); err != nil {
				l.t.Fatalf("%s: %v", r.user.ID, err)
			}
		}
		if len(r.seen) > len(want) || !slices.Equal(r.seen, want[len(want)-len(r.seen):]) {
			l.t.Errorf("%s saw %d events that are not the end of the room's %d, or not in their order", r.user.ID, len(r.seen), len(want))
		}
	}
}

// reader syncs a room with one unbroken chain of tokens.
type reader struct {
	user  *User
	room  string
	since string
	seen  []string
}

// read syncs once and keeps what came; a gap is filled from the token before it.
func (r *reader) read(timeoutMS int) error {
	resp, err := r.user.Try("GET", V3("sync")+Query("since", r.since, "timeout", strconv.Itoa(timeoutMS)), nil)
	if err != nil {
		return err
	}
	if resp.Status != 200 {
		return fmt.Errorf("sync answered %d: %s", resp.Status, resp.shown())
	}
	timeline := resp.Get(In("join", r.room, "timeline"))
	fresh := IDs(timeline.Get("events"))
	if timeline.Get("limited").Bool() {
		missed, err := r.gap(timeline.Get("prev_batch").Str)
		if err != nil {
			return err
		}
		fresh = append(missed, fresh...)
	}
	r.since = resp.Get("next_batch").Str
	r.seen = append(r.seen, fresh...)
	return nil
}

func (r *reader) gap(from string) (missed []string, err error) {
	for {
		resp, err := r.user.Try("GET", V3("rooms", r.room, "messages")+Query("dir", "b", "from", from, "to", r.since, "limit", "100"), nil)
		if err != nil {
			return nil, err
		}
		if resp.Status != 200 {
			return nil, fmt.Errorf("messages answered %d: %s", resp.Status, resp.shown())
		}
		missed = append(missed, IDs(resp.Get("chunk"))...)
		if !resp.Get("end").Exists() || len(resp.Get("chunk").Array()) == 0 {
			slices.Reverse(missed)
			return missed, nil
		}
		from = resp.Get("end").Str
	}
}
