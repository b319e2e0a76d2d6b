package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// dialectWords are the few words in which the two databases' schemas differ.
type dialectWords struct{ ID, Blob, Clustered string }

var (
	sqliteWords   = dialectWords{ID: "INTEGER", Blob: "BLOB", Clustered: " WITHOUT ROWID"}
	postgresWords = dialectWords{ID: "BIGINT", Blob: "BYTEA", Clustered: ""}
)

// SQLite is for the few statements of which one database has no form.
func (d dialectWords) SQLite() bool { return d == sqliteWords }

// migrationFS fills the words of a dialect into the migrations.
type migrationFS struct {
	fs.FS
	words dialectWords
}

func (m migrationFS) Open(name string) (fs.File, error) {
	info, err := fs.Stat(m.FS, name)
	if err != nil || info.IsDir() {
		return m.FS.Open(name)
	}
	text, err := fs.ReadFile(m.FS, name)
	if err != nil {
		return nil, err
	}
	tmpl, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("migration %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, m.words); err != nil {
		return nil, fmt.Errorf("migration %s: %w", name, err)
	}
	return &memFile{Reader: bytes.NewReader(out.Bytes()), info: info}, nil
}

// memFile is a migration in memory; its info still gives the template's size, which nobody reads.
type memFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *memFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memFile) Close() error               { return nil }

// migrate brings the schema up to this binary's version. Two nodes that start at once take turns on PostgreSQL by its table lock.
func (b *sqliteBackend) migrate(ctx context.Context, upTo int64) error {
	return migrateDB(ctx, b.db, goose.DialectSQLite3, sqliteWords, upTo)
}

func (b *postgresBackend) migrate(ctx context.Context, upTo int64) error {
	h, err := b.primary(ctx)
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(h.pool)
	defer func() { _ = db.Close() }()
	unlock, err := lockMigrations(ctx, db)
	if err != nil {
		return err
	}
	defer unlock()
	return migrateDB(ctx, db, goose.DialectPostgres, postgresWords, upTo)
}

// migrationLock is an arbitrary number that all nodes share.
const migrationLock = 0x626f6e677375

func lockMigrations(ctx context.Context, db *sql.DB) (unlock func(), err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("locking migrations: %w", err)
	}
	// Another node may be at it for as long as it takes.
	if _, err := c.ExecContext(ctx, "SET lock_timeout = 0"); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("locking migrations: %w", err)
	}
	if _, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("locking migrations: %w", err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, _ = c.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", migrationLock)
		_, _ = c.ExecContext(ctx, "RESET lock_timeout")
		_ = c.Close()
	}, nil
}

// migrateDB applies the migrations up to and with the given version; 0 means all.
func migrateDB(ctx context.Context, db *sql.DB, dialect database.Dialect, words dialectWords, upTo int64) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, migrationFS{sub, words})
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	if upTo == 0 {
		_, err = p.Up(ctx)
	} else {
		_, err = p.UpTo(ctx, upTo)
	}
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}
