package account

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// The kinds of chores.
const (
	choreLeave   = "leave"
	choreProfile = "profile"
)

const (
	// choreWait is how long the request that asked for a chore waits for it, so that its client sees what it did in most cases.
	choreWait = 2 * time.Second
	// choreRetry is the pause after a chore that failed.
	choreRetry = 5 * time.Second
	choreTries = 60
	choreBatch = 100
)

func newChore(userID, kind string) store.Chore {
	return store.Chore{UserID: userID, Kind: kind, Turn: rand.Int64()} //nolint:gosec // tells requests apart, no secret
}

// startChore does a chore that was just asked for. It goes on when the caller has left.
func (s *Service) startChore(ctx context.Context, userID, kind string) {
	if s.Rooms == nil || s.alive.Err() != nil {
		return
	}
	done := make(chan struct{})
	s.tasks.Go(func() {
		defer close(done)
		s.doChore(userID, kind)
	})
	wait := time.NewTimer(choreWait)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	case <-ctx.Done():
	}
}

// resumeChores does what an earlier run of the server left undone.
func (s *Service) resumeChores() {
	if s.Rooms == nil {
		return
	}
	for s.alive.Err() == nil {
		var chores []store.Chore
		err := s.Store.Read(s.alive, func(tx *store.Tx) (err error) {
			chores, err = tx.Chores(s.alive, choreBatch)
			return err
		})
		if err == nil && len(chores) == 0 {
			return
		}
		for _, c := range chores {
			s.doChore(c.UserID, c.Kind)
		}
		if err != nil {
			s.Log.Warn("looking for what an earlier run left undone failed", "err", err)
			s.pause(choreRetry)
		}
	}
}

// doChore does a chore until it is done and was not asked for again meanwhile.
func (s *Service) doChore(userID, kind string) {
	for try := 1; try <= choreTries && s.alive.Err() == nil; try++ {
		more, err := s.tryChore(s.alive, userID, kind)
		if err == nil && !more {
			return
		}
		if err != nil {
			s.Log.Warn("a change of an account is not in all rooms yet", "user", userID, "kind", kind, "try", try, "err", err)
			s.pause(choreRetry)
		}
	}
}

func (s *Service) tryChore(ctx context.Context, userID, kind string) (more bool, err error) {
	var c store.Chore
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Chore(ctx, userID, kind)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if kind == choreLeave {
		err = s.Rooms.LeaveAll(ctx, userID)
	} else {
		err = s.Rooms.ProfileChanged(ctx, userID)
	}
	if err != nil {
		return true, err
	}
	return true, s.Store.Write(ctx, func(tx *store.Tx) error { return tx.ChoreDone(ctx, c) })
}

func (s *Service) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.alive.Done():
	}
}
