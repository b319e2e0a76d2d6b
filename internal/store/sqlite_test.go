package store

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOddDataFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "what? #1 100%41 데이터")
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(filepath.Join(dir, "bongsu.db")); err != nil {
		t.Fatalf("the database is somewhere else: %v", err)
	}
}

func TestToSQLite(t *testing.T) {
	for in, want := range map[string]string{
		`SELECT 1 WHERE a = $1 AND b = $12`: `SELECT 1 WHERE a = ?1 AND b = ?12`,
		`WHERE a = ANY($3)`:                 `WHERE a IN (SELECT value FROM json_each(?3))`,
	} {
		if got := toSQLite(in); got != want {
			t.Errorf("toSQLite(%q) = %q, want %q", in, got, want)
		}
	}
}
