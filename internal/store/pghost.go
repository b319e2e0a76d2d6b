package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Role is what a database server is at a moment.
type Role string

// The roles.
const (
	RolePrimary Role = "primary" // takes writes
	RoleStandby Role = "standby" // follows a primary, and can be read
	RoleAway    Role = "away"    // does not answer
)

// pgHost is one PostgreSQL server that the settings name.
type pgHost struct {
	name  string // HOST:PORT
	cfg   *pgx.ConnConfig
	pool  *pgxpool.Pool
	links pgLinks
	nudge chan struct{} // somebody had trouble with it
	// writers holds an entry for each open transaction.
	writers chan struct{}

	state atomic.Pointer[pgState]
	// reached is the version of the marks that the server, as a standby, was seen to have reached.
	reached atomic.Uint64
}

// pgState is what a look at a host found.
type pgState struct {
	role     Role
	timeline int64     // of a primary
	lsn      int64     // how far it has written, or, as a standby, replayed
	since    time.Time // of the role
	err      error     // why it is away
}

// hostsOf makes a host of each server that an address names.
func hostsOf(ctx context.Context, dsn string, least int) ([]*pgHost, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the database's address: %w", err)
	}
	cfg.MaxConns = max(cfg.MaxConns, int32(least)) // at most MaxLanes and some
	c := cfg.ConnConfig
	all := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	var hosts []*pgHost
	for _, f := range all {
		name := net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port)))
		if slices.ContainsFunc(hosts, func(h *pgHost) bool { return h.name == name }) {
			continue // the same server without TLS
		}
		h := &pgHost{name: name, nudge: make(chan struct{}, 1)}
		if err := h.open(ctx, cfg, all); err != nil {
			return nil, fmt.Errorf("opening PostgreSQL at %s: %w", name, err)
		}
		hosts = append(hosts, h)
	}
	return hosts, nil
}

// open makes the host's pool, which connects when it is asked to.
func (h *pgHost) open(ctx context.Context, shared *pgxpool.Config, all []*pgconn.FallbackConfig) (err error) {
	cfg := shared.Copy()
	c := cfg.ConnConfig
	c.Fallbacks = nil
	for i, f := range slices.DeleteFunc(slices.Clone(all), func(f *pgconn.FallbackConfig) bool {
		return net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))) != h.name
	}) {
		if i == 0 {
			c.Host, c.Port, c.TLSConfig = f.Host, f.Port, f.TLSConfig
			continue
		}
		c.Fallbacks = append(c.Fallbacks, f)
	}
	c.ValidateConnect = nil // which one to use is decided by the watch
	c.ConnectTimeout = pgConnectTimeout
	c.RuntimeParams["application_name"] = "bongsu"
	// A deadline of the server's must never cut a commit short. Waiting for a row that another transaction holds is bounded: that
	// transaction may be one that cannot end.
	c.RuntimeParams["statement_timeout"] = "0"
	c.RuntimeParams["lock_timeout"] = strconv.Itoa(int(pgLockTimeout.Milliseconds()))
	// A node that stands still in the middle of a transaction holds its lane, and its machine goes on answering for its connections: the
	// server ends what has been idle in a transaction for so long. A commit that waits for another site is not idle.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.Itoa(int(pgIdleTimeout.Milliseconds()))
	c.OnNotice = hearNotice
	h.cfg = c.Copy()
	h.cfg.DialFunc = h.links.dialOne()
	cfg.BeforeConnect = func(_ context.Context, one *pgx.ConnConfig) error {
		one.DialFunc = h.links.dialOne()
		return nil
	}
	cfg.AfterConnect = keepLink
	h.writers = make(chan struct{}, max(cfg.MaxConns-readersLeft, 1))
	h.pool, err = pgxpool.NewWithConfig(ctx, cfg)
	h.state.Store(&pgState{role: RoleAway, since: time.Now(), err: errors.New("not asked yet")})
	return err
}

// readersLeft is how many connections of a pool writes leave to reads.
const readersLeft = 8

// pgLockTimeout bounds the wait for a row's lock.
const pgLockTimeout = 10 * time.Second

// pgIdleTimeout bounds the time between two statements of a transaction.
const pgIdleTimeout = 3 * time.Second

// suspect asks the watch to look at the host now.
func (h *pgHost) suspect() {
	select {
	case h.nudge <- struct{}{}:
	default:
	}
}

// cut leaves all connections of the host.
func (h *pgHost) cut() {
	h.links.cut()
	h.pool.Reset()
}

// errAlone is a standby that has replayed more than it was sent: a former primary, stopped and started again. What it committed last may
// have reached nobody else, and the next primary will unmake it; whoever has been shown it would miss what takes its place.
var errAlone = errors.New("a former primary that follows no other yet")

// ask looks at the host over a connection of the watch's own.
func (h *pgHost) ask(ctx context.Context, c *pgx.Conn) (*pgState, error) {
	var standby, readOnly, alone bool
	st := &pgState{role: RolePrimary}
	err := c.QueryRow(ctx, `SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean,
		pg_is_in_recovery() AND COALESCE(pg_last_wal_receive_lsn(), '0/0') < COALESCE(pg_last_wal_replay_lsn(), '0/0'),
		pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN COALESCE(pg_last_wal_replay_lsn(), '0/0') ELSE pg_current_wal_lsn() END, '0/0')::bigint,
		CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END`).
		Scan(&standby, &readOnly, &alone, &st.lsn, &st.timeline)
	if err != nil {
		return nil, err
	}
	if alone {
		return nil, errAlone
	}
	if standby || readOnly {
		st.role = RoleStandby
	}
	return st, nil
}

// inRecovery tells what the server itself said of a connection last: PostgreSQL reports it when it changes.
func inRecovery(c *pgx.Conn) bool { return c.PgConn().ParameterStatus("in_hot_standby") == "on" }
