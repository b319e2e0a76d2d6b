package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Errors of Transfer that callers may test for.
var (
	// ErrInUse says that a server uses the database that is to be transferred.
	ErrInUse = errors.New("a server uses it")
	// ErrNotEmpty says that the database to transfer to holds something already.
	ErrNotEmpty = errors.New("it is not empty")
	// ErrDiffers says that the two databases are not the same after the transfer.
	ErrDiffers = errors.New("the databases differ")
	// ErrTransferring says that a transfer into the database was begun and not finished.
	ErrTransferring = errors.New("a transfer into this database is not finished")
)

// TransferOptions say what is moved where.
type TransferOptions struct {
	Dir      string // of the SQLite file
	URL      string // of the PostgreSQL database, which is empty or holds a transfer that was not finished
	Lanes    int    // that the PostgreSQL database gets
	Progress func(TransferProgress)
	Log      *slog.Logger

	// chunk is how many rows are moved, and compared, at a time; 0: transferChunk. stop may end the transfer after a chunk. Both are for tests.
	chunk int
	stop  func() error
}

// TransferProgress is how far a transfer is.
type TransferProgress struct {
	Comparing   bool // the second pass
	Table       string
	Done, Total int64 // rows of all tables, in this pass
}

// TransferredTable is what became of one table.
type TransferredTable struct {
	Name string
	Rows int64
	Hash string // of all its rows, the same on both sides
}

// transferChunk is few enough rows to hold, whatever they are, and enough for one transaction.
const transferChunk = 1000

// transfer is a transfer under way.
type transfer struct {
	o      TransferOptions
	from   *sql.DB
	to     *pgxpool.Pool
	tables []*transferTable
	total  int64
	done   int64
}

// Transfer moves everything from an SQLite database, which no server may use meanwhile, to an empty PostgreSQL database, and compares the two
// row by row. A transfer that ends early goes on where it was when it is called again.
//
// Positions stay what they are, and so do all tokens that clients hold: what there is stays in lane 0, and so does what belongs to the users
// themselves; rooms made later are spread over all lanes. The index of words is not moved: the server makes it anew.
func Transfer(ctx context.Context, o TransferOptions) ([]TransferredTable, error) {
	if o.Lanes < 1 || o.Lanes > MaxLanes {
		return nil, fmt.Errorf("lanes must be between 1 and %d", MaxLanes)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.chunk == 0 {
		o.chunk = transferChunk
	}
	from, err := openAlone(ctx, o.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the database to transfer: %w", err)
	}
	defer func() { _ = from.Close() }()
	back, err := openPostgres(ctx, Options{URL: o.URL, Lanes: o.Lanes, Log: o.Log})
	if err != nil {
		return nil, err
	}
	defer back.close()
	h, err := back.primary(ctx)
	if err != nil {
		return nil, err
	}
	t := &transfer{o: o, from: from, to: h.pool}
	if err := t.prepare(ctx, back); err != nil {
		return nil, err
	}
	if err := t.copyAll(ctx); err != nil {
		return nil, err
	}
	report, err := t.compareAll(ctx)
	if err != nil {
		return nil, err
	}
	return report, t.finish(ctx)
}

// openAlone opens an SQLite database for this process alone, and brings its schema up to date.
func openAlone(ctx context.Context, dir string) (*sql.DB, error) {
	path, err := filepath.Abs(filepath.Join(dir, "bongsu.db"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s", dir)
	}
	q := url.Values{"_pragma": {"busy_timeout(500)", "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"}}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // the lock belongs to the connection
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	for _, statement := range []string{"BEGIN EXCLUSIVE", "COMMIT"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			_ = db.Close()
			if (&sqliteBackend{}).retryable(err) {
				return nil, fmt.Errorf("%s: %w: stop it first", path, ErrInUse)
			}
			return nil, err
		}
	}
	if err := migrateDB(ctx, db, goose.DialectSQLite3, sqliteWords, 0); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// prepare makes the tables, or finds those of a transfer that was begun before.
func (t *transfer) prepare(ctx context.Context, back *postgresBackend) error {
	source, err := t.source(ctx)
	if err != nil {
		return err
	}
	var tables int
	var begun bool
	err = t.to.QueryRow(ctx, `SELECT count(*), COALESCE(bool_or(table_name = 'transfer'), FALSE) FROM information_schema.tables
		WHERE table_schema = current_schema()`).Scan(&tables, &begun)
	if err != nil {
		return fmt.Errorf("looking at the database to transfer to: %w", err)
	}
	switch {
	case tables == 0:
		if err := t.begin(ctx, source); err != nil {
			return err
		}
	case !begun:
		return fmt.Errorf("the database to transfer to: %w (%d tables): give one that was just created", ErrNotEmpty, tables)
	default:
		if err := t.resume(ctx, source); err != nil {
			return err
		}
	}
	if err := back.migrate(ctx, 0); err != nil {
		return err
	}
	return t.findTables(ctx)
}

// source tells one state of one SQLite database from others.
func (t *transfer) source(ctx context.Context) (string, error) {
	var name []byte
	var pos, turn int64
	err := t.from.QueryRowContext(ctx, `SELECT COALESCE((SELECT value FROM meta WHERE key = 'server_name'), x''), pos, turn FROM lanes WHERE lane = 0`).
		Scan(&name, &pos, &turn)
	if err != nil {
		return "", fmt.Errorf("reading whose database it is: %w", err)
	}
	return fmt.Sprintf("%s at %d, turn %d", name, pos, turn), nil
}

func (t *transfer) begin(ctx context.Context, source string) error {
	tx, err := t.to.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning the transfer: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, statement := range []string{
		`CREATE TABLE transfer (source TEXT NOT NULL)`,
		`CREATE TABLE transfer_tables (name TEXT PRIMARY KEY, moved BIGINT NOT NULL, last_key TEXT NOT NULL)`,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("beginning the transfer: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO transfer (source) VALUES ($1)`, source); err != nil {
		return fmt.Errorf("beginning the transfer: %w", err)
	}
	return tx.Commit(ctx)
}

func (t *transfer) resume(ctx context.Context, source string) error {
	var before string
	if err := t.to.QueryRow(ctx, `SELECT source FROM transfer`).Scan(&before); err != nil {
		return fmt.Errorf("reading the transfer that was begun: %w", err)
	}
	if before != source {
		return fmt.Errorf("the database to transfer to: %w: a transfer of %q was begun, and this is %q; begin anew with an empty database",
			ErrNotEmpty, before, source)
	}
	t.o.Log.Info("a transfer that was begun before goes on")
	return nil
}

// finish writes what differs on purpose, and takes away what marks the transfer as not finished: in one transaction, which waits for
// replication.
func (t *transfer) finish(ctx context.Context) error {
	tx, err := t.to.Begin(ctx)
	if err != nil {
		return fmt.Errorf("ending the transfer: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	put := func(key string, value int) {
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
				key, []byte(strconv.Itoa(value)))
		}
	}
	put(metaLanes, t.o.Lanes)
	put(metaUserLanes, 1)
	for lane := 1; lane < t.o.Lanes && err == nil; lane++ {
		_, err = tx.Exec(ctx, `INSERT INTO lanes (lane, pos, turn) VALUES ($1, $2, 0)`, lane, int64(MakePos(lane, 0)))
	}
	if err == nil {
		_, err = tx.Exec(ctx, `DROP TABLE transfer, transfer_tables`)
	}
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		return fmt.Errorf("ending the transfer: %w", err)
	}
	return nil
}

// refuseTransferring keeps a server off a database that is not whole yet.
func (b *postgresBackend) refuseTransferring(ctx context.Context) error {
	return b.read(ctx, func(q querier, _ bool) error {
		rows, err := q.Query(ctx, `SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'transfer'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			return fmt.Errorf("%w: run `bongsu migrate` again", ErrTransferring)
		}
		return rows.Err()
	})
}

func (t *transfer) tell(comparing bool, table string) {
	if t.o.Progress != nil {
		t.o.Progress(TransferProgress{Comparing: comparing, Table: table, Done: t.done, Total: t.total})
	}
}

func hashText(sum []byte) string { return hex.EncodeToString(sum[:8]) }
