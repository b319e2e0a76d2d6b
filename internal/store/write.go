package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// writeTries bounds how often a transaction is run again after a serialization failure.
const writeTries = 5

// Write runs fn in a transaction and returns once it is durable. fn may run several times, and must then come to the same result. An
// error of fn rolls back. While there is no primary it waits for one, and what was lost before its commit is run again, within the
// store's patience. A transaction that changed nothing, since what it is to do is done already, waits for replication like any other: what
// it found may be there on this server only. The commit is not cancelled by ctx: it runs to its end, and where that takes longer than the patience the caller is
// told ErrUnknown.
func (s *Store) Write(ctx context.Context, fn func(tx *Tx) error) error {
	until := time.Now().Add(s.patience)
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, until, fn)
		switch {
		case err == nil || ctx.Err() != nil || errors.Is(err, ErrUnknown):
			return err
		case s.back.retryable(err) && try < writeTries:
		case errors.Is(err, errGone) && time.Now().Before(until):
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(min(try, 20)) * 5 * time.Millisecond):
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, until time.Time, fn func(tx *Tx) error) error {
	t, err := s.back.begin(patientUntil(ctx, until))
	if err != nil {
		return err
	}
	tx := &Tx{q: t, userLanes: s.userLanes, saw: s.back.saw}
	if err := runIn(t, tx, fn); err != nil {
		return err
	}
	return s.whileItWaits(until, func() error {
		if err := t.Commit(s.back.mark()...); err != nil {
			t.Rollback()
			return err
		}
		s.committed()
		s.tell(tx)
		return nil
	})
}

// runIn runs fn, and rolls back if it fails.
func runIn(t transaction, tx *Tx, fn func(tx *Tx) error) (err error) {
	ok := false
	defer func() {
		if !ok {
			t.Rollback()
		}
	}()
	err = fn(tx)
	ok = err == nil
	return err
}

// tell hands on what a transaction added to lanes.
func (s *Store) tell(tx *Tx) {
	for _, b := range tx.batches {
		s.back.saw(b.To)
		s.findRooms(b)
		if hooks := s.lanes[b.Lane].hooks; hooks != nil {
			hooks.Committed(b)
		}
	}
}

// whileItWaits runs a commit to its end, for which the caller need not stay.
func (s *Store) whileItWaits(until time.Time, commit func() error) error {
	if !s.back.remote() {
		return commit()
	}
	done := make(chan error, 1)
	go func() { done <- commit() }()
	tooLong := time.NewTimer(time.Until(until))
	defer tooLong.Stop()
	select {
	case err := <-done:
		return err
	case <-tooLong.C:
		return fmt.Errorf("%w: it waits for longer than %s", ErrUnknown, s.patience)
	}
}
