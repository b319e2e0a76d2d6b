package store

import (
	"context"
	"errors"
	"fmt"
)

// Errors that callers may test for.
var (
	// ErrUnavailable: the database cannot be written (or reached) now, or the outcome of a commit is not known. The same request,
	// sent again with the same transaction id, is safe.
	ErrUnavailable = errors.New("database unavailable")
	// ErrUnknown: a commit was sent, and whether it is durable is not known. It is also ErrUnavailable.
	ErrUnknown = fmt.Errorf("%w: the outcome of a commit is not known", ErrUnavailable)
	// errGone: the connection was lost, or turned out to be read-only, before anything was committed.
	errGone = fmt.Errorf("%w: the connection was lost", ErrUnavailable)
	// ErrConflict: a row with this key is already there.
	ErrConflict = errors.New("already exists")
	// ErrText: a text that the database cannot hold.
	ErrText = errors.New("not a text that can be stored")
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
)

// Rows is the result of a query; both drivers have it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// querier is what a connection or an open transaction of either database can do.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// ExecAll runs statements, in order, in one round trip where the database is remote.
	ExecAll(ctx context.Context, writes []write) error
	// QueryAll runs queries, in order, in one round trip where the database is remote.
	QueryAll(ctx context.Context, reads []read) error
}

// write is a statement that returns nothing, with its arguments.
type write struct {
	sql  string
	args []any
}

// read is a query, and what is done with each of its rows.
type read struct {
	sql  string
	args []any
	row  func(Rows) error
}

// transaction is an open write transaction.
type transaction interface {
	querier
	// Commit makes the transaction durable. It takes no context: a commit that waits for replication is never cancelled.
	// The last writes travel with it.
	Commit(last ...write) error
	Rollback()
}

// backend is one of the two databases.
type backend interface {
	// read tells fn whether it reads a standby.
	read(ctx context.Context, fn func(q querier, standby bool) error) error
	begin(ctx context.Context) (transaction, error)
	// writable tells whether a write would succeed now.
	writable(ctx context.Context) error
	// readableNow tells whether a read would succeed now.
	readableNow(ctx context.Context) error
	// retryable tells of an error after which the same transaction may succeed at once.
	retryable(err error) bool
	// mark is what makes any transaction one that writes, and so one whose commit waits for replication, as did those that it has read.
	mark() []write
	// remote tells whether a commit may wait for another machine.
	remote() bool
	// saw notes a position that was committed.
	saw(p Pos)
	// state is what is known of the servers.
	state() Database
	// connections tells how many are in use, and how many there can be.
	connections() (busy, most int)
	// leave gives up whatever waits on a connection; nothing is cancelled.
	leave()
	close()
}

// Tx reads, and within Store.Write or Lane.Do also writes. Its methods are spread over the files of this package by subject.
type Tx struct {
	q         querier
	userLanes int
	saw       func(Pos)
	// standby: what is read may lack what other nodes wrote last.
	standby bool
	// batches is what a transaction of Store.Write added to lanes.
	batches []*Batch
}

// Standby tells that a standby is read, since no primary can be reached. It has all that this node has seen, but may lack what others
// wrote last: that a row is not there proves nothing.
func (t *Tx) Standby() bool { return t.standby }

// laneOf is the lane of a user's own changes.
func (t *Tx) laneOf(userID string) int { return laneOf(userID, t.userLanes) }

func (t *Tx) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return t.q.Exec(ctx, sql, args...)
}

// execMany runs one statement for each row of arguments.
func (t *Tx) execMany(ctx context.Context, sql string, rows [][]any) error {
	writes := make([]write, len(rows))
	for i, args := range rows {
		writes[i] = write{sql, args}
	}
	return t.q.ExecAll(ctx, writes)
}

// one scans the only row of a query; ErrNotFound if there is none.
func (t *Tx) one(ctx context.Context, sql string, args []any, dest ...any) error {
	rows, err := t.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// eachRow hands on all rows and closes them.
func eachRow(rows Rows, row func(Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
	}
	rows.Close()
	return rows.Err()
}

// list runs a query and collects what scan makes of each row.
func list[T any](ctx context.Context, t *Tx, scan func(Rows) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := t.q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scanOne is a scan function for queries of a single column.
func scanOne[T any](rows Rows) (T, error) {
	var v T
	err := rows.Scan(&v)
	return v, err
}
