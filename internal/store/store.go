package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say which database to open.
type Options struct {
	// URL is empty for SQLite, or postgres://user:password@host1,host2/database.
	URL string
	// Dir is the folder of the SQLite file. It is made if it is missing.
	Dir string
	// Lanes is the number of lanes of a PostgreSQL database when it is first made; SQLite, with its one writer, has one.
	Lanes int
	// Reads names the servers, as HOST:PORT, that are read first while no primary can be reached; then come the others, in the order of URL.
	Reads []string
	// Patience is how long a write, or a read, waits for a database that can take it; 0: DefaultPatience.
	Patience time.Duration
	// Observer may be nil.
	Observer Observer
	Log      *slog.Logger
}

// DefaultPatience is longer than a usual failover takes.
const DefaultPatience = 15 * time.Second

// Store is an open database.
type Store struct {
	back     backend
	patience time.Duration
	last     atomic.Int64 // when this node's last commit was durable, in ms
	lanes    []*Lane
	// userLanes is how many of the lanes hold what belongs to users themselves: all, but in a database that came from SQLite.
	userLanes int
	observer  Observer
	log       *slog.Logger
	closed    sync.Once
	closing   atomic.Bool // commits whose connections are lost are not tried again
}

// Open opens the database, makes or migrates its schema, and starts a committer for each lane.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	back, lanes, err := openBackend(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	s := &Store{back: back, patience: o.Patience, observer: o.Observer, log: o.Log}
	n, err := s.fixLanes(ctx, lanes)
	if err != nil {
		back.close()
		return nil, err
	}
	for i := range n {
		s.lanes = append(s.lanes, newLane(s, i))
	}
	return s, nil
}

func openBackend(ctx context.Context, o Options) (backend, int, error) {
	if o.URL == "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, 0, fmt.Errorf("making the data folder: %w", err)
		}
		b, err := openSQLite(ctx, o.Dir)
		if err != nil {
			return nil, 0, err
		}
		if err := b.migrate(ctx, 0); err != nil {
			b.close()
			return nil, 0, err
		}
		return b, 1, nil
	}
	if !strings.HasPrefix(o.URL, "postgres://") && !strings.HasPrefix(o.URL, "postgresql://") {
		return nil, 0, errors.New("database: only postgres://… is understood; leave it empty for SQLite")
	}
	if o.Lanes < 1 || o.Lanes > MaxLanes {
		return nil, 0, fmt.Errorf("lanes must be between 1 and %d", MaxLanes)
	}
	b, err := openPostgres(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	if err := b.refuseTransferring(ctx); err != nil {
		b.close()
		return nil, 0, err
	}
	if err := b.migrate(ctx, 0); err != nil {
		b.close()
		return nil, 0, err
	}
	return b, o.Lanes, nil
}

// Keys of meta.
const (
	metaLanes     = "lanes"
	metaUserLanes = "user_lanes"
)

// fixLanes returns the number of lanes that the database was made with, making them if it is new.
func (s *Store) fixLanes(ctx context.Context, want int) (int, error) {
	got, err := s.OnceMeta(ctx, metaLanes, func() ([]byte, error) { return []byte(strconv.Itoa(want)), nil })
	if err != nil {
		return 0, fmt.Errorf("reading the number of lanes: %w", err)
	}
	n, err := strconv.Atoi(string(got))
	if err != nil || n < 1 || n > MaxLanes {
		return 0, fmt.Errorf("the database holds a bad number of lanes: %q", got)
	}
	if s.userLanes, err = s.readUserLanes(ctx, n); err != nil {
		return 0, err
	}
	return n, s.Write(ctx, func(tx *Tx) error {
		for i := range n {
			const q = `INSERT INTO lanes (lane, pos, turn) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING`
			if _, err := tx.exec(ctx, q, i, int64(MakePos(i, 0))); err != nil {
				return err
			}
		}
		return nil
	})
}

// readUserLanes reads how many lanes hold what belongs to users, which is all of them unless the database says otherwise.
func (s *Store) readUserLanes(ctx context.Context, all int) (int, error) {
	var text []byte
	err := s.Read(ctx, func(tx *Tx) error {
		return tx.one(ctx, `SELECT value FROM meta WHERE key = $1`, []any{metaUserLanes}, &text)
	})
	if errors.Is(err, ErrNotFound) {
		return all, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the number of lanes for users: %w", err)
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > all {
		return 0, fmt.Errorf("the database holds a bad number of lanes for users: %q", text)
	}
	return n, nil
}

// closeWithin is how long Close waits for commits that wait for another site.
const closeWithin = 5 * time.Second

// Close stops the committers, after what they hold is committed, and closes the database. Commits that wait for another site for too long
// are left to the server: it runs them to their end, and nobody has been told of them.
func (s *Store) Close() {
	s.closed.Do(func() {
		late := time.AfterFunc(closeWithin, func() {
			s.closing.Store(true)
			s.back.leave()
		})
		defer late.Stop()
		for _, l := range s.lanes {
			l.stop()
		}
		s.back.close()
	})
}

// Read runs fn with a connection for reading. What it sees may change from one query to the next; rows of logs never do.
func (s *Store) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return s.back.read(ctx, func(q querier, standby bool) error {
		return fn(&Tx{q: q, userLanes: s.userLanes, saw: s.back.saw, standby: standby})
	})
}

// Writable tells whether the database would take a write now.
func (s *Store) Writable(ctx context.Context) error { return s.back.writable(ctx) }

// Readable tells whether the database can be read now, be it a standby.
func (s *Store) Readable(ctx context.Context) error { return s.back.readableNow(ctx) }

// Database is what is known of the database's servers.
func (s *Store) Database() Database { return s.back.state() }

// LastCommit is when a commit of this node was last durable; the zero time if none was yet.
func (s *Store) LastCommit() time.Time {
	ms := s.last.Load()
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (s *Store) committed() { s.last.Store(time.Now().UnixMilli()) }

// Lanes is the number of lanes.
func (s *Store) Lanes() int { return len(s.lanes) }

// Lane is the lane with the given number.
func (s *Store) Lane(n int) *Lane { return s.lanes[n] }

// UserLane is the lane in which a user's own changes (account data and the like) get their positions.
func (s *Store) UserLane(userID string) *Lane { return s.lanes[s.UserLaneNum(userID)] }

// UserLaneNum is the number of UserLane.
func (s *Store) UserLaneNum(userID string) int { return laneOf(userID, s.userLanes) }

// NewRoomLane is the lane for a room that is being made.
func (s *Store) NewRoomLane(seed string) *Lane { return s.lanes[laneOf(seed, len(s.lanes))] }

// RoomLane is the lane of a room, which its number tells.
func (s *Store) RoomLane(room int64) *Lane { return s.lanes[Pos(room).Lane()] }

func laneOf(key string, lanes int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % uint32(lanes)) // at most MaxLanes
}

// Positions is the last position of each lane, as committed.
func (s *Store) Positions(ctx context.Context) (out []Pos, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		out, err = list(ctx, tx, scanOne[Pos], `SELECT pos FROM lanes ORDER BY lane`)
		for _, p := range out {
			tx.saw(p)
		}
		return err
	})
	return out, err
}

// OnceMeta returns the value stored under key, making it first if it is not there. Of several nodes that make it at once, one wins.
func (s *Store) OnceMeta(ctx context.Context, key string, fresh func() ([]byte, error)) (value []byte, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		return tx.one(ctx, `SELECT value FROM meta WHERE key = $1`, []any{key}, &value)
	})
	if !errors.Is(err, ErrNotFound) {
		return value, err
	}
	made, err := fresh()
	if err != nil {
		return nil, err
	}
	err = s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key, made); err != nil {
			return err
		}
		return tx.one(ctx, `SELECT value FROM meta WHERE key = $1`, []any{key}, &value)
	})
	return value, err
}
