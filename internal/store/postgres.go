package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Times after which a dead site is given up. Without TCP_USER_TIMEOUT and keep-alives a connection to a host that vanished hangs for
// minutes.
const (
	pgConnectTimeout = time.Second
	pgUserTimeout    = 3 * time.Second
	pgKeepAlive      = time.Second
)

// postgresBackend is a pool of connections to whichever of the named hosts is the primary.
type postgresBackend struct {
	pool *pgxpool.Pool
}

// pgStateKey is where a connection keeps its pgConnState.
const pgStateKey = "bongsu"

// pgConnState is what a connection remembers beside pgx's own state.
type pgConnState struct {
	// notReplicated is set by warning 01000 on a commit: "canceling wait for synchronous replication".
	notReplicated atomic.Bool
}

func openPostgres(ctx context.Context, dsn string, lanes int) (*postgresBackend, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the database's address: %w", err)
	}
	// Only a primary will do: hosts are tried in order until one is writable.
	cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	cfg.ConnConfig.ConnectTimeout = pgConnectTimeout
	dialer := &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: pgKeepAlive, Interval: pgKeepAlive, Count: 3},
		Control:         userTimeout(pgUserTimeout),
	}
	cfg.ConnConfig.DialFunc = dialer.DialContext
	cfg.ConnConfig.RuntimeParams["application_name"] = "bongsu"
	// A deadline of the server's must never cut a commit short.
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	cfg.ConnConfig.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if n.Code == "01000" {
			if st, ok := c.CustomData()[pgStateKey].(*pgConnState); ok {
				st.notReplicated.Store(true)
			}
		}
	}
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.PgConn().CustomData()[pgStateKey] = &pgConnState{}
		return nil
	}
	cfg.MaxConns = max(cfg.MaxConns, int32(lanes)+16) // lanes is at most MaxLanes
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reaching PostgreSQL: %w", err)
	}
	return &postgresBackend{pool: pool}, nil
}

func (b *postgresBackend) read(ctx context.Context, fn func(q querier) error) error {
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return pgErr(err)
	}
	defer c.Release()
	return fn(pgConn{c})
}

func (b *postgresBackend) begin(ctx context.Context) (transaction, error) {
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return nil, pgErr(err)
	}
	// The transaction itself runs without the caller's context: pgx would close the connection and send a cancel.
	tx, err := c.Begin(context.WithoutCancel(ctx))
	if err != nil {
		c.Release()
		return nil, pgErr(err)
	}
	return &pgTx{conn: c, tx: tx, back: b}, nil
}

func (b *postgresBackend) writable(ctx context.Context) error {
	return b.read(ctx, func(q querier) error {
		rows, err := q.Query(ctx, "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")
		if err != nil {
			return err
		}
		defer rows.Close()
		var readOnly bool
		if !rows.Next() {
			return errors.Join(ErrUnavailable, rows.Err())
		}
		if err := rows.Scan(&readOnly); err != nil {
			return err
		}
		if readOnly {
			b.pool.Reset()
			return fmt.Errorf("%w: the server is read-only", ErrUnavailable)
		}
		return nil
	})
}

func (b *postgresBackend) retryable(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "40001" || e.Code == "40P01"
	}
	return pgconn.SafeToRetry(err)
}

func (b *postgresBackend) close() { b.pool.Close() }

// pgErr names the errors that callers act on.
func pgErr(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch {
	case e.Code == "23505":
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case e.Code == "25006", e.Code[:2] == "57", e.Code[:2] == "53", e.Code[:2] == "08", e.Code[:2] == "40":
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// lostPrimary tells that the connection leads to a server that cannot be written any more.
func lostPrimary(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "25006" || e.Code[:2] == "57")
}

type pgConn struct{ c *pgxpool.Conn }

func (p pgConn) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	rows, err := p.c.Query(ctx, sql, args...)
	return pgRows{rows}, pgErr(err)
}

func (p pgConn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := p.c.Exec(ctx, sql, args...)
	return tag.RowsAffected(), pgErr(err)
}

func (p pgConn) ExecMany(ctx context.Context, sql string, rows [][]any) error {
	return pgErr(p.c.SendBatch(ctx, pgBatch(sql, rows)).Close())
}

func pgBatch(sql string, rows [][]any) *pgx.Batch {
	b := &pgx.Batch{}
	for _, args := range rows {
		b.Queue(sql, args...)
	}
	return b
}

// pgRows gives errors of a running query the same names as those of its start.
type pgRows struct{ pgx.Rows }

func (r pgRows) Err() error { return pgErr(r.Rows.Err()) }

// pgTx is a write transaction. Its statements have no deadline but the connection's own TCP timeouts.
type pgTx struct {
	conn *pgxpool.Conn
	tx   pgx.Tx
	back *postgresBackend
	done bool
}

func (t *pgTx) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	rows, err := t.tx.Query(context.WithoutCancel(ctx), sql, args...)
	return pgRows{rows}, t.check(err)
}

func (t *pgTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(context.WithoutCancel(ctx), sql, args...)
	return tag.RowsAffected(), t.check(err)
}

func (t *pgTx) ExecMany(ctx context.Context, sql string, rows [][]any) error {
	return t.check(t.tx.SendBatch(context.WithoutCancel(ctx), pgBatch(sql, rows)).Close())
}

func (t *pgTx) check(err error) error {
	if lostPrimary(err) {
		t.back.pool.Reset()
	}
	return pgErr(err)
}

func (t *pgTx) Commit() error {
	st, _ := t.conn.Conn().PgConn().CustomData()[pgStateKey].(*pgConnState)
	if st != nil {
		st.notReplicated.Store(false)
	}
	err := t.tx.Commit(context.Background())
	unsafe := st != nil && st.notReplicated.Load()
	t.release()
	if err != nil {
		return fmt.Errorf("committing: %w", t.check(err))
	}
	if unsafe {
		return fmt.Errorf("%w: the commit was not replicated", ErrUnavailable)
	}
	return nil
}

func (t *pgTx) Rollback() {
	if t.done {
		return
	}
	_ = t.tx.Rollback(context.Background())
	t.release()
}

func (t *pgTx) release() {
	if !t.done {
		t.done = true
		t.conn.Release()
	}
}
