package sync

import (
	"context"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// snapshot is the user's rooms and the lanes' positions at one moment.
type snapshot struct {
	now   []store.Pos
	floor []store.Pos
	rooms []*member
}

// behindMost bounds the wait for the window to reach what a user's memberships already tell of.
const behindMost = 5 * time.Second

// snapshot waits, where the user's rooms were read from a database that is ahead of the window, until the window has caught up.
func (h *hub) snapshot(ctx context.Context, s *session) (snap *snapshot, err error) {
	reached, err := h.catchUp(ctx, func() (behind int) {
		snap, behind = h.trySnapshot(s)
		return behind
	})
	if err == nil && !reached {
		err = mxerr.Unavailable(time.Second)
	}
	return snap, err
}

// catchUp waits until no lane is behind; behind names one that is, or -1. reached is false if that took too long.
func (h *hub) catchUp(ctx context.Context, behind func() int) (reached bool, err error) {
	lane := behind()
	if lane < 0 {
		return true, nil
	}
	tooLong := time.NewTimer(behindMost)
	defer tooLong.Stop()
	for ; lane >= 0; lane = behind() {
		h.laneMoved(lane)
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-tooLong.C:
			return false, nil
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true, nil
}

// trySnapshot also returns a lane that is behind, or -1.
func (h *hub) trySnapshot(s *session) (*snapshot, int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	snap := &snapshot{rooms: s.members()}
	for i := range h.lanes {
		snap.now = append(snap.now, h.lanes[i].pos)
		snap.floor = append(snap.floor, h.lanes[i].floor)
	}
	for _, m := range snap.rooms {
		if lane := store.Pos(m.room).Lane(); m.pos > snap.now[lane] {
			return snap, lane
		}
	}
	return snap, -1
}

// reach waits until the window is where another node has already told the client to be. Where it does not get there, the position is of
// commits that are gone.
func (h *hub) reach(ctx context.Context, since *token.Sync) error {
	if since == nil {
		return nil
	}
	reached, err := h.catchUp(ctx, func() int {
		h.mu.RLock()
		defer h.mu.RUnlock()
		return slices.IndexFunc(h.lanes, func(l laneWindow) bool { return l.pos < since.Pos(l.pos.Lane()) })
	})
	if err != nil || reached {
		return err
	}
	if h.store.Database().Primary == "" {
		return mxerr.Unavailable(time.Second) // a standby that is read may only be behind
	}
	return token.ErrUnknownPos
}
