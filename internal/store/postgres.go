package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresBackend is the servers that the settings name, of which one at a time is the primary. A watch over each says what it is; a
// failed statement makes it look at once. Writes go to the primary, and wait for one. Reads go to the primary too, and to a standby only
// while no primary can be reached.
type postgresBackend struct {
	log    *slog.Logger
	hosts  []*pgHost
	near   []*pgHost // those that may be read as standbys, the nearest first
	waits  time.Duration
	answer time.Duration // how long a host may take to answer the watch
	marks  marks

	stop    context.CancelFunc
	watches sync.WaitGroup

	mu      sync.Mutex
	current *pgHost // the primary; nil: none is known
	looked  map[*pgHost]*pgState
	changed chan struct{} // closed when something changes
}

func openPostgres(ctx context.Context, o Options) (*postgresBackend, error) {
	hosts, err := hostsOf(ctx, o.URL, o.Lanes+16+readersLeft)
	if err != nil {
		return nil, err
	}
	b := &postgresBackend{
		log: o.Log, hosts: hosts, waits: o.Patience, answer: answerSoon, looked: map[*pgHost]*pgState{}, changed: make(chan struct{}),
	}
	if b.waits <= 0 {
		b.waits = DefaultPatience
	}
	if len(hosts) == 1 {
		b.answer = answerIfOnly
	}
	b.near = nearest(hosts, o.Reads)
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	for _, h := range hosts {
		b.watches.Go(func() { b.watch(watching, h) })
	}
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, fmt.Errorf("reaching PostgreSQL: %w", err)
	}
	return b, nil
}

// nearest puts the hosts that are named first, in their order.
func nearest(hosts []*pgHost, named []string) []*pgHost {
	rank := func(h *pgHost) int {
		i := slices.IndexFunc(named, func(n string) bool { return n == h.name || n+":5432" == h.name })
		if i < 0 {
			return len(named)
		}
		return i
	}
	out := slices.Clone(hosts)
	slices.SortStableFunc(out, func(a, b *pgHost) int { return rank(a) - rank(b) })
	return out
}

// startFor is how long a start waits for a database that is not there yet: machines boot in any order.
const startFor = 15 * time.Second

// start waits for a primary. What trying again cannot mend, such as a wrong password, is an error at once.
func (b *postgresBackend) start(ctx context.Context) error {
	tooLong := time.NewTimer(startFor)
	defer tooLong.Stop()
	warned := false
	for {
		b.mu.Lock()
		found, changed, looked := b.current != nil, b.changed, len(b.looked)
		b.mu.Unlock()
		if found {
			return nil
		}
		if looked == len(b.hosts) {
			if b.hopeless() {
				return b.nobody()
			}
			if !warned {
				b.log.Warn("PostgreSQL cannot be written yet; trying again", "for", startFor, "err", b.nobody())
				warned = true
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tooLong.C:
			return b.nobody()
		case <-changed:
		}
	}
}

// hopeless tells that every server has refused us for what waiting does not mend.
func (b *postgresBackend) hopeless() bool {
	return !slices.ContainsFunc(b.hosts, func(h *pgHost) bool {
		var refused *pgconn.PgError
		return !errors.As(h.state.Load().err, &refused) || refused.Code[:2] == "57" || refused.Code[:2] == "53"
	})
}

type patienceKey struct{}

// Impatient makes writes and reads with the context fail at once while there is no database for them, instead of waiting for one.
func Impatient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, time.Duration(0))
}

// patient gives the context another patience than that of the settings.
func patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, d)
}

// patientUntil bounds the patience of the context, unless it has its own.
func patientUntil(ctx context.Context, until time.Time) context.Context {
	if _, ok := ctx.Value(patienceKey{}).(time.Duration); ok {
		return ctx
	}
	return patient(ctx, time.Until(until))
}

func (b *postgresBackend) patience(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(patienceKey{}).(time.Duration); ok {
		return d
	}
	return b.waits
}

// acquire gets a connection to a host that find names, or to another if that one turns out to be gone. get takes it from the host.
func (b *postgresBackend) acquire(ctx context.Context, find func(context.Context) (*pgHost, error),
	get func(context.Context, *pgHost) (*pgxpool.Conn, error)) (*pgHost, *pgxpool.Conn, error) {
	until := time.Now().Add(b.patience(ctx))
	for {
		h, err := find(patient(ctx, time.Until(until)))
		if err != nil {
			return nil, nil, err
		}
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		c, err := connect(ctx, h, until, get)
		if err == nil {
			return h, c, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		h.suspect()
		if time.Now().After(until) {
			return nil, nil, fmt.Errorf("%w: connecting to %s: %w", ErrUnavailable, h.name, err)
		}
		select {
		case <-changed:
		case <-time.After(acquireAgain):
		case <-ctx.Done():
		}
	}
}

// acquireAgain is the pause before another try to connect, unless something has changed.
const acquireAgain = 200 * time.Millisecond

// connect gets a connection within the time that is left, or that a host has to answer.
func connect(ctx context.Context, h *pgHost, until time.Time, get func(context.Context, *pgHost) (*pgxpool.Conn, error)) (*pgxpool.Conn, error) {
	if least := time.Now().Add(answerSoon); until.Before(least) {
		until = least
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return get(ctx, h)
}

func toRead(ctx context.Context, h *pgHost) (*pgxpool.Conn, error) { return h.pool.Acquire(ctx) }

// toWrite waits for its turn first: transactions that wait for a commit leave connections for reading.
func toWrite(ctx context.Context, h *pgHost) (*pgxpool.Conn, error) {
	select {
	case h.writers <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for one of %d transactions to end: %w", cap(h.writers), ctx.Err())
	}
	c, err := h.pool.Acquire(ctx)
	if err != nil {
		<-h.writers
	}
	return c, err
}

func (b *postgresBackend) read(ctx context.Context, fn func(q querier, standby bool) error) error {
	h, c, err := b.acquire(ctx, b.readable, toRead)
	if err != nil {
		return err
	}
	defer c.Release()
	standby := inRecovery(c.Conn())
	if standby {
		if err := b.reach(ctx, h, c.Conn()); err != nil {
			return err
		}
	}
	return fn(pgConn{c, h}, standby)
}

func (b *postgresBackend) begin(ctx context.Context) (transaction, error) {
	h, c, err := b.acquire(ctx, b.primary, toWrite)
	if err != nil {
		return nil, err
	}
	l := linkOf(c.Conn().PgConn())
	l.writing.Store(true)
	return &pgTx{conn: c, link: l, host: h}, nil
}

func (b *postgresBackend) writable(ctx context.Context) error {
	ctx = Impatient(ctx)
	if _, err := b.primary(ctx); err != nil {
		return err
	}
	return b.read(ctx, func(q querier, standby bool) error {
		if standby {
			return fmt.Errorf("%w: the server is read-only", ErrUnavailable)
		}
		_, err := q.Exec(ctx, "SELECT 1")
		return err
	})
}

func (b *postgresBackend) readableNow(ctx context.Context) error {
	ctx = Impatient(ctx)
	return b.read(ctx, func(q querier, _ bool) error {
		_, err := q.Exec(ctx, "SELECT 1")
		return err
	})
}

// mark writes a few bytes to the log, takes no lock, and travels with the commit. An xid alone would not do: a commit without a record in
// the log before it is not waited for.
func (*postgresBackend) mark() []write {
	return []write{{sql: `SELECT pg_logical_emit_message(true, 'bongsu', '')`}}
}

func (*postgresBackend) remote() bool { return true }

func (b *postgresBackend) saw(p Pos) { b.marks.saw(p) }

func (b *postgresBackend) retryable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func (b *postgresBackend) leave() {
	for _, h := range b.hosts {
		h.cut()
	}
}

func (b *postgresBackend) close() {
	b.stop()
	b.watches.Wait()
	for _, h := range b.hosts {
		h.pool.Close()
	}
}

// pgErr names the errors that callers act on.
func pgErr(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch {
	case e.Code == "22021":
		return fmt.Errorf("%w: %w", ErrText, err)
	case e.Code == "23505":
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case e.Code == "25006", e.Code == "25P03", e.Code == "55P03", slices.Contains(unavailableClasses, e.Code[:2]):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// unavailableClasses are the classes of errors for which the server, not the statement, is the reason: lost connections, rolled back
// transactions, no resources, operators, the system.
var unavailableClasses = strings.Fields("08 40 53 57 58")

// lost tells that the connection leads to a server that is gone, or cannot be written any more.
func lost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var e *pgconn.PgError
	return !errors.As(err, &e) || e.Code == "25006" || e.Code[:2] == "57"
}
