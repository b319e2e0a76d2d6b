package lease

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// memory is a table that needs no database. Writes of one process come one after another there, too.
type memory struct {
	mu   sync.Mutex
	rows []Row[int]
}

func (m *memory) each(do func(r *Row[int])) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.rows {
		do(&m.rows[i])
	}
}

func (m *memory) List(context.Context, *store.Tx) (rows []Row[int], err error) {
	m.each(func(r *Row[int]) { rows = append(rows, *r) })
	return rows, nil
}

func (m *memory) Renew(_ context.Context, _ *store.Tx, holder string) error {
	m.each(func(r *Row[int]) {
		if r.Holder == holder {
			r.Turn++
		}
	})
	return nil
}

func (m *memory) Take(_ context.Context, _ *store.Tx, key int, holder string, turn int64) (taken bool, err error) {
	m.each(func(r *Row[int]) {
		if r.Key == key && r.Turn == turn {
			r.Holder, taken = holder, true
			r.Turn++
		}
	})
	return taken, nil
}

func (m *memory) Release(_ context.Context, _ *store.Tx, key int, holder string) error {
	m.each(func(r *Row[int]) {
		if r.Key == key && r.Holder == holder {
			r.Holder = ""
			r.Turn++
		}
	})
	return nil
}

func (m *memory) ReleaseAll(_ context.Context, _ *store.Tx, holder string) error {
	m.each(func(r *Row[int]) {
		if r.Holder == holder {
			r.Holder = ""
			r.Turn++
		}
	})
	return nil
}

// node is a keeper under test, and what it was told.
type node struct {
	*Keeper[int]
	until map[int]time.Time
}

func newNode(t *testing.T, table *memory, name string, share func(int) int) *node {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	n := &node{until: map[int]time.Time{}}
	n.Keeper = &Keeper[int]{
		What: "testing", Table: table, Store: st, NodeID: name, Share: share, Log: slog.New(slog.DiscardHandler), seen: Sightings[int]{},
		Timing: Timing{Renew: time.Hour, StopAfter: time.Minute, TakeAfter: time.Nanosecond},
		Hold:   func(key int, until time.Time, _ bool) { n.until[key] = until },
		Lost:   func(key int) { delete(n.until, key) },
	}
	return n
}

func (n *node) rounds(t *testing.T, count int) {
	t.Helper()
	for range count {
		if err := n.round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLeasesAreSharedOut(t *testing.T) {
	table := &memory{rows: []Row[int]{{Key: 1}, {Key: 2}, {Key: 3}, {Key: 4}}}
	nodes := 1
	share := func(n int) int { return (n + nodes - 1) / nodes }
	a, b := newNode(t, table, "a", share), newNode(t, table, "b", share)
	b.Timing.TakeAfter = time.Hour
	a.rounds(t, 1)
	if len(a.until) != 4 {
		t.Fatalf("alone, a holds %v", a.until)
	}
	nodes = 2
	b.rounds(t, 1)
	if len(b.until) != 0 {
		t.Fatalf("b took %v from a node that lives", b.until)
	}
	a.rounds(t, 3) // one at a time
	b.rounds(t, 1)
	if len(a.until) != 2 || len(b.until) != 2 {
		t.Fatalf("a holds %v, b %v", a.until, b.until)
	}
	b.Release()
	nodes = 1
	a.rounds(t, 1)
	if len(a.until) != 4 {
		t.Errorf("a holds %v after b released", a.until)
	}
}

func TestLeaseOfADeadNodeIsTaken(t *testing.T) {
	table := &memory{rows: []Row[int]{{Key: 1, Holder: "dead", Turn: 7}}}
	a := newNode(t, table, "a", nil)
	a.rounds(t, 1)
	if len(a.until) != 0 {
		t.Fatal("taken at first sight")
	}
	if err := table.Renew(t.Context(), nil, "dead"); err != nil {
		t.Fatal(err)
	}
	a.rounds(t, 1)
	if len(a.until) != 0 {
		t.Fatal("taken although it was renewed")
	}
	a.rounds(t, 1)
	if len(a.until) != 1 {
		t.Fatal("not taken after it had stayed the same")
	}
	table.rows[0].Holder, table.rows[0].Turn = "other", 100
	a.rounds(t, 1)
	if len(a.until) != 0 {
		t.Error("the loss of the lease was not told")
	}
	a.rounds(t, 1)
	table.rows = nil
	a.rounds(t, 1)
	if len(a.until) != 0 || len(a.seen) != 0 {
		t.Errorf("a lease that is no more is remembered: %v %v", a.until, a.seen)
	}
}
