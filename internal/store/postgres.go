package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

func openPostgres(ctx context.Context, dsn string, lanes int, log *slog.Logger) (*postgresBackend, error) {
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
	if err := reach(ctx, pool, log); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reaching PostgreSQL: %w", err)
	}
	return &postgresBackend{pool: pool}, nil
}

// reachFor is how long a start waits for a database that is not there yet: machines boot in any order.
const reachFor = 15 * time.Second

// reach waits for a primary. What trying again cannot mend, such as a wrong password, is an error at once.
func reach(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	until := time.Now().Add(reachFor)
	for try := 1; ; try++ {
		err := pool.Ping(ctx)
		var refused *pgconn.PgError
		final := errors.As(err, &refused) && refused.Code[:2] != "57" && refused.Code[:2] != "53"
		if err == nil || final || ctx.Err() != nil || time.Now().After(until) {
			return err
		}
		if try == 1 {
			log.Warn("PostgreSQL cannot be reached yet; trying again", "for", reachFor, "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
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
	return &pgTx{conn: c, back: b}, nil
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
	case e.Code == "22021":
		return fmt.Errorf("%w: %w", ErrText, err)
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

func (p pgConn) ExecAll(ctx context.Context, writes []write) error {
	return pgErr(p.c.SendBatch(ctx, pgBatch(writes...)).Close())
}

func (p pgConn) QueryAll(ctx context.Context, reads []read) error {
	return pgErr(readBatch(p.c.SendBatch(ctx, readsBatch(reads)), reads))
}

func readsBatch(reads []read) *pgx.Batch {
	b := &pgx.Batch{}
	for _, r := range reads {
		b.Queue(r.sql, r.args...)
	}
	return b
}

// readBatch hands on the rows of each query of a batch.
func readBatch(res pgx.BatchResults, reads []read) error {
	for _, r := range reads {
		rows, err := res.Query()
		if err == nil {
			err = eachRow(rows, r.row)
		}
		if err != nil {
			_ = res.Close()
			return err
		}
	}
	return res.Close()
}

func pgBatch(writes ...write) *pgx.Batch {
	b := &pgx.Batch{}
	for _, w := range writes {
		b.Queue(w.sql, w.args...)
	}
	return b
}

// pgRows gives errors of a running query the same names as those of its start.
type pgRows struct{ pgx.Rows }

func (r pgRows) Err() error { return pgErr(r.Rows.Err()) }

// pgTx is a write transaction. Its statements run without the caller's context, for which pgx would close the connection and send a
// cancel; their only deadlines are those of TCP. BEGIN travels with the first statement.
type pgTx struct {
	conn  *pgxpool.Conn
	back  *postgresBackend
	begun bool
	done  bool
}

// send runs statements in one round trip, after BEGIN if it is the first.
func (t *pgTx) send(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if t.begun {
		return t.conn.SendBatch(context.WithoutCancel(ctx), b)
	}
	t.begun = true
	first := &pgx.Batch{}
	first.Queue("BEGIN")
	first.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
	return &afterBegin{BatchResults: t.conn.SendBatch(context.WithoutCancel(ctx), first)}
}

// afterBegin reads over the answer to BEGIN.
type afterBegin struct {
	pgx.BatchResults
	read bool
}

func (a *afterBegin) skip() error {
	if a.read {
		return nil
	}
	a.read = true
	_, err := a.BatchResults.Exec()
	return err
}

func (a *afterBegin) Exec() (pgconn.CommandTag, error) {
	if err := a.skip(); err != nil {
		return pgconn.CommandTag{}, err
	}
	return a.BatchResults.Exec()
}

func (a *afterBegin) Query() (pgx.Rows, error) {
	if err := a.skip(); err != nil {
		return nil, err
	}
	return a.BatchResults.Query()
}

func (t *pgTx) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	if t.begun {
		rows, err := t.conn.Query(context.WithoutCancel(ctx), sql, args...)
		return pgRows{rows}, t.check(err)
	}
	res := t.send(ctx, pgBatch(write{sql, args}))
	rows, err := res.Query()
	if err != nil {
		_ = res.Close()
		return nil, t.check(err)
	}
	return &pgFirstRows{pgRows{rows}, res}, nil
}

// pgFirstRows ends the batch that they came with.
type pgFirstRows struct {
	pgRows
	batch pgx.BatchResults
}

func (r *pgFirstRows) Close() {
	r.pgRows.Close()
	_ = r.batch.Close() // an error of the rows is in their Err
}

func (t *pgTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if t.begun {
		tag, err := t.conn.Exec(context.WithoutCancel(ctx), sql, args...)
		return tag.RowsAffected(), t.check(err)
	}
	res := t.send(ctx, pgBatch(write{sql, args}))
	tag, err := res.Exec()
	if closeErr := res.Close(); err == nil {
		err = closeErr
	}
	return tag.RowsAffected(), t.check(err)
}

func (t *pgTx) ExecAll(ctx context.Context, writes []write) error {
	return t.check(t.send(ctx, pgBatch(writes...)).Close())
}

func (t *pgTx) check(err error) error {
	if lostPrimary(err) {
		t.back.pool.Reset()
	}
	return pgErr(err)
}

func (t *pgTx) QueryAll(ctx context.Context, reads []read) error {
	return t.check(readBatch(t.send(ctx, readsBatch(reads)), reads))
}

func (t *pgTx) Commit(last ...write) error {
	if !t.begun && len(last) == 0 {
		t.release()
		return nil
	}
	st, _ := t.conn.Conn().PgConn().CustomData()[pgStateKey].(*pgConnState)
	if st != nil {
		st.notReplicated.Store(false)
	}
	err := t.commit(last)
	unsafe := st != nil && st.notReplicated.Load()
	if err != nil {
		err = fmt.Errorf("committing: %w", t.check(err))
		t.Rollback()
		return err
	}
	t.release()
	if unsafe {
		return fmt.Errorf("%w: the commit was not replicated", ErrUnavailable)
	}
	return nil
}

var errRolledBack = fmt.Errorf("%w: the transaction was rolled back", ErrUnavailable)

// commit sends the last writes and COMMIT, which the server does not look at if one of the writes fails.
func (t *pgTx) commit(last []write) error {
	res := t.send(context.Background(), pgBatch(append(last, write{sql: "COMMIT"})...))
	for range last {
		if _, err := res.Exec(); err != nil {
			_ = res.Close()
			return err
		}
	}
	tag, err := res.Exec()
	if closeErr := res.Close(); err == nil {
		err = closeErr
	}
	if err == nil && tag.String() == "ROLLBACK" {
		return errRolledBack // a statement had failed, and nobody looked
	}
	return err
}

func (t *pgTx) Rollback() {
	if t.done {
		return
	}
	if t.begun {
		_, _ = t.conn.Exec(context.Background(), "ROLLBACK") // a lost connection is dropped when it is given back
	}
	t.release()
}

func (t *pgTx) release() {
	if !t.done {
		t.done = true
		t.conn.Release()
	}
}
