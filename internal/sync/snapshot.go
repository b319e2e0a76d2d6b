package sync

import (
	"context"
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
func (h *hub) snapshot(ctx context.Context, s *session) (*snapshot, error) {
	deadline := time.Now().Add(behindMost)
	for {
		snap, behind := h.trySnapshot(s)
		if behind < 0 {
			return snap, nil
		}
		h.laneMoved(behind)
		if time.Now().After(deadline) {
			return nil, mxerr.Unavailable(time.Second)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
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
	deadline := time.Now().Add(behindMost)
	for {
		behind := false
		for lane, pos := range h.positions() {
			if pos < since.Pos(lane) {
				behind = true
				h.laneMoved(lane)
			}
		}
		if !behind {
			return nil
		}
		if time.Now().After(deadline) {
			return token.ErrUnknownPos
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
