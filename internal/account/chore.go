package account

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
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
	// choreSweep is the pause between looks at what is left undone, by this node, another one or the command line tools.
	choreSweep = 30 * time.Second
	choreBatch = 1000
)

func newChore(userID, kind string) store.Chore {
	return store.Chore{UserID: userID, Kind: kind, Turn: rand.Int64()} //nolint:gosec // tells requests apart, no secret
}

// choreKey names a chore whatever its turn.
type choreKey struct{ userID, kind string }

// choreList is which chores this node is doing: for each a channel that is closed when it is done.
type choreList struct {
	mu     sync.Mutex
	active map[choreKey]chan struct{}
}

// begin makes a chore the caller's to do, unless it is being done. Either way done is closed when it is over.
func (l *choreList) begin(k choreKey) (done <-chan struct{}, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if done, ok := l.active[k]; ok {
		return done, false
	}
	l.active[k] = make(chan struct{})
	return l.active[k], true
}

func (l *choreList) end(k choreKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.active[k])
	delete(l.active, k)
}

// startChore does a chore that was just asked for, and waits a little for it. It goes on when the caller has left; what does not even
// begin here is found by a sweep.
func (s *Service) startChore(ctx context.Context, userID, kind string) {
	if s.Rooms == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, choreWait)
	defer cancel()
	for mine := false; !mine && ctx.Err() == nil && s.alive.Err() == nil; {
		var done <-chan struct{}
		k := choreKey{userID, kind}
		if done, mine = s.chores.begin(k); mine {
			s.tasks.Go(func() { s.doChore(k) })
		}
		select {
		case <-done: // if it was not ours, it may have begun too early to see what was asked now
		case <-ctx.Done():
		}
	}
}

// sweepChores does what was left undone: at the start all of it, and then what has been waiting since the sweep before, for what is
// younger is most likely being done where it was asked for.
func (s *Service) sweepChores() {
	if s.Rooms == nil {
		return
	}
	ticker := time.NewTicker(choreSweep)
	defer ticker.Stop()
	var before map[store.Chore]bool
	for s.alive.Err() == nil {
		before = s.sweep(before)
		select {
		case <-ticker.C:
		case <-s.alive.Done():
		}
	}
}

// sweep does those of the waiting chores that are in before, or all if that is nil, and returns all.
func (s *Service) sweep(before map[store.Chore]bool) map[store.Chore]bool {
	var found []store.Chore
	err := s.Store.Read(s.alive, func(tx *store.Tx) (err error) {
		found, err = tx.Chores(s.alive, choreBatch)
		return err
	})
	if err != nil {
		s.Log.Warn("looking for unfinished changes of accounts failed", "err", err)
		return before
	}
	all := make(map[store.Chore]bool, len(found))
	for _, c := range found {
		all[c] = true
		if before != nil && !before[c] {
			continue
		}
		if k := (choreKey{c.UserID, c.Kind}); s.alive.Err() == nil {
			if _, mine := s.chores.begin(k); mine {
				s.doChore(k)
			}
		}
	}
	return all
}

// doChore does a chore, which is the caller's, until it was not asked for again meanwhile. What fails is left to a sweep.
func (s *Service) doChore(k choreKey) {
	defer s.chores.end(k)
	for more := true; more; {
		var err error
		if more, err = s.tryChore(s.alive, k); err != nil {
			s.Log.Warn("a change of an account is not in all rooms yet", "user", k.userID, "kind", k.kind, "err", err)
			return
		}
	}
}

func (s *Service) tryChore(ctx context.Context, k choreKey) (more bool, err error) {
	var c store.Chore
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Chore(ctx, k.userID, k.kind)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if k.kind == choreLeave {
		err = s.Rooms.LeaveAll(ctx, k.userID)
	} else {
		err = s.Rooms.ProfileChanged(ctx, k.userID)
	}
	if err != nil {
		return false, err
	}
	return true, s.Store.Write(ctx, func(tx *store.Tx) error { return tx.ChoreDone(ctx, c) })
}
