package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of following.
const (
	passMost = 1000             // positions of a lane at once
	saveGap  = 10_000           // positions that a lane may be ahead of what the database knows
	saveTime = 30 * time.Second // the same in time
)

// follow looks at what is committed, until ctx ends.
func (s *Service) follow(ctx context.Context) {
	tick := time.NewTicker(s.Timing.Look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.news:
			sleep(ctx, s.Timing.Gather)
		case <-tick.C:
		}
		more, err := s.pass(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("following events for pushing failed; trying again", "err", err)
			sleep(ctx, s.Timing.Look)
		}
		if more {
			signal(s.news)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// pass looks once at all lanes that this node holds; more tells that there is more to look at.
func (s *Service) pass(ctx context.Context) (more bool, err error) {
	mine, taken := s.leases.mine()
	if len(mine) == 0 {
		return false, nil
	}
	var plans []*plan
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		lanes, err := tx.PushLanes(ctx)
		if err != nil {
			return fmt.Errorf("reading how far pushing has got: %w", err)
		}
		wanted, err := tx.AnyPushers(ctx)
		if err != nil {
			return fmt.Errorf("looking for pushers: %w", err)
		}
		if !wanted { // nothing of what happened is for anybody
			s.index.reset(lanes)
			plans = passOver(lanes, mine)
			return nil
		}
		if taken {
			s.index.reset(lanes)
		} else if err := s.index.refresh(ctx, tx, lanes); err != nil {
			return err
		}
		for _, l := range lanes {
			h, ok := mine[l.Lane]
			if !ok || l.Holder != s.NodeID || l.Now <= h.pos {
				continue
			}
			p := &plan{tx: tx, index: s.index, lane: l.Lane, from: h.pos, to: min(l.Now, h.pos+passMost), now: time.Now().UnixMilli()}
			if err := p.make(ctx); err != nil {
				return fmt.Errorf("looking at lane %d: %w", l.Lane, err)
			}
			plans, more = append(plans, p), more || p.to < l.Now
		}
		return nil
	})
	if err != nil {
		s.leases.again()
		return false, err
	}
	for _, p := range plans {
		if err := s.carryOut(ctx, p, mine[p.lane]); err != nil {
			s.leases.again()
			return false, err
		}
	}
	return more, nil
}

// passOver makes plans to do nothing up to where the lanes are.
func passOver(lanes []store.PushLane, mine map[int]held) (plans []*plan) {
	for _, l := range lanes {
		if h, ok := mine[l.Lane]; ok && l.Now > h.pos {
			plans = append(plans, &plan{lane: l.Lane, from: h.pos, to: l.Now})
		}
	}
	return plans
}

// again makes the next pass begin with an empty index, since the last one may have left it half done.
func (l *leases) again() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = true
}

// carryOut writes what a plan says, with how far the lane was followed. Where there is nothing to write, the latter can wait.
func (s *Service) carryOut(ctx context.Context, p *plan, h held) error {
	if p.empty() && p.to-h.saved < saveGap && time.Since(h.asOf) < saveTime {
		s.leases.followed(p.lane, p.to, false)
		return nil
	}
	queued := false
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if err := tx.AdvancePushLane(ctx, p.lane, s.NodeID, h.saved, p.to); err != nil {
			return err
		}
		queued, err = p.write(ctx, tx)
		return err
	})
	if errors.Is(err, store.ErrConflict) { // another node has the lane
		s.leases.drop(p.lane)
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing what is to be pushed: %w", err)
	}
	s.leases.followed(p.lane, p.to, true)
	if queued {
		signal(s.due)
	}
	return nil
}
