package ephemeral

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/bus"
)

// notices counts what a node was told.
type notices struct {
	mu   sync.Mutex
	keys []string
}

func (n *notices) add(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys = append(n.keys, key)
}

func (n *notices) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	keys := n.keys
	n.keys = nil
	return keys
}

func newTyping(t testing.TB, b bus.Bus) (*Typing, *notices) {
	t.Helper()
	n := &notices{}
	typing, err := NewTyping(b, quiet(), n.add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(typing.Close)
	return typing, n
}

func wantUsers(t *testing.T, typing *Typing, roomID string, want ...string) {
	t.Helper()
	if got := typing.Room(roomID).Users; !slices.Equal(got, want) {
		t.Errorf("%v type in %s, want %v", got, roomID, want)
	}
}

func wantNews(t *testing.T, typing *Typing, since int64, want ...RoomTyping) (next int64) {
	t.Helper()
	got, next := typing.Since(since, all)
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("since %d: %v, want %v", since, got, want)
	}
	return next
}

func TestTypingBeginsAndEndsOnEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		here, hereNotices := newTyping(t, h.join())
		there, thereNotices := newTyping(t, h.join())

		here.Set("!a", "@alice", 30*time.Second)
		there.Set("!a", "@bob", 30*time.Second)
		for _, n := range []*Typing{here, there} {
			wantUsers(t, n, "!a", "@alice", "@bob")
		}
		here.Set("!a", "@alice", 0)
		for _, n := range []*Typing{here, there} {
			wantUsers(t, n, "!a", "@bob")
		}
		time.Sleep(29 * time.Second)
		synctest.Wait()
		wantUsers(t, here, "!a", "@bob")
		time.Sleep(time.Second)
		synctest.Wait()
		for _, n := range []*Typing{here, there} {
			wantUsers(t, n, "!a")
		}
		want := []string{"!a", "!a", "!a", "!a"}
		if got := hereNotices.take(); !slices.Equal(got, want) {
			t.Errorf("here: notices %v", got)
		}
		if got := thereNotices.take(); !slices.Equal(got, want) {
			t.Errorf("there: notices %v", got)
		}
	})
}

func TestTypingLongerIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		here, _ := newTyping(t, h.join())
		there, notices := newTyping(t, h.join())
		here.Set("!a", "@alice", 20*time.Second)
		counter := there.Counter()
		for range 5 {
			time.Sleep(15 * time.Second)
			here.Set("!a", "@alice", 20*time.Second)
		}
		synctest.Wait()
		wantUsers(t, there, "!a", "@alice")
		if there.Counter() != counter || len(notices.take()) != 1 {
			t.Error("going on to type was news")
		}
		time.Sleep(21 * time.Second)
		synctest.Wait()
		wantUsers(t, there, "!a")
	})
}

func TestTypingTimesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typing, notices := newTyping(t, bus.NewLocal())
		typing.Set("!a", "@alice", 24*time.Hour)
		typing.Set("!a", "@bob", -time.Hour)
		wantUsers(t, typing, "!a", "@alice")
		time.Sleep(MaxTyping)
		synctest.Wait()
		wantUsers(t, typing, "!a")
		if got := notices.take(); len(got) != 2 {
			t.Errorf("notices %v", got)
		}
	})
}

func TestTypingSinceTellsWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typing, _ := newTyping(t, bus.NewLocal())
		at := wantNews(t, typing, 0)
		typing.Set("!a", "@alice", time.Minute)
		typing.Set("!b", "@bob", time.Minute)
		at = wantNews(t, typing, at, RoomTyping{"!b", []string{"@bob"}}, RoomTyping{"!a", []string{"@alice"}})
		wantNews(t, typing, at)
		typing.Set("!a", "@alice", 0)
		if got, _ := typing.Since(at, func(room string) bool { return room == "!b" }); len(got) != 0 {
			t.Errorf("a room that is not joined: %v", got)
		}
		at = wantNews(t, typing, at, RoomTyping{"!a", []string{}})
		for _, strange := range []int64{0, -1, at + 1} {
			wantNews(t, typing, strange, RoomTyping{"!a", []string{}}, RoomTyping{"!b", []string{"@bob"}})
		}
		time.Sleep(stoppedNews + time.Second)
		synctest.Wait()
		wantNews(t, typing, 0, RoomTyping{"!b", []string{}})
		wantNews(t, typing, 1, RoomTyping{"!b", []string{}}, RoomTyping{"!a", []string{}})
	})
}

func TestTypingHealsWhenMessagesWereLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		here, _ := newTyping(t, h.join())
		there, _ := newTyping(t, h.join())
		here.Set("!a", "@alice", 30*time.Second)
		h.setCut(true)
		here.Set("!a", "@alice", 0)
		wantUsers(t, there, "!a", "@alice")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		wantUsers(t, there, "!a")
		here.Set("!a", "@alice", 30*time.Second)
		wantUsers(t, there, "!a")
		h.setCut(false)
		here.Set("!a", "@alice", 30*time.Second)
		wantUsers(t, there, "!a", "@alice")
	})
}

func TestTypingIsBounded(t *testing.T) {
	typing, _ := newTyping(t, bus.NewLocal())
	for i := range maxTypers + 10 {
		typing.Set("!a", fmt.Sprint("@user", i), time.Minute)
	}
	if n := len(typing.Room("!a").Users); n != maxTypers {
		t.Errorf("%d users type in one room", n)
	}
	for i := range maxTypingRooms {
		typing.Set(fmt.Sprint("!room", i), "@alice", time.Minute)
	}
	if n := len(typing.rooms); n != maxTypingRooms {
		t.Errorf("%d rooms", n)
	}
	wantUsers(t, typing, fmt.Sprint("!room", maxTypingRooms-1))
	typing.Set("!room7", "@alice", 0)
	typing.Set("!late", "@alice", time.Minute)
	wantUsers(t, typing, "!late", "@alice")
	if len(typing.rooms) != maxTypingRooms || typing.changed.Len() != maxTypingRooms || typing.stopped.Len() != 0 {
		t.Errorf("%d rooms, %d changed, %d stopped", len(typing.rooms), typing.changed.Len(), typing.stopped.Len())
	}
}

func TestTypingAfterCloseDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typing, notices := newTyping(t, bus.NewLocal())
		typing.Set("!a", "@alice", time.Second)
		typing.Close()
		notices.take()
		typing.Set("!a", "@bob", time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := notices.take(); got != nil {
			t.Errorf("notices %v", got)
		}
	})
}

// A client that follows Since with whatever gaps knows what Room says, as long as it syncs again before ends are forgotten.
func TestTypingSinceIsEnoughToFollow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &hub{}
			nodes := make([]*Typing, 2)
			for i := range nodes {
				nodes[i], _ = newTyping(t, h.join())
			}
			known, at := map[string][]string{}, int64(0)
			rooms, users := rapid.SampledFrom([]string{"!a", "!b", "!c"}), rapid.SampledFrom([]string{"@a", "@b", "@c"})
			for range rapid.IntRange(1, 60).Draw(r, "steps") {
				switch rapid.IntRange(0, 3).Draw(r, "what") {
				case 0:
					nodes[rapid.IntRange(0, 1).Draw(r, "node")].Set(rooms.Draw(r, "room"), users.Draw(r, "user"),
						time.Duration(rapid.IntRange(1, 60).Draw(r, "timeout"))*time.Second)
				case 1:
					nodes[rapid.IntRange(0, 1).Draw(r, "node")].Set(rooms.Draw(r, "room"), users.Draw(r, "user"), 0)
				case 2:
					time.Sleep(time.Duration(rapid.IntRange(1, 20).Draw(r, "wait")) * time.Second)
				default:
					var news []RoomTyping
					news, at = nodes[0].Since(at, all)
					for _, n := range news {
						known[n.RoomID] = n.Users
					}
				}
				synctest.Wait()
			}
			news, _ := nodes[0].Since(at, all)
			for _, n := range news {
				known[n.RoomID] = n.Users
			}
			for _, room := range []string{"!a", "!b", "!c"} {
				here, there := nodes[0].Room(room).Users, nodes[1].Room(room).Users
				if len(here)+len(known[room]) > 0 && !slices.Equal(here, known[room]) {
					r.Errorf("%v type in %s, known are %v", here, room, known[room])
				}
				if !slices.Equal(slices.Sorted(slices.Values(here)), slices.Sorted(slices.Values(there))) {
					r.Errorf("in %s the nodes know %v and %v", room, here, there)
				}
			}
			for _, n := range nodes {
				n.Close()
			}
		})
	})
}

// What it costs a waiting client to be woken by one room of 10,000 in which people type.
func BenchmarkTypingSinceOneChange(b *testing.B) {
	typing, _ := newTyping(b, bus.NewLocal())
	for i := range 10_000 {
		typing.Set(fmt.Sprint("!room", i), "@alice", MaxTyping)
	}
	at := typing.Counter() - 1
	b.ReportAllocs()
	for b.Loop() {
		if news, _ := typing.Since(at, all); len(news) != 1 {
			b.Fatal(news)
		}
	}
}
