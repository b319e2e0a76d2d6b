package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// marks are how far this node has seen each lane. While no primary can be reached, only a standby that has come this far is read: nobody
// is shown less than before.
type marks struct {
	mu      sync.Mutex
	pos     []Pos
	version atomic.Uint64 // of pos, from 1
}

// saw notes a position that was committed.
func (m *marks) saw(p Pos) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.pos) <= p.Lane() {
		m.pos = append(m.pos, MakePos(len(m.pos), 0))
	}
	if p > m.pos[p.Lane()] {
		m.pos[p.Lane()] = p
		m.version.Add(1)
	}
}

func (m *marks) all() ([]Pos, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pos), m.version.Load()
}

// MustHave is ErrUnavailable where a standby is read that has not come to a position, of which another node has told a client.
func (t *Tx) MustHave(ctx context.Context, pos Pos) error {
	if !t.standby {
		return nil
	}
	var at Pos
	err := t.one(ctx, `SELECT pos FROM lanes WHERE lane = $1`, []any{pos.Lane()}, &at)
	if errors.Is(err, ErrNotFound) {
		return nil // of no lane of this database
	}
	if err != nil {
		return fmt.Errorf("reading how far a standby is: %w", err)
	}
	if at < pos {
		return fmt.Errorf("%w: the standby is behind what the client has seen", ErrUnavailable)
	}
	return nil
}

// behindMost is how long a read waits for a standby to replay what it has been sent.
const behindMost = 2 * time.Second

// reach waits until a standby, to which c leads, has what this node has seen, and what it had been sent when it was asked.
func (b *postgresBackend) reach(ctx context.Context, h *pgHost, c *pgx.Conn) error {
	need, version := b.marks.all()
	if h.reached.Load() > version {
		return nil
	}
	until := time.Now().Add(behindMost)
	for sent := int64(-1); ; {
		received, replayed, pos, err := standing(ctx, c)
		if err != nil {
			return err
		}
		if sent < 0 {
			sent = received
		}
		if replayed >= sent && covers(pos, need) {
			h.reached.Store(version + 1)
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%w: the standby %s is behind", ErrUnavailable, h.name)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// standing is how far a standby has received and replayed the log, and the lanes' positions there.
func standing(ctx context.Context, c *pgx.Conn) (received, replayed int64, pos []Pos, err error) {
	var lanes []int64
	err = c.QueryRow(ctx, `SELECT pg_wal_lsn_diff(COALESCE(pg_last_wal_receive_lsn(), '0/0'), '0/0')::bigint,
		pg_wal_lsn_diff(COALESCE(pg_last_wal_replay_lsn(), '0/0'), '0/0')::bigint,
		COALESCE((SELECT array_agg(pos ORDER BY lane) FROM lanes), '{}')`).Scan(&received, &replayed, &lanes)
	if err != nil {
		return 0, 0, nil, pgErr(err)
	}
	for _, p := range lanes {
		pos = append(pos, Pos(p))
	}
	return received, replayed, pos, nil
}

// covers tells whether every needed position is there. Lanes that the database does not have ask for nothing.
func covers(have, need []Pos) bool {
	return !slices.ContainsFunc(need, func(p Pos) bool { return p.Lane() < len(have) && have[p.Lane()] < p })
}

// readable waits for a host to read from: the primary, or where that is away the nearest standby.
func (b *postgresBackend) readable(ctx context.Context) (*pgHost, error) {
	return b.await(ctx, func() *pgHost {
		if b.current != nil {
			return b.current
		}
		for _, h := range b.near {
			if h.state.Load().role == RoleStandby {
				return h
			}
		}
		return nil
	})
}
