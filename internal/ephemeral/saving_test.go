package ephemeral

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/store"
)

// memory is a Saver without a database.
type memory struct {
	mu   sync.Mutex
	rows map[string]store.Presence
	fail error
}

func (m *memory) SavePresence(_ context.Context, saved []store.Presence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, s := range saved {
		m.rows[s.UserID] = s
	}
	return nil
}

func (m *memory) LoadPresence(_ context.Context, userIDs []string) (found []store.Presence, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	for _, id := range userIDs {
		if s, ok := m.rows[id]; ok {
			found = append(found, s)
		}
	}
	return found, nil
}

func (m *memory) setFail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func TestPresenceOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &memory{rows: map[string]store.Presence{}}
		before, _ := newPresence(t, bus.NewLocal(), db)
		before.Put("@alice", "A", Online, "on the mountain")
		acted := time.Now()
		if len(db.rows) != 0 {
			t.Error("saved at once")
		}
		if err := before.Close(t.Context()); err != nil {
			t.Fatal(err)
		}

		after, notices := newPresence(t, bus.NewLocal(), db)
		s := get(t, after, "@alice")
		if s.Presence != Offline || s.StatusMsg != "on the mountain" || !s.LastActive.Equal(acted) {
			t.Errorf("after the restart: %v", s)
		}
		if _, ok, err := after.Get(t.Context(), "@bob"); ok || err != nil {
			t.Errorf("@bob: %v, %v", ok, err)
		}
		done := after.Syncing("@alice", "A", Unavailable)
		synctest.Wait()
		if s := get(t, after, "@alice"); s.Presence != Unavailable || s.StatusMsg != "on the mountain" {
			t.Errorf("after coming back: %v", s)
		}
		// One of the presence and one of the status, or one of both: what comes while another is told of is told once.
		if got := notices.take(); len(got) != 1 && len(got) != 2 {
			t.Errorf("notices %v, want one or two", got)
		}
		done()
		pass(time.Second)
		after.Put("@alice", "A", Online, "")
		pass(linkKept + saveEvery)
		if got := db.rows["@alice"]; got.StatusMsg != "" || got.LastActive <= acted.UnixMilli() {
			t.Errorf("saved %v", got)
		}
	})
}

func TestPresenceIsSavedAndLoadedWhenTheDatabaseIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &memory{rows: map[string]store.Presence{"@bob": {UserID: "@bob", StatusMsg: "old", SetAt: 1}}}
		p, _ := newPresence(t, bus.NewLocal(), db)
		lost := errors.New("the database burns")
		db.setFail(lost)
		p.Put("@alice", "A", Online, "first")
		defer p.Syncing("@bob", "B", Online)()
		pass(2 * saveEvery)
		if _, _, err := p.Get(t.Context(), "@carol"); !errors.Is(err, lost) {
			t.Errorf("a user who is not in memory: %v", err)
		}
		if s := get(t, p, "@alice"); s.StatusMsg != "first" {
			t.Errorf("%v", s)
		}
		p.Put("@alice", "A", Online, "second")
		db.setFail(nil)
		pass(saveEvery)
		if s := db.rows["@alice"].StatusMsg; s != "second" {
			t.Errorf("saved %q", s)
		}
		if s := get(t, p, "@bob"); s.StatusMsg != "old" || s.Presence != Online {
			t.Errorf("%v", s)
		}
	})
}
