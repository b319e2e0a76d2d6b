package notices

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

const (
	// pageSize is how many users are sent a notice before it is noted how far that has got.
	pageSize = 100
	// atOnce bounds those who are sent it at the same time, so that the people's own messages do not wait behind it.
	atOnce = 4
)

// work sends the notice whose lease this node holds. What fails is tried again when the lease is renewed.
func (s *Service) work(ctx context.Context) {
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			return
		}
		id := s.held.mine()
		if id == "" {
			continue
		}
		err := s.sendNotice(ctx, id)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict):
			s.held.drop(id) // it is another node's now, or is sent
		default:
			s.Log.Warn("a server notice could not be sent to all; it goes on soon", "notice", id, "err", err)
		}
	}
}

// sendNotice sends a notice until it is sent to all, or the lease has run out.
func (s *Service) sendNotice(ctx context.Context, id string) error {
	var n store.Notice
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.LoadNotice(ctx, id, s.NodeID)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a notice: %w", err)
	}
	if err := s.Accounts.EnsureNoticesUser(ctx, s.UserID, s.Name); err != nil {
		return err
	}
	for n.FinishedTS == 0 && s.held.mine() == id {
		if err := s.sendPage(ctx, &n); err != nil {
			return err
		}
	}
	return nil
}

// sendPage sends a notice to the next users, and notes that.
func (s *Service) sendPage(ctx context.Context, n *store.Notice) error {
	readers, err := s.readers(ctx, n)
	if err != nil {
		return err
	}
	var sent, failed atomic.Int64
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, user := range readers {
		if s.Skip(user) || user == s.UserID {
			continue
		}
		group.Go(func() error {
			err := s.deliver(gctx, n, user)
			var refused *mxerr.Error
			switch {
			case err == nil:
				sent.Add(1)
			case errors.As(err, &refused) && refused.Status < 500:
				failed.Add(1)
				s.Log.Warn("a user cannot be sent a server notice", "notice", n.ID, "user", user, "err", err)
			default:
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	before, next := n.After, *n
	next.Sent, next.Failed = n.Sent+sent.Load(), n.Failed+failed.Load()
	if n.UserID != "" || len(readers) < pageSize {
		next.FinishedTS = time.Now().UnixMilli()
	}
	if len(readers) > 0 {
		next.After = readers[len(readers)-1]
	}
	if err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.AdvanceNotice(ctx, before, next) }); err != nil {
		return fmt.Errorf("noting how far a notice has got: %w", err)
	}
	*n = next
	if n.FinishedTS != 0 {
		s.Log.Info("a server notice is sent", "notice", n.ID, "users", n.Sent, "failed", n.Failed)
	}
	return nil
}

// readers are the next users who are to get a notice, in the order of their ids.
func (s *Service) readers(ctx context.Context, n *store.Notice) (users []string, err error) {
	if n.UserID != "" {
		return []string{n.UserID}, nil
	}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		users, err = tx.NoticeReaders(ctx, n.After, n.CreatedTS, pageSize)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing who gets a notice: %w", err)
	}
	return users, nil
}

// deliver sends a notice to one user. To do it again does no harm.
func (s *Service) deliver(ctx context.Context, n *store.Notice, user string) error {
	if n.UserID != "" {
		if err := s.checkReader(ctx, user); err != nil {
			return err
		}
	}
	if len(n.Content) == 0 {
		r, err := s.known(ctx, user)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.pin(ctx, r.RoomID)
	}
	eventID, err := s.send(ctx, Event{To: user, Type: "m.room.message", Content: n.Content, TxnID: "notice:" + n.ID})
	if err != nil || !n.Pin {
		return err
	}
	r, err := s.known(ctx, user)
	if err != nil {
		return err
	}
	return s.pin(ctx, r.RoomID, eventID)
}
