//go:build goolm

package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // to read a PostgreSQL database row by row
	_ "modernc.org/sqlite"             // to read an SQLite database row by row
)

// remains are all places of a server: the files in its data folder, its log, every row of its database, and with PostgreSQL the files of
// the database and the write-ahead log.
func remains(t *testing.T, s *Server, database string) []place {
	t.Helper()
	places := []place{{"log", []byte(s.Log())}}
	places = append(places, files(t, "data", s.Data)...)
	if database == "" {
		return append(places, rows(t, "sqlite", "file:"+filepath.Join(s.Data, "bongsu.db")+"?mode=ro",
			"SELECT name FROM sqlite_master WHERE type = 'table'")...)
	}
	places = append(places, rows(t, "pgx", database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")...)
	db := must[*sql.DB](t)(sql.Open("pgx", database))
	defer func() { _ = db.Close() }()
	// The write-ahead log has what was written since; the pages go to the files now.
	if _, err := db.ExecContext(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	var folder, oid string
	err := db.QueryRowContext(t.Context(), `SELECT current_setting('data_directory'), oid::text FROM pg_database WHERE datname = current_database()`).Scan(&folder, &oid)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{filepath.Join("base", oid), "pg_wal", "pg_xact", "global"} {
		places = append(places, files(t, "postgres/"+part, filepath.Join(folder, part))...)
	}
	return places
}

// files reads all files under a folder.
func files(t *testing.T, name, root string) []place {
	t.Helper()
	var out []place
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		out = append(out, place{name + strings.TrimPrefix(path, root), data})
		return err
	})
	if err != nil {
		t.Fatalf("reading what the server keeps: %v", err)
	}
	return out
}

// rows reads all rows of all tables.
func rows(t *testing.T, driver, url, tables string) []place {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open(driver, url))
	defer func() { _ = db.Close() }()
	var names []string
	for row := range query(t, db, tables) {
		names = append(names, fmt.Sprint(row[0]))
	}
	var out []place
	for _, name := range names {
		var all bytes.Buffer
		for row := range query(t, db, "SELECT * FROM "+name) {
			for _, v := range row {
				if text, ok := v.([]byte); ok {
					v = string(text)
				}
				_, _ = fmt.Fprintln(&all, v)
			}
		}
		out = append(out, place{"table " + name, all.Bytes()})
	}
	return out
}

func query(t *testing.T, db *sql.DB, text string) func(func([]any) bool) {
	return func(yield func([]any) bool) {
		rows := must[*sql.Rows](t)(db.QueryContext(t.Context(), text)) //nolint:sqlclosecheck // closed below, whatever yield does
		defer func() { _ = rows.Close() }()
		columns := must[[]string](t)(rows.Columns())
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !yield(row) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
