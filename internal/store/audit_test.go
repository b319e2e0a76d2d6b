package store

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/testdb"
)

// The page for operators that says what the database holds names every table, and none that is not there.
func TestAuditPageNamesEveryTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/operate/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	_, tables, ok := strings.Cut(string(page), "## Table by table")
	tables, _, _ = strings.Cut(tables, "## Beside the database")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| .+ \\| .+ \\|$").FindAllStringSubmatch(tables, -1) {
		named = append(named, row[1])
	}
	if !ok || len(named) == 0 {
		t.Fatal("docs/operate/audit.md has no tables")
	}
	if !slices.IsSorted(named) || len(slices.Compact(slices.Clone(named))) != len(named) {
		t.Error("docs/operate/audit.md does not name the tables in alphabetical order, each once")
	}
	testdb.Each(t, func(t *testing.T, url string) {
		s, err := Open(t.Context(), Options{URL: url, Dir: t.TempDir(), Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		query := `SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public'`
		if url == "" {
			// An FTS5 table keeps what it holds in tables of its own, and SQLite its counters.
			query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_words\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`
		}
		var there []string
		err = s.Read(t.Context(), func(tx *Tx) (err error) {
			there, err = list(t.Context(), tx, func(rows Rows) (name string, err error) { return name, rows.Scan(&name) }, query)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range there {
			if !slices.Contains(named, name) {
				t.Errorf("docs/operate/audit.md does not say what the table %s holds", name)
			}
		}
		for _, name := range named {
			if !slices.Contains(there, name) {
				t.Errorf("docs/operate/audit.md names %s, which is no table", name)
			}
		}
	})
}
