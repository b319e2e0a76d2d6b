package gateway

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func TestOnlyTheNewestWaitForAPusherThatIsDown(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		var up atomic.Bool
		s := newSink(t, func(w http.ResponseWriter, _ gjson.Result) bool {
			if !up.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return up.Load()
		})
		id := n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "k", s.URL, formatIDOnly)
		const sent = mostWaiting + 20
		last := ""
		for i := range sent {
			last = n.say(t, id, bob, fmt.Sprint(i))
		}
		eventually(t, "not all are counted", func() bool { return n.unread(t, alice) == sent })
		up.Store(true)
		count := 0
		for seen := map[string]bool{}; ; {
			got := s.next(t).Get("event_id").Str
			if got == "" || seen[got] {
				t.Fatalf("%q came again", got)
			}
			seen[got] = true
			count++
			if got == last {
				break
			}
		}
		// An attempt that was under way when the gateway came back may have sent what was older.
		if count > mostWaiting+mostInRun {
			t.Errorf("%d of %d came", count, sent)
		}
	})
}

func TestWhatIsADayOldIsNotSent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		n.push.Close()
		p := n.setPusher(t, alice, "k", "http://gateway.test", "")
		now := time.Now()
		err := n.st.Write(t.Context(), func(tx *store.Tx) error {
			for pos, ts := range map[store.Pos]int64{7: now.Add(-staleAfter - time.Minute).UnixMilli(), 8: now.UnixMilli()} {
				unread := store.PushUnread{UserID: alice, Pos: pos, Room: 1, ThreadID: mainThread, TS: ts, Actions: []byte(`["notify"]`)}
				if err := tx.AddPushUnread(t.Context(), []store.PushUnread{unread}); err != nil {
					return err
				}
				if err := tx.QueuePush(t.Context(), []store.PushQueued{queued(p, pos, ts)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // with and without the chore
			w, err := n.push.waiting(t.Context(), p)
			if err != nil || len(w.events) != 1 || w.events[0].Pos != 8 {
				t.Fatalf("%v, %+v", err, w)
			}
			if err := n.push.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestPausesGrowAndDiffer(t *testing.T) {
	s := &Service{Options: Options{Timing: DefaultTiming()}}
	for failures, most := range map[int64]time.Duration{0: 2 * time.Second, 3: 16 * time.Second, 11: time.Hour, 1000: time.Hour} {
		seen := map[time.Duration]bool{}
		for range 100 {
			pause := s.backoff(failures)
			if pause < most/2 || pause > most+1 {
				t.Errorf("a pause of %v after %d failures", pause, failures)
			}
			seen[pause] = true
		}
		if len(seen) < 10 {
			t.Errorf("only %d different pauses", len(seen))
		}
	}
}

func TestOneHostDoesNotTakeAllAttempts(t *testing.T) {
	o := &posts{busy: map[pusherKey]bool{}, hosts: map[string]int{}}
	begun := 0
	for i := range 2 * mostPerHost {
		if o.begin(store.Pusher{UserID: fmt.Sprint(i), Host: "slow"}) {
			begun++
		}
	}
	if begun != mostPerHost || !o.begin(store.Pusher{UserID: "x", Host: "other"}) || o.begin(store.Pusher{UserID: "x", Host: "other"}) {
		t.Errorf("%d attempts to one host", begun)
	}
	if _, full := o.room(); len(full) != 1 || full[0] != "slow" {
		t.Errorf("full: %v", full)
	}
	o.end(store.Pusher{UserID: "0", Host: "slow"})
	if !o.begin(store.Pusher{UserID: "0", Host: "slow"}) {
		t.Error("an attempt that ended leaves no room for another")
	}
}
