package account

import (
	"context"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.UnixMilli(1_700_000_000_000)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a Service on a fresh database.
type fixture struct {
	*Service
	t     *testing.T
	clock *clock
}

// each runs a test on both kinds of database.
func each(t *testing.T, o Options, fn func(t *testing.T, f fixture)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, url string) {
		db, err := store.Open(context.Background(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		fn(t, newFixture(t, db, o))
	})
}

// newFixture is one more node on a database.
func newFixture(t *testing.T, db *store.Store, o Options) fixture {
	t.Helper()
	c := newClock()
	o.ServerName, o.Store, o.Now = "example.org", db, c.Now
	if o.Registration == "" {
		o.Registration = RegistrationOpen
	}
	s := New(o)
	t.Cleanup(s.Close)
	return fixture{Service: s, t: t, clock: c}
}

// must ends the test at an error.
func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// must2 is must for a call with two results.
func must2[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		return must(t, v, err)
	}
}

const testPassword = "super secret"

// register makes an account by the open registration.
func (f fixture) register(name string) Login {
	f.t.Helper()
	l, err := f.Register(context.Background(), Registering{Username: name, Password: testPassword})
	return must(f.t, l, err)
}

func (f fixture) loginAs(name string, d NewDevice) (Login, error) {
	return f.LoginByPassword(context.Background(), Identifier{Type: "m.id.user", User: name}, testPassword, d)
}

// openSQLite is a fresh database for tests in which its kind does not matter.
func openSQLite(t testing.TB) *store.Store {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}
