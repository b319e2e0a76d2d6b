package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteBackend keeps one connection for writing and a few for reading, each with its own prepared statements. SQLite allows one
// writer at a time; the channel of one makes the wait fair and free of SQLITE_BUSY within this process.
type sqliteBackend struct {
	db      *sql.DB
	writer  chan *sqliteConn
	readers chan *sqliteConn
	all     []*sqliteConn
}

// sqlitePragmas: synchronous=FULL in WAL mode syncs the log at each commit, so that what is acknowledged is on disk.
var sqlitePragmas = []string{
	"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "wal_autocheckpoint(4000)", "foreign_keys(OFF)",
}

func openSQLite(ctx context.Context, dir string) (*sqliteBackend, error) {
	q := url.Values{}
	for _, p := range sqlitePragmas {
		q.Add("_pragma", p)
	}
	path, err := filepath.Abs(filepath.Join(dir, "bongsu.db"))
	if err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	nReaders := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(nReaders + 2) // one for writing, one for migrations
	b := &sqliteBackend{db: db, writer: make(chan *sqliteConn, 1), readers: make(chan *sqliteConn, nReaders)}
	for i := range nReaders + 1 {
		c, err := db.Conn(ctx)
		if err != nil {
			b.close()
			return nil, fmt.Errorf("opening SQLite: %w", err)
		}
		sc := &sqliteConn{conn: c, stmts: map[string]*sql.Stmt{}}
		b.all = append(b.all, sc)
		pragma, pool := "PRAGMA query_only=1", b.readers
		if i == 0 {
			pragma, pool = "PRAGMA cache_size=-32000", b.writer
		}
		if _, err := c.ExecContext(ctx, pragma); err != nil {
			b.close()
			return nil, fmt.Errorf("opening SQLite: %w", err)
		}
		pool <- sc
	}
	return b, nil
}

func (b *sqliteBackend) read(ctx context.Context, fn func(q querier, standby bool) error) error {
	select {
	case c := <-b.readers:
		defer func() { b.readers <- c }()
		return fn(c, false)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *sqliteBackend) begin(ctx context.Context) (transaction, error) {
	select {
	case c := <-b.writer:
		if _, err := c.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
			b.writer <- c
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return &sqliteTx{sqliteConn: c, back: b.writer}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *sqliteBackend) writable(ctx context.Context) error {
	tx, err := b.begin(ctx)
	if err != nil {
		return err
	}
	tx.Rollback()
	return nil
}

func (b *sqliteBackend) readableNow(ctx context.Context) error {
	return b.read(ctx, func(querier, bool) error { return nil })
}

func (*sqliteBackend) mark() []write { return nil }

func (*sqliteBackend) remote() bool { return false }

func (*sqliteBackend) saw(Pos) {}

func (b *sqliteBackend) retryable(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func (*sqliteBackend) leave() {} // nothing waits

func (b *sqliteBackend) close() {
	for _, c := range b.all {
		for _, s := range c.stmts {
			_ = s.Close()
		}
		_ = c.conn.Close()
	}
	_ = b.db.Close()
}

// sqliteConn is one connection with its prepared statements. It is used by one goroutine at a time.
type sqliteConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

var (
	anyList     = regexp.MustCompile(`= ANY\(\$(\d+)\)`)
	placeholder = regexp.MustCompile(`\$(\d+)`)
)

// toSQLite translates the two things that differ from PostgreSQL: placeholders, and lists as arguments (which travel as JSON).
func toSQLite(query string) string {
	query = anyList.ReplaceAllString(query, "IN (SELECT value FROM json_each(?$1))")
	return placeholder.ReplaceAllString(query, "?$1")
}

func (c *sqliteConn) stmt(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), toSQLite(query))
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, err)
	}
	c.stmts[query] = s
	return s, nil
}

func sqliteArgs(args []any) ([]any, error) {
	for i, a := range args {
		switch a.(type) {
		case []string, []int64, []Pos:
			list, err := json.Marshal(a)
			if err != nil {
				return nil, err
			}
			args[i] = string(list)
		}
	}
	return args, nil
}

// Statements run without the caller's context: they take microseconds to milliseconds, and a driver that watches a context starts a
// goroutine for each.
func (c *sqliteConn) Query(_ context.Context, query string, args ...any) (Rows, error) {
	s, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	if args, err = sqliteArgs(args); err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return nil, sqliteErr(err)
	}
	return sqliteRows{rows}, nil
}

func (c *sqliteConn) Exec(_ context.Context, query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	if args, err = sqliteArgs(args); err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, sqliteErr(err)
	}
	return res.RowsAffected()
}

func (c *sqliteConn) ExecAll(ctx context.Context, writes []write) error {
	for _, w := range writes {
		if _, err := c.Exec(ctx, w.sql, w.args...); err != nil {
			return err
		}
	}
	return nil
}

func (c *sqliteConn) QueryAll(ctx context.Context, reads []read) error {
	for _, r := range reads {
		rows, err := c.Query(ctx, r.sql, r.args...)
		if err != nil {
			return err
		}
		if err := eachRow(rows, r.row); err != nil {
			return err
		}
	}
	return nil
}

func sqliteErr(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

type sqliteRows struct{ *sql.Rows }

func (r sqliteRows) Close() { _ = r.Rows.Close() }

type sqliteTx struct {
	*sqliteConn
	back chan *sqliteConn
	done bool
}

func (t *sqliteTx) Commit(last ...write) error {
	err := t.ExecAll(context.Background(), append(last, write{sql: "COMMIT"}))
	if err != nil {
		t.Rollback()
		return fmt.Errorf("committing: %w", err)
	}
	t.release()
	return nil
}

func (t *sqliteTx) Rollback() {
	if t.done {
		return
	}
	_, _ = t.Exec(context.Background(), "ROLLBACK")
	t.release()
}

func (t *sqliteTx) release() {
	t.done = true
	t.back <- t.sqliteConn
}
