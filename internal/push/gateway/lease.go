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
	seen  lease.Sightings[int] // owned by keepLeases
	taken bool                 // since the last call of mine
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

// hold notes that a lane is held from when its renewal began.
func (l *leases) hold(row store.PushLane, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[row.Lane]
	// A lease that had run out may have been somebody else's meanwhile.
	if h == nil || time.Now().After(h.until) {
		h = &held{pos: row.Pos, saved: row.Pos, asOf: time.Now()}
		l.held[row.Lane], l.taken = h, true
	}
	h.until = until
}

// keepLeases renews what this node holds, takes what nobody holds any more, and gives away what is more than its share.
func (s *Service) keepLeases(ctx context.Context) {
	tick := time.NewTicker(s.Timing.Renew)
	defer tick.Stop()
	for {
		if err := s.leaseRound(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("the leases of pushing could not be renewed; trying again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) leaseRound(ctx context.Context) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.Timing.StopAfter)
	defer cancel()
	rows, err := s.renewLeases(ctx)
	if err != nil {
		return err
	}
	mine := 0
	for _, row := range rows {
		if row.Holder == s.NodeID {
			mine++
			s.leases.hold(row, start.Add(s.Timing.StopAfter))
		} else {
			s.leases.drop(row.Lane)
		}
	}
	share := s.share(len(rows))
	if mine > share {
		return s.giveAway(ctx)
	}
	for _, row := range rows {
		if row.Holder == s.NodeID || !s.free(row, mine < share) {
			continue
		}
		taken, err := s.takeLease(ctx, row)
		if err != nil {
			return err
		}
		if taken {
			mine++
			s.leases.hold(row, start.Add(s.Timing.StopAfter))
			signal(s.news)
			signal(s.due)
		}
	}
	return nil
}

// share is how many of n lanes a node should hold.
func (s *Service) share(n int) int {
	nodes := s.Peers() + 1
	return (n + nodes - 1) / nodes
}

// renewLeases raises the turn of what this node holds, if it holds anything, and reads all leases.
func (s *Service) renewLeases(ctx context.Context) (rows []store.PushLane, err error) {
	read := func(tx *store.Tx) (err error) {
		rows, err = tx.PushLanes(ctx)
		return err
	}
	if len(s.leases.numbers()) == 0 {
		return rows, s.Store.Read(ctx, read)
	}
	return rows, s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RenewPushLanes(ctx, s.NodeID); err != nil {
			return err
		}
		return read(tx)
	})
}

// free tells whether a lease can be taken: nobody holds it, or it has not changed for so long that its holder has stopped. What nobody
// holds is left to nodes that have less than their share, as long as there seem to be such.
func (s *Service) free(row store.PushLane, below bool) bool {
	unchanged := s.leases.seen.Unchanged(row.Lane, row.Turn, time.Now())
	return row.Holder == "" && below || unchanged >= s.Timing.TakeAfter
}

func (s *Service) takeLease(ctx context.Context, row store.PushLane) (taken bool, err error) {
	err = s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakePushLane(ctx, row.Lane, s.NodeID, row.Turn)
		return err
	})
	if taken && row.Holder != "" {
		s.Log.Info("taking over pushing from a node that is gone", "lane", row.Lane, "node", row.Holder)
	}
	return taken, err
}

// giveAway releases one lane.
func (s *Service) giveAway(ctx context.Context) error {
	lanes := s.leases.numbers()
	if len(lanes) == 0 {
		return nil
	}
	lane := int(lanes[0])
	s.leases.drop(lane)
	return s.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleasePushLane(ctx, lane, s.NodeID) })
}

// releaseTimeout bounds the last write of a node that ends.
const releaseTimeout = 5 * time.Second

// release saves how far the lanes were followed, and gives all of them away.
func (s *Service) release() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	lanes, _ := s.leases.mine()
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		for lane, h := range lanes {
			if h.pos == h.saved {
				continue
			}
			if err := tx.AdvancePushLane(ctx, lane, s.NodeID, h.saved, h.pos); err != nil {
				return fmt.Errorf("saving how far lane %d was followed: %w", lane, err)
			}
		}
		return tx.ReleasePushLanes(ctx, s.NodeID)
	})
	if err != nil {
		s.Log.Warn("the leases of pushing were not released; other nodes take them when they run out", "err", err)
	}
}
