package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	stdsync "sync"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// slidingSession is what a session remembers for sliding sync. All of it can be lost.
type slidingSession struct {
	mu      stdsync.Mutex
	conns   map[store.SlidingConn]*slidingConn
	glances map[int64]glance
	joined  map[int64]wasJoined
	direct  directData
}

// slidingConn is one connection. Its state is in the database; what is here spares reading it.
type slidingConn struct {
	name store.SlidingConn

	mu     stdsync.Mutex
	cancel context.CancelFunc // of the request that is being answered
	done   chan struct{}      // closed when that is over
	states map[string]*sentState
	touch  time.Time // when the states are next to be marked as in use

	members lazyMembers
}

// Bounds of what is remembered of connections.
const (
	connsKept  = 20
	statesKept = 4
)

// Times of stored states.
const (
	touchEvery  = 24 * time.Hour
	slidingLife = 30 * 24 * time.Hour
	// SweepSlidingEvery is how often SweepSliding is to be called.
	SweepSlidingEvery = time.Hour
	sweepMost         = 500
)

func (s *slidingSession) conn(name store.SlidingConn) *slidingConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[name]
	if c != nil {
		return c
	}
	if s.conns == nil || len(s.conns) >= connsKept {
		s.conns = map[store.SlidingConn]*slidingConn{}
	}
	c = &slidingConn{name: name, states: map[string]*sentState{}}
	s.conns[name] = c
	return c
}

// begin ends the request before, since a connection has only one (MSC4186, "Connections"), and waits until it is over.
func (c *slidingConn) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	c.mu.Lock()
	cancelLast, lastDone := c.cancel, c.done
	c.cancel, c.done = cancel, done
	c.mu.Unlock()
	end = func() {
		cancel()
		close(done)
	}
	if cancelLast == nil {
		return ctx, end, nil
	}
	cancelLast()
	select {
	case <-lastDone:
		return ctx, end, nil
	case <-ctx.Done():
		end()
		return nil, nil, ctx.Err()
	}
}

// state is the state with the given id, which a client holds.
func (c *slidingConn) state(ctx context.Context, st *store.Store, id string) (*sentState, error) {
	if id == "" {
		return &sentState{rooms: map[int64]sentRoom{}}, nil
	}
	c.mu.Lock()
	s, touch := c.states[id], time.Now().After(c.touch)
	c.mu.Unlock()
	if s != nil && !touch {
		return s, nil
	}
	var stored store.SlidingState
	err := st.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = tx.SlidingState(ctx, c.name, id)
		if errors.Is(err, store.ErrNotFound) && tx.Standby() {
			return fmt.Errorf("%w: the state may be a new one", store.ErrUnavailable)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, token.ErrUnknownPos
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state of a connection: %w", err)
	}
	if s == nil {
		if s, err = decodeSent(id, stored.Content); err != nil {
			return nil, token.ErrUnknownPos // of a later version of the server
		}
	}
	if err := c.markUsed(ctx, st, stored); err != nil {
		return nil, err
	}
	c.keep(s, s)
	return s, nil
}

// markUsed keeps a state from being swept.
func (c *slidingConn) markUsed(ctx context.Context, st *store.Store, s store.SlidingState) error {
	now := time.Now()
	if now.Sub(time.UnixMilli(s.TS)) > touchEvery {
		err := st.Write(store.Impatient(ctx), func(tx *store.Tx) error { return tx.TouchSlidingState(ctx, c.name, s.ID, now.UnixMilli()) })
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			return fmt.Errorf("keeping the state of a connection: %w", err)
		}
	}
	c.mu.Lock()
	c.touch = now.Add(touchEvery)
	c.mu.Unlock()
	return nil
}

// save stores a state that an answer made of its parent, unless it is the same, and returns what the client is to hold.
func (c *slidingConn) save(ctx context.Context, st *store.Store, parent, next *sentState) (*sentState, error) {
	if next.same(parent) {
		return parent, nil
	}
	next.id = strings.ToLower(rand.Text())
	s := store.SlidingState{
		SlidingConn: c.name, ID: next.id, Parent: parent.id, TS: time.Now().UnixMilli(), Content: next.encode(),
	}
	err := st.Write(store.Impatient(ctx), func(tx *store.Tx) error { return tx.PutSlidingState(ctx, s) })
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		return nil, fmt.Errorf("storing the state of a connection: %w", err)
	}
	// While the database only reads, the state lives on this node alone: the worst that follows is that the client begins again.
	c.keep(parent, next)
	return next, nil
}

// keep remembers a state and the one it was made of.
func (c *slidingConn) keep(parent, s *sentState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.states) >= statesKept {
		clear(c.states)
		c.states[parent.id] = parent
	}
	c.states[s.id] = s
}

// SweepSliding deletes the states of connections that nobody came back to.
func (s *Service) SweepSliding(ctx context.Context) error {
	before := time.Now().Add(-slidingLife).UnixMilli()
	for {
		var n int64
		err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
			n, err = tx.DropSlidingStates(ctx, before, sweepMost)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweeping sliding sync connections: %w", err)
		}
		if n < sweepMost {
			return nil
		}
	}
}
