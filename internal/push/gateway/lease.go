package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/store"
)

// leases are the lanes that this node holds.
type leases struct {
	mu    sync.Mutex
	held  map[int]*held
	taken bool // since the last call of mine
}

// held is a lane that this node holds.
type held struct {
	pos   store.Pos // up to where it was followed
	saved store.Pos // up to where the database knows that
	asOf  time.Time // when saved was last written
	until time.Time // when the lease runs out
}

// mine lists the lanes whose lease has not run out, and whether any was taken since the last time.
func (l *leases) mine() (lanes map[int]held, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lanes, taken = map[int]held{}, l.taken
	l.taken = false
	for lane, h := range l.held {
		if time.Now().Before(h.until) {
			lanes[lane] = *h
		}
	}
	return lanes, taken
}

// numbers lists the lanes whose lease has not run out.
func (l *leases) numbers() (out []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for lane, h := range l.held {
		if time.Now().Before(h.until) {
			out = append(out, int64(lane))
		}
	}
	return out
}

// followed notes how far a lane has got; saved tells whether the database knows.
func (l *leases) followed(lane int, to store.Pos, saved bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[lane]
	if h == nil {
		return
	}
	h.pos = to
	if saved {
		h.saved, h.asOf = to, time.Now()
	}
}

func (l *leases) drop(lane int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, lane)
}

// hold notes that a lane is held, which the database knows to be followed up to pos.
func (l *leases) hold(lane int, pos store.Pos, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[lane]
	// A lease that had run out may have been somebody else's meanwhile.
	if h == nil || time.Now().After(h.until) {
		h = &held{pos: pos, saved: pos, asOf: time.Now()}
		l.held[lane], l.taken = h, true
	}
	h.until = until
}

// laneTable is the lanes as leases (lease.Table).
type laneTable struct {
	s  *Service
	at map[int]store.Pos // as of the last List
}

// List implements lease.Table.
func (t *laneTable) List(ctx context.Context, tx *store.Tx) ([]lease.Row[int], error) {
	lanes, err := tx.PushLanes(ctx)
	rows := make([]lease.Row[int], len(lanes))
	for i, l := range lanes {
		rows[i] = lease.Row[int]{Key: l.Lane, Holder: l.Holder, Turn: l.Turn}
		t.at[l.Lane] = l.Pos
	}
	return rows, err
}

// Renew implements lease.Table.
func (t *laneTable) Renew(ctx context.Context, tx *store.Tx, holder string) error {
	return tx.RenewPushLanes(ctx, holder)
}

// Take implements lease.Table.
func (t *laneTable) Take(ctx context.Context, tx *store.Tx, lane int, holder string, turn int64) (bool, error) {
	return tx.TakePushLane(ctx, lane, holder, turn)
}

// Release implements lease.Table.
func (t *laneTable) Release(ctx context.Context, tx *store.Tx, lane int, holder string) error {
	return tx.ReleasePushLane(ctx, lane, holder)
}

// ReleaseAll implements lease.Table. It also saves how far the lanes were followed.
func (t *laneTable) ReleaseAll(ctx context.Context, tx *store.Tx, holder string) error {
	lanes, _ := t.s.leases.mine()
	for lane, h := range lanes {
		if h.pos == h.saved {
			continue
		}
		if err := tx.AdvancePushLane(ctx, lane, holder, h.saved, h.pos); err != nil {
			return fmt.Errorf("saving how far lane %d was followed: %w", lane, err)
		}
	}
	return tx.ReleasePushLanes(ctx, holder)
}

// newKeeper keeps leases of lanes, which the nodes share out.
func (s *Service) newKeeper() *lease.Keeper[int] {
	table := &laneTable{s: s, at: map[int]store.Pos{}}
	return &lease.Keeper[int]{
		What: "pushing", Table: table, Store: s.Store, NodeID: s.NodeID, Timing: s.Timing.Timing, Share: s.share, Log: s.Log,
		Hold: func(lane int, until time.Time, taken bool) {
			s.leases.hold(lane, table.at[lane], until)
			if taken {
				signal(s.news)
				signal(s.due)
			}
		},
		Lost: s.leases.drop,
	}
}

// share is how many of n lanes a node should hold.
func (s *Service) share(n int) int {
	nodes := s.Peers() + 1
	return (n + nodes - 1) / nodes
}
