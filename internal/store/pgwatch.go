package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// How often each host is looked at, and how long one may take to answer. A host that has alternatives is given up soon; one that has
// none is given time, since leaving it would help nobody.
const (
	watchEvery   = 500 * time.Millisecond
	watchGap     = 50 * time.Millisecond // between two looks, however often somebody asks for one
	answerSoon   = 1500 * time.Millisecond
	answerIfOnly = 5 * time.Second
)

// watch looks at a host for ever.
func (b *postgresBackend) watch(ctx context.Context, h *pgHost) {
	var conn *pgx.Conn
	defer func() { leave(conn) }()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		var st *pgState
		var err error
		conn, st, err = b.look(ctx, h, conn)
		if ctx.Err() != nil {
			return
		}
		b.note(h, st, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchGap):
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-h.nudge:
		}
	}
}

// look asks a host what it is, over conn or, where that is gone, over a new connection: a server that was restarted is not away.
func (b *postgresBackend) look(ctx context.Context, h *pgHost, conn *pgx.Conn) (*pgx.Conn, *pgState, error) {
	ctx, cancel := context.WithTimeout(ctx, b.answer)
	defer cancel()
	for again := conn != nil; ; again = false {
		var err error
		if conn == nil {
			conn, err = pgx.ConnectConfig(ctx, h.cfg)
		}
		if err == nil {
			var st *pgState
			if st, err = h.ask(ctx, conn); err == nil {
				return conn, st, nil
			}
		}
		leave(conn)
		conn = nil
		if !again || ctx.Err() != nil {
			return nil, nil, err
		}
	}
}

// leave closes a connection without waiting for the other side.
func leave(c *pgx.Conn) {
	if c == nil {
		return
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.Close(now) // it leads nowhere any more
}

// note takes what a look found, and moves on to another primary where that is called for.
func (b *postgresBackend) note(h *pgHost, st *pgState, err error) {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code[:2] == "53" {
		return // it is full; that says nothing about its role
	}
	old := h.state.Load()
	if err != nil {
		st = &pgState{role: RoleAway, err: err, lsn: old.lsn}
	}
	st.since = old.since
	moved := st.role != old.role
	if moved {
		st.since = time.Now()
		if err != nil {
			b.log.Warn("a database server does not answer", "host", h.name, "was", old.role, "err", err)
		} else {
			b.log.Info("a database server answers", "host", h.name, "role", st.role, "was", old.role)
		}
	}
	b.mu.Lock()
	if moved {
		h.reached.Store(0)
	}
	h.state.Store(st)
	first := b.looked[h] == nil
	b.looked[h] = st
	b.choose()
	if moved || first || h == b.current {
		b.wakeLocked()
	}
	b.mu.Unlock()
	promoted := old.role == RoleStandby && st.role == RolePrimary // its connections go on
	if moved && !promoted && old.role != RoleAway {               // one that is back has only new connections
		h.cut()
	}
}

// choose finds the primary: of several the one of the newest timeline, since the others were replaced. b.mu is held.
func (b *postgresBackend) choose() {
	var best *pgHost
	for _, h := range b.hosts {
		st := h.state.Load()
		if st.role != RolePrimary {
			continue
		}
		if best == nil || st.timeline > best.state.Load().timeline || st.timeline == best.state.Load().timeline && h == b.current {
			best = h
		}
	}
	if best == b.current {
		return
	}
	old := b.current
	b.current = best
	switch {
	case best == nil:
		b.log.Warn("there is no database that can be written", "was", old.name)
	case old == nil:
		b.log.Info("the primary database is", "host", best.name)
	default:
		b.log.Info("the primary database moved", "from", old.name, "to", best.name)
		go old.cut() // it takes b.mu in no way, but closing sockets may take a while
	}
}

// wakeLocked wakes all who wait for a change. b.mu is held.
func (b *postgresBackend) wakeLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// primary waits for a primary, as long as the context's patience lets it.
func (b *postgresBackend) primary(ctx context.Context) (*pgHost, error) {
	return b.await(ctx, func() *pgHost { return b.current })
}

// await waits until find, which is called with b.mu held, has found a host.
func (b *postgresBackend) await(ctx context.Context, find func() *pgHost) (*pgHost, error) {
	var tooLong <-chan time.Time
	for {
		b.mu.Lock()
		h, changed := find(), b.changed
		b.mu.Unlock()
		if h != nil {
			return h, nil
		}
		if tooLong == nil {
			patience := b.patience(ctx)
			if patience <= 0 {
				return nil, b.nobody()
			}
			t := time.NewTimer(patience)
			defer t.Stop()
			tooLong = t.C
		}
		select {
		case <-changed:
		case <-tooLong:
			return nil, b.nobody()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// nobody is the error of having no host.
func (b *postgresBackend) nobody() error {
	var errs []error
	for _, h := range b.hosts {
		st := h.state.Load()
		if st.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", h.name, st.err))
			continue
		}
		errs = append(errs, fmt.Errorf("%s is a %s", h.name, st.role))
	}
	return fmt.Errorf("%w: no server for it: %w", ErrUnavailable, errors.Join(errs...))
}
