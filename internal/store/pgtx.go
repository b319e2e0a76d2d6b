package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgConn is a connection for reading.
type pgConn struct {
	c    *pgxpool.Conn
	host *pgHost
}

func (p pgConn) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	rows, err := p.c.Query(ctx, sql, args...)
	return pgRows{rows, p.host.check}, p.host.check(err)
}

func (p pgConn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := p.c.Exec(ctx, sql, args...)
	return tag.RowsAffected(), p.host.check(err)
}

func (p pgConn) ExecAll(ctx context.Context, writes []write) error {
	return p.host.check(p.c.SendBatch(ctx, pgBatch(writes...)).Close())
}

func (p pgConn) QueryAll(ctx context.Context, reads []read) error {
	return p.host.check(readBatch(p.c.SendBatch(ctx, readsBatch(reads)), reads))
}

// check names an error, and lets the watch look at the host if it may be gone.
func (h *pgHost) check(err error) error {
	if lost(err) {
		h.suspect()
	}
	return pgErr(err)
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
type pgRows struct {
	pgx.Rows
	check func(error) error
}

func (r pgRows) Err() error { return r.check(r.Rows.Err()) }

// pgTx is a write transaction. Its statements run without the caller's context, for which pgx would close the connection and send a
// cancel; their only deadlines are those of TCP. BEGIN travels with the first statement.
type pgTx struct {
	conn  *pgxpool.Conn
	link  *pgLink
	host  *pgHost
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
		return pgRows{rows, t.check}, t.check(err)
	}
	res := t.send(ctx, pgBatch(write{sql, args}))
	rows, err := res.Query()
	if err != nil {
		_ = res.Close()
		return nil, t.check(err)
	}
	return &pgFirstRows{pgRows{rows, t.check}, res}, nil
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

func (t *pgTx) QueryAll(ctx context.Context, reads []read) error {
	return t.check(readBatch(t.send(ctx, readsBatch(reads)), reads))
}

// check names an error of a statement before the commit.
func (t *pgTx) check(err error) error {
	if lost(err) {
		t.host.suspect()
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return pgErr(err)
}

func (t *pgTx) Commit(last ...write) error {
	if !t.begun && len(last) == 0 {
		t.release()
		return nil
	}
	t.link.notReplicated.Store(false)
	err := t.commit(last)
	unsafe := t.link.notReplicated.Load()
	if err != nil {
		if !errors.Is(err, errRolledBack) && lost(err) {
			err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		err = fmt.Errorf("committing: %w", t.host.check(err))
		t.Rollback()
		return err
	}
	t.release()
	if unsafe {
		return fmt.Errorf("%w: the commit was not replicated", ErrUnknown)
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
	if t.done {
		return
	}
	t.done = true
	if !t.conn.Conn().IsClosed() {
		t.link.writing.Store(false)
	}
	t.conn.Release()
	<-t.host.writers
}
