package e2e

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	_ "github.com/jackc/pgx/v5/stdlib" // to read a PostgreSQL database row by row
	_ "modernc.org/sqlite"             // to read an SQLite database row by row
)

// forms are the ways in which a secret of ASCII text may stand somewhere: as it is, in either case, as UTF-16, in base64 of either
// alphabet with anything before it, in hexadecimal; and the base64 in hexadecimal once more, as dumps have it.
func forms(secret string) map[string][]byte {
	out := map[string][]byte{"as it is": []byte(secret), "in lower case": []byte(strings.ToLower(secret))}
	var le, be []byte
	for _, u := range utf16.Encode([]rune(secret)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	out["in UTF-16, little end first"], out["in UTF-16, big end first"] = le, be
	for shift := range 3 {
		// Of what precedes the secret only its length counts; the characters on its edges are shared with what is beside it.
		shifted := append(make([]byte, shift), secret...)
		from, to := (shift*8+5)/6, len(shifted)*8/6
		out[fmt.Sprintf("in base64, shifted by %d", shift)] = []byte(base64.RawStdEncoding.EncodeToString(shifted)[from:to])
		out[fmt.Sprintf("in base64 for URLs, shifted by %d", shift)] = []byte(base64.RawURLEncoding.EncodeToString(shifted)[from:to])
	}
	for name, form := range maps.Clone(out) {
		text := hex.EncodeToString(form)
		out[name+", in hexadecimal"], out[name+", in capital hexadecimal"] = []byte(text), []byte(strings.ToUpper(text))
	}
	return out
}

// place is somewhere that a server keeps something.
type place struct {
	name string
	data []byte
}

// traces tells where which of the secrets is found, and in which form.
func traces(places []place, secrets map[string]string) []string {
	var found []string
	for what, secret := range secrets {
		for how, form := range forms(secret) {
			for _, p := range places {
				if bytes.Contains(p.data, form) {
					found = append(found, fmt.Sprintf("%s: %s, %s", p.name, what, how))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

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

func TestTracesAreFoundInEveryForm(t *testing.T) {
	const secret = "Beacon-5hills-kept-secret"
	secrets := map[string]string{"the secret": secret}
	if got := traces([]place{{"elsewhere", []byte("Beacon-5hills-kept-secre and Beacon-5hills")}}, secrets); len(got) > 0 {
		t.Errorf("found where it is not: %v", got)
	}
	for how, form := range forms(secret) {
		if got := traces([]place{{"here", slices.Concat([]byte("before "), form, []byte(" after"))}}, secrets); len(got) == 0 {
			t.Errorf("%s it is not found", how)
		}
	}
	for _, before := range []string{"", "x", "xy", "xyz", "Grüße "} {
		for _, after := range []string{"", "x", "xy", "xyz"} {
			text := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
			for _, data := range []string{text, hex.EncodeToString([]byte(text))} {
				if len(traces([]place{{"here", []byte(data)}}, secrets)) == 0 {
					t.Errorf("in base64 between %q and %q it is not found", before, after)
				}
			}
		}
	}
}
