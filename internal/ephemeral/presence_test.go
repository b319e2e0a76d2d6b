package ephemeral

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/bus"
)

func newPresence(t testing.TB, b bus.Bus, saver Saver) (*Presence, *notices) {
	t.Helper()
	n := &notices{}
	p, err := NewPresence(b, saver, quiet(), n.add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p, n
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func get(t *testing.T, p *Presence, userID string) State {
	t.Helper()
	s, _, err := p.Get(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantState(t *testing.T, p *Presence, userID, presence string, active bool) {
	t.Helper()
	if s := get(t, p, userID); s.Presence != presence || s.CurrentlyActive != active {
		t.Errorf("%s is %s, currently active %v; want %s, %v", userID, s.Presence, s.CurrentlyActive, presence, active)
	}
}

func TestPresenceOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, notices := newPresence(t, bus.NewLocal(), nil)
		wantState(t, p, "@alice", Offline, false)
		began := time.Now()
		done := p.Syncing("@alice", "PHONE", "")
		wantState(t, p, "@alice", Online, true)
		pass(activeFor)
		wantState(t, p, "@alice", Online, false)
		p.Active("@alice", "PHONE")
		pass(0)
		wantState(t, p, "@alice", Online, true)
		if got := get(t, p, "@alice").LastActive; !got.Equal(began.Add(activeFor)) {
			t.Errorf("last active at %v", got)
		}
		pass(idleAfter)
		wantState(t, p, "@alice", Unavailable, false)
		done()
		done()
		again := p.Syncing("@alice", "PHONE", "")
		wantState(t, p, "@alice", Unavailable, false) // asking for news is not an activity
		again()
		pass(linkKept - time.Second)
		wantState(t, p, "@alice", Unavailable, false)
		pass(time.Second)
		wantState(t, p, "@alice", Offline, false)
		if got := notices.take(); len(got) != 6 {
			t.Errorf("%d notices, want 6: active, not, active, not, away, offline", len(got))
		}
	})
}

func TestPresenceBySync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPresence(t, bus.NewLocal(), nil)
		p.Syncing("@alice", "A", Offline)()
		wantState(t, p, "@alice", Offline, false)
		p.Syncing("@alice", "A", Unavailable)()
		wantState(t, p, "@alice", Unavailable, false)
		p.Syncing("@alice", "B", Online)()
		wantState(t, p, "@alice", Online, true)
		p.Syncing("@alice", "B", Unavailable)()
		wantState(t, p, "@alice", Unavailable, false)
		pass(idleAfter)
		wantState(t, p, "@alice", Offline, false)
		p.Syncing("@alice", "B", Online)()
		wantState(t, p, "@alice", Online, true)
	})
}

func TestPresenceByChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, notices := newPresence(t, bus.NewLocal(), nil)
		p.Put("@alice", "A", Online, "I am here")
		wantState(t, p, "@alice", Online, true)
		if s := get(t, p, "@alice"); s.StatusMsg != "I am here" {
			t.Errorf("status %q", s.StatusMsg)
		}
		p.Put("@alice", "A", Unavailable, "in a meeting")
		done := p.Syncing("@alice", "A", Online)
		defer func() { done() }()
		wantState(t, p, "@alice", Unavailable, false)
		p.Active("@alice", "A")
		wantState(t, p, "@alice", Online, true)
		synctest.Wait()
		notices.take()

		p.Put("@alice", "A", Offline, "")
		hidden := time.Now()
		pass(time.Second)
		p.Active("@alice", "A")
		p.Syncing("@alice", "B", Offline)()
		wantState(t, p, "@alice", Offline, false)
		if s := get(t, p, "@alice"); s.LastActive.After(hidden) {
			t.Error("the time of the last activity betrays a user who is hidden")
		}
		synctest.Wait()
		if got := notices.take(); len(got) != 1 {
			t.Errorf("notices %v", got)
		}
		done()
		pass(linkKept)
		done = p.Syncing("@alice", "A", Online)
		wantState(t, p, "@alice", Online, true)
		p.Put("@alice", "A", Offline, "")
		p.Syncing("@alice", "B", Unavailable)()
		wantState(t, p, "@alice", Online, true) // device A is still online
		p.Put("@alice", "A", Offline, "")
		p.Syncing("@alice", "A", Online)()
		wantState(t, p, "@alice", Online, true)
	})
}

func TestPresenceIsTheSameOnEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		here, _ := newPresence(t, h.join(), nil)
		there, notices := newPresence(t, h.join(), nil)
		phone := here.Syncing("@alice", "PHONE", Online)
		wantState(t, there, "@alice", Online, true)
		here.Put("@alice", "PHONE", Unavailable, "away")
		wantState(t, there, "@alice", Unavailable, false)
		laptop := there.Syncing("@alice", "LAPTOP", Online)
		wantState(t, here, "@alice", Unavailable, false)
		there.Put("@alice", "LAPTOP", Online, "back")
		wantState(t, here, "@alice", Online, true)
		if s := get(t, here, "@alice"); s.StatusMsg != "back" {
			t.Errorf("status %q", s.StatusMsg)
		}
		phone()
		pass(linkKept)
		wantState(t, here, "@alice", Online, true)
		for range 10 {
			pass(nodeKept)
			there.Active("@alice", "LAPTOP")
			wantState(t, here, "@alice", Online, true)
		}
		laptop()
		pass(linkKept)
		wantState(t, here, "@alice", Offline, false)
		wantState(t, there, "@alice", Offline, false)
		if notices.take() == nil {
			t.Error("the other node was never told")
		}
	})
}

func TestPresenceOfALostNodeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		here, _ := newPresence(t, h.join(), nil)
		there, _ := newPresence(t, h.join(), nil)
		done := here.Syncing("@alice", "PHONE", Online)
		defer done()
		here.Put("@alice", "PHONE", Unavailable, "away")
		h.setCut(true)
		pass(nodeKept)
		wantState(t, there, "@alice", Offline, false)
		h.setCut(false)
		pass(tellEvery)
		wantState(t, there, "@alice", Unavailable, false)
	})
}

func TestPresenceFromAnotherNodeIsChecked(t *testing.T) {
	h := &hub{}
	stranger := h.join()
	p, notices := newPresence(t, h.join(), nil)
	future := time.Now().Add(time.Hour)
	for _, m := range []bus.Presence{
		{UserID: "@a", Presence: Online},
		{Node: "n", Presence: Online},
		{Node: "n", UserID: "@a", Presence: "busy"},
		{Node: "n", UserID: "@a", Presence: Online, Status: string(make([]byte, MaxStatus+1))},
	} {
		if err := bus.Send(stranger, m); err != nil {
			t.Fatal(err)
		}
	}
	if got := notices.take(); got != nil {
		t.Errorf("notices %v", got)
	}
	if err := bus.Send(stranger, bus.Presence{Node: "n", UserID: "@a", Presence: Online, Active: future.UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	if s := get(t, p, "@a"); !s.LastActive.Before(future) || s.Presence != Online {
		t.Errorf("%v: active in the future", s)
	}
}

func TestPresenceSinceTellsWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPresence(t, bus.NewLocal(), nil)
		names := func(since int64) (ids []string, next int64) {
			states, next := p.Since(since, func(id string) bool { return id != "@hidden" })
			for _, s := range states {
				ids = append(ids, s.UserID+" "+s.Presence)
			}
			return ids, next
		}
		want := func(since int64, want ...string) (next int64) {
			t.Helper()
			got, next := names(since)
			if !slices.Equal(got, want) {
				t.Errorf("since %d: %v, want %v", since, got, want)
			}
			return next
		}
		p.Syncing("@bob", "B", Online)
		p.Syncing("@hidden", "H", Online)
		p.Put("@suppressed", "S", Offline, "")
		at := want(0, "@bob online")
		want(at)
		p.Active("@bob", "B")
		want(at)
		p.Syncing("@alice", "A", Online)()
		at = want(at, "@alice online")
		if at != p.Counter() {
			t.Errorf("counter %d, want %d", p.Counter(), at)
		}
		pass(linkKept)
		want(at, "@alice offline")
		want(0, "@alice offline", "@bob online")
		want(at+100, "@alice offline", "@bob online")
		pass(goneNews + time.Second)
		want(0, "@bob online")
	})
}

func TestPresenceSwitchedOff(t *testing.T) {
	var p *Presence
	p.Put("@alice", "A", Online, "here")
	p.Active("@alice", "A")
	p.Syncing("@alice", "A", Online)()
	if s, ok, err := p.Get(t.Context(), "@alice"); s.Presence != Offline || ok || err != nil {
		t.Errorf("%v, %v, %v", s, ok, err)
	}
	if states, next := p.Since(0, all); states != nil || next != 0 || p.Counter() != 0 {
		t.Errorf("%v, %d", states, next)
	}
	if p.Enabled() {
		t.Error("enabled")
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPresenceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPresence(t, bus.NewLocal(), nil)
		for i := range 10 * maxLinks {
			defer p.Syncing("@many", fmt.Sprint("DEVICE", i), Online)()
			p.Active("@many", fmt.Sprint("OTHER", i))
		}
		if n := len(p.users["@many"].links); n > maxLinks {
			t.Errorf("%d links", n)
		}
		for i := range 1000 {
			p.Syncing(fmt.Sprint("@user", i), "A", Online)()
		}
		pass(linkKept + goneKept)
		p.Put("@suppressed", "S", Offline, "")
		if n := len(p.users); n > 1002-forgetAtOnce {
			t.Errorf("%d users are remembered", n)
		}
		for i := range 1000 / forgetAtOnce {
			p.Active(fmt.Sprint("@new", i), "A")
		}
		if p.users["@suppressed"] == nil || p.users["@many"] == nil || p.users["@user999"] != nil {
			t.Error("the wrong ones were forgotten")
		}
		if p.changed.Len() != len(p.users) {
			t.Errorf("%d in the order of changes, %d users", p.changed.Len(), len(p.users))
		}
	})
}

// A client that follows Since knows what Get says, and all nodes say the same once all is told.
func TestPresenceSinceIsEnoughToFollow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &hub{}
			var nodes []*Presence
			for range 2 {
				p, _ := newPresence(t, h.join(), nil)
				nodes = append(nodes, p)
			}
			known, at := map[string]State{}, int64(0)
			follow := func() {
				var states []State
				states, at = nodes[0].Since(at, all)
				for _, s := range states {
					known[s.UserID] = s
				}
			}
			users, devices := []string{"@a", "@b"}, rapid.SampledFrom([]string{"X", "Y"})
			states := rapid.SampledFrom([]string{Online, Unavailable, Offline})
			for range rapid.IntRange(1, 40).Draw(r, "steps") {
				node, user := nodes[rapid.IntRange(0, 1).Draw(r, "node")], rapid.SampledFrom(users).Draw(r, "user")
				switch rapid.IntRange(0, 4).Draw(r, "what") {
				case 0:
					node.Put(user, devices.Draw(r, "device"), states.Draw(r, "presence"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(r, "status"))
				case 1:
					node.Active(user, devices.Draw(r, "device"))
				case 2:
					node.Syncing(user, devices.Draw(r, "device"), states.Draw(r, "presence"))()
				case 3:
					follow()
				}
				pass(time.Duration(rapid.SampledFrom([]int{1, 1000, 20_000, 61_000}).Draw(r, "wait")) * time.Millisecond)
			}
			follow()
			for _, user := range users {
				here, was := get(t, nodes[0], user), known[user]
				if was.UserID != "" && !here.sameView(was) {
					r.Errorf("%v, but followed to %v", here, was)
				}
				if was.UserID == "" && here.Presence != Offline {
					r.Errorf("%v was never told", here)
				}
				if there := get(t, nodes[1], user); here.Presence != there.Presence || here.StatusMsg != there.StatusMsg {
					r.Errorf("the nodes say %v and %v", here, there)
				}
			}
			for _, n := range nodes {
				_ = n.Close(context.Background())
			}
		})
	})
}

func BenchmarkPresenceSync(b *testing.B) {
	p, _ := newPresence(b, bus.NewLocal(), nil)
	for i := range 10_000 {
		p.Syncing(fmt.Sprint("@user", i), "A", Online)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Syncing("@user7", "A", Online)()
	}
}
