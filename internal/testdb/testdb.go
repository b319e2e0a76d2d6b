// Package testdb gives tests an empty database of each kind that Bongsu runs on.
//
// A SQLite database is a path in the test's own folder. A PostgreSQL database is made in a cluster that is started once in
// a test process, on a loopback port that the system picked, and that dies with the process however the process ends (see
// cluster.go). Set BONGSU_TEST_POSTGRES to the URL of a superuser's database to use a running server instead.
//
// Invariants: no two tests share a database; a database is dropped when its test ends; a missing PostgreSQL fails the test
// and says how to get it. The package never skips a test and is imported by tests only.
package testdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// timeout bounds each step on the cluster: making it, and creating or dropping a database.
const timeout = 60 * time.Second

// Option changes the PostgreSQL cluster that a test gets.
type Option func(*settings)

type settings struct{ fsync bool }

// Fsync asks for a cluster that flushes to disk, for tests of durability and for benchmarks. Without it a cluster keeps
// what it was told as long as the operating system lives, which is enough to outlive any killed process.
func Fsync() Option { return func(s *settings) { s.fsync = true } }

// Postgres returns the URL of an empty PostgreSQL database, dropped when the test ends.
func Postgres(t testing.TB, opts ...Option) string {
	t.Helper()
	url, drop, err := New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// New returns the URL of an empty PostgreSQL database and what drops it, for what outlives a single test.
func New(opts ...Option) (dbURL string, drop func() error, err error) {
	var s settings
	for _, o := range opts {
		o(&s)
	}
	admin := os.Getenv("BONGSU_TEST_POSTGRES")
	if admin == "" {
		c, err := sharedCluster(s)
		if err != nil {
			return "", nil, fmt.Errorf("starting PostgreSQL for the test: %w", err)
		}
		admin = c.url
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", nil, fmt.Errorf("parsing BONGSU_TEST_POSTGRES: %w", err)
	}
	name := fmt.Sprintf("bongsu_test_%d_%d", os.Getpid(), counter.Add(1))
	if err := exec(admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"); err != nil {
		return "", nil, fmt.Errorf("creating database %s: %w", name, err)
	}
	u.Path = "/" + name
	return u.String(), func() error {
		if err := exec(admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("dropping database %s: %w", name, err)
		}
		return nil
	}, nil
}

// Each runs a test once on each kind of database. The url is empty for SQLite, whose file the caller places where it likes.
func Each(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, "") })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// counter numbers the databases of this process: the names must differ across tests that know nothing of each other.
var counter atomic.Int64

func exec(url, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
