package store

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"bongsu.org/bongsu/internal/testdb"
)

// A database of the first schema, with a row in it, comes up to the newest one and keeps the row.
func TestMigrateFromFirstSchema(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		ctx := t.Context()
		dir := t.TempDir()
		firstSchema(ctx, t, url, dir)
		s, err := Open(ctx, Options{URL: url, Dir: dir, Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.Read(ctx, func(tx *Tx) error {
			r, err := tx.RoomByID(ctx, "!old")
			if err == nil && r.Creator != "@a:x" {
				t.Errorf("the room came back as %+v", r)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

const oldRow = `INSERT INTO rooms (room, room_id, version, creator) VALUES (1, '!old', '12', '@a:x')`

func firstSchema(ctx context.Context, t *testing.T, url, dir string) {
	t.Helper()
	if url == "" {
		b, err := openSQLite(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.migrate(ctx, 1); err != nil {
			t.Fatal(err)
		}
		b.close()
		db, err := sql.Open("sqlite", filepath.Join(dir, "bongsu.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(ctx, oldRow); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := openPostgres(ctx, Options{URL: url, Lanes: 2, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if err := b.migrate(ctx, 1); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, oldRow); err != nil {
		t.Fatal(err)
	}
}
