package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/pki"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// link is a way to a server that can be made a black hole: connections stay open, and nothing passes any more.
type link struct {
	target, address string

	mu    sync.Mutex
	conns []net.Conn
	dead  chan struct{}
}

func newLink(t *testing.T, target string) *link {
	t.Helper()
	l := &link{target: target, dead: make(chan struct{})}
	var lc net.ListenConfig
	socket, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = socket.Addr().String()
	go l.serve(socket)
	t.Cleanup(func() {
		_ = socket.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range l.conns {
			_ = c.Close()
		}
	})
	return l
}

func (l *link) serve(socket net.Listener) {
	for {
		in, err := socket.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.conns = append(l.conns, in)
		l.mu.Unlock()
		select {
		case <-l.dead:
			continue // accepted, and never answered
		default:
		}
		var d net.Dialer
		out, err := d.DialContext(context.Background(), "tcp", l.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, out)
		l.mu.Unlock()
		go l.pass(in, out)
		go l.pass(out, in)
	}
}

func (l *link) pass(from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-l.dead:
			return
		default:
		}
		if err != nil {
			_ = to.Close()
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			_ = from.Close()
			return
		}
	}
}

func (l *link) blackHole() { close(l.dead) }

// testLog shows the store's log with the test.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func openPair(t *testing.T, url string, patience time.Duration) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Lanes: 1, Patience: patience, Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func makeRoom(t *testing.T, s *store.Store) (room int64) {
	t.Helper()
	ctx := t.Context()
	err := s.Lane(0).Do(ctx, func(tx *store.LaneTx) (err error) { room, err = addRoom(ctx, tx, "!r"); return err })
	if err != nil {
		t.Fatal(err)
	}
	return room
}

func send(ctx context.Context, s *store.Store, room int64, id string) error {
	return s.Lane(0).DoOnce(ctx, []byte(id), func(tx *store.LaneTx) error {
		if tx.Repeat() == "" {
			addEvent(tx, room, id, []byte(id))
		}
		return nil
	})
}

func events(ctx context.Context, s *store.Store, room int64) (ids []string, standby bool, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		standby = tx.Standby()
		list, err := tx.EventsAfter(ctx, room, 0, store.Latest, 10_000)
		for _, ev := range list {
			ids = append(ids, ev.ID)
		}
		return err
	})
	return ids, standby, err
}

// sender sends until it is stopped, and keeps what was acknowledged, in order.
type sender struct {
	acked []string
	worst time.Duration
	stop  chan struct{}
	done  chan struct{}
}

func startSender(t *testing.T, s *store.Store, room int64) *sender {
	t.Helper()
	w := &sender{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		last := time.Now()
		for i := 0; ; i++ {
			select {
			case <-w.stop:
				return
			default:
			}
			id := fmt.Sprintf("$e%05d", i)
			for send(context.Background(), s, room, id) != nil {
				select {
				case <-w.stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
			w.worst = max(w.worst, time.Since(last))
			last = time.Now()
			w.acked = append(w.acked, id)
		}
	}()
	return w
}

func (w *sender) end() {
	close(w.stop)
	<-w.done
}

// check compares what was acknowledged with what is there: each once, in order, and at most one more, whose answer never came.
func (w *sender) check(t *testing.T, s *store.Store, room int64) {
	t.Helper()
	ids, _, err := events(t.Context(), s, room)
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(w.acked) && len(ids) != len(w.acked)+1 {
		t.Fatalf("%d acknowledged, %d there", len(w.acked), len(ids))
	}
	for i, id := range w.acked {
		if ids[i] != id {
			t.Fatalf("event %d is %s, acknowledged was %s", i, ids[i], id)
		}
	}
	t.Logf("%d acknowledged, the longest wait %s", len(w.acked), w.worst.Round(time.Millisecond))
}

func (w *sender) awaitMore(t *testing.T, s *store.Store, more int) {
	t.Helper()
	from := s.LastCommit()
	for n := 0; n < more; {
		if t.Context().Err() != nil {
			t.Fatal("no more commits")
		}
		time.Sleep(5 * time.Millisecond)
		if now := s.LastCommit(); now.After(from) {
			from, n = now, n+1
		}
	}
}

// How the primary is lost; each is followed by a promotion.
func TestWritesMoveToTheNewPrimary(t *testing.T) {
	for name, lose := range map[string]func(p *testdb.Pair, l *link){
		"killed":     func(p *testdb.Pair, _ *link) { p.Kill(0) },
		"frozen":     func(p *testdb.Pair, _ *link) { p.Freeze(0) },
		"black hole": func(_ *testdb.Pair, l *link) { l.blackHole() },
	} {
		t.Run(name, func(t *testing.T) {
			p := testdb.NewPair(t)
			l := newLink(t, p.Address(0))
			s := openPair(t, p.URLAt(l.address, p.Address(1)), 20*time.Second)
			room := makeRoom(t, s)
			w := startSender(t, s, room)
			w.awaitMore(t, s, 20)
			lose(p, l)
			if name == "black hole" {
				p.Kill(0) // else it would go on acknowledging to nobody
			}
			began := time.Now()
			for s.Database().Primary != "" {
				if time.Since(began) > 4*time.Second {
					t.Fatal("the lost primary was not noticed")
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Logf("noticed after %s", time.Since(began).Round(time.Millisecond))
			if _, standby, err := events(t.Context(), s, room); err != nil || !standby {
				t.Fatalf("reading meanwhile: from a standby %t, %v", standby, err)
			}
			t.Logf("read after %s", time.Since(began).Round(time.Millisecond))
			p.Promote(1)
			promoted := time.Now()
			w.awaitMore(t, s, 20)
			t.Logf("writes went on %s after the promotion", time.Since(promoted).Round(time.Millisecond))
			w.end()
			w.check(t, s, room)
			if got := s.Database().Primary; got != p.Address(1) {
				t.Fatalf("the primary is %s", got)
			}
		})
	}
}

// A commit that somebody cancels while it waits for the standby is visible, and is not safe: it is not acknowledged before it is.
func TestCancelledCommitIsNotAcknowledged(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 20*time.Second)
	room := makeRoom(t, s)
	p.Freeze(1)
	done := make(chan error, 1)
	go func() { done <- send(context.Background(), s, room, "$one") }()
	waiting := `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
	p.Await(0, waiting)
	var cancelled bool
	p.Query(0, &cancelled, `SELECT bool_and(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	p.Await(0, `SELECT count(*) = 1 FROM events WHERE event_id = '$one'`) // visible
	p.Await(0, waiting)                                                   // and settled by another commit, which waits in its turn
	select {
	case err := <-done:
		t.Fatalf("answered before the standby had it: %v", err)
	default:
	}
	p.Thaw(1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if ids, _, err := events(t.Context(), s, room); err != nil || len(ids) != 1 {
		t.Fatalf("events %v, %v", ids, err)
	}
}

// A caller that leaves, and the patience that ends, cancel nothing on the server.
func TestNobodyCancelsACommitThatWaits(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 500*time.Millisecond)
	room := makeRoom(t, s)
	p.Freeze(1)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 3)
	put := func(name string) error {
		return s.SavePresence(ctx, []store.Presence{{UserID: name, SetAt: 1}})
	}
	go func() { done <- put("@a:x") }()
	go func() { done <- send(ctx, s, room, "$one") }()
	p.Await(0, `SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	leave()
	for range 2 {
		if err := <-done; err == nil {
			t.Fatal("acknowledged without the standby")
		}
	}
	var n int
	p.Query(0, &n, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	if n != 2 {
		t.Fatalf("%d commits wait, want 2", n)
	}
	p.Query(0, &n, `SELECT count(*) FROM events`)
	if n != 0 {
		t.Fatal("a commit that waits is visible")
	}
	p.Thaw(1)
	p.Await(0, `SELECT count(*) = 1 FROM events`)
}

// A node that stops does not wait for ever for a site that does not answer, and cancels nothing.
func TestCloseLeavesCommitsThatWait(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 30*time.Second)
	room := makeRoom(t, s)
	p.Freeze(1)
	go func() { _ = send(context.Background(), s, room, "$one") }()
	p.Await(0, `SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	began := time.Now()
	s.Close()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("closing took %s", took)
	}
	var n int
	p.Query(0, &n, `SELECT count(*) FROM events`)
	if n != 0 {
		t.Fatal("the commit was cancelled: it is visible, and not safe")
	}
	p.Thaw(1)
	p.Await(0, `SELECT count(*) = 1 FROM events`)
}

// The link breaks while a commit waits. pgx would ask the server to cancel it.
func TestBrokenLinkCancelsNothing(t *testing.T) {
	p := testdb.NewPair(t)
	l := newLink(t, p.Address(0))
	s := openPair(t, p.URLAt(l.address), time.Second)
	room := makeRoom(t, s)
	p.Freeze(1)
	go func() { _ = send(context.Background(), s, room, "$one") }()
	p.Await(0, `SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	l.mu.Lock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	time.Sleep(700 * time.Millisecond) // long enough for a cancel to arrive
	var n int
	p.Query(0, &n, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	if n == 0 {
		t.Fatal("the commit does not wait any more")
	}
	p.Query(0, &n, `SELECT count(*) FROM events`)
	if n != 0 {
		t.Fatal("the commit was cancelled: it is visible, and not safe")
	}
	p.Thaw(1)
	p.Await(0, `SELECT count(*) = 1 FROM events`)
}

// A standby that has not replayed what this node has seen is not read.
func TestStandbyBehindIsNotRead(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 3*time.Second)
	room := makeRoom(t, s)
	p.Exec(1, `SELECT pg_wal_replay_pause()`)
	if err := send(t.Context(), s, room, "$one"); err != nil {
		t.Fatal(err)
	}
	p.Kill(0)
	for s.Database().Primary != "" {
		time.Sleep(5 * time.Millisecond)
	}
	if ids, standby, err := events(t.Context(), s, room); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("read %v, standby %t, %v", ids, standby, err)
	}
	p.Exec(1, `SELECT pg_wal_replay_resume()`)
	ids, standby, err := events(t.Context(), s, room)
	if err != nil || !standby || len(ids) != 1 {
		t.Fatalf("read %v, standby %t, %v", ids, standby, err)
	}
	// What a client was told of elsewhere is asked for, too.
	err = s.Read(t.Context(), func(tx *store.Tx) error { return tx.MustHave(t.Context(), store.MakePos(0, 1000)) })
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("read below a token: %v", err)
	}
	if err := send(store.Impatient(t.Context()), s, room, "$two"); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("a send without a primary: %v", err)
	}
}

// What a former primary committed last may have reached nobody else. It is not read until it has followed another.
func TestFormerPrimaryAloneIsNotRead(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 300*time.Millisecond)
	room := makeRoom(t, s)
	if err := send(t.Context(), s, room, "$one"); err != nil {
		t.Fatal(err)
	}
	p.Kill(1)
	p.Demote(0)
	for s.Database().Primary != "" {
		time.Sleep(5 * time.Millisecond)
	}
	if ids, standby, err := events(t.Context(), s, room); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("read %v, standby %t, %v", ids, standby, err)
	}
	p.Start(1)
	p.Promote(1)
	for s.Database().Primary == "" {
		time.Sleep(5 * time.Millisecond)
	}
	if ids, standby, err := events(t.Context(), s, room); err != nil || standby || len(ids) != 1 {
		t.Fatalf("read %v, standby %t, %v", ids, standby, err)
	}
}

// A node that stands still in the middle of a transaction does not hold its lane for longer than the server lets it.
func TestANodeThatStandsStillLosesItsLane(t *testing.T) {
	url := testdb.Postgres(t)
	still, other := openPair(t, url, 10*time.Second), openPair(t, url, 10*time.Second)
	room := makeRoom(t, other)
	holds, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- still.Lane(0).Do(context.Background(), func(tx *store.LaneTx) error {
			close(holds)
			<-release
			addEvent(tx, room, "$late", []byte("$late"))
			return nil
		})
	}()
	<-holds
	start := time.Now()
	if err := send(t.Context(), other, room, "$meanwhile"); err != nil {
		t.Errorf("a send beside a node that stands still: %v", err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
	close(release)
	if err := <-ended; err != nil && !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the node that stood still: %v", err)
	}
	ids, _, err := events(t.Context(), other, room)
	if err != nil || len(ids) == 0 || ids[0] != "$meanwhile" {
		t.Errorf("events %v, %v", ids, err)
	}
}

// Back and forth: the node follows each move.
func TestPrimaryMovesTwice(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 30*time.Second)
	room := makeRoom(t, s)
	w := startSender(t, s, room)
	w.awaitMore(t, s, 10)
	p.Kill(0)
	p.Promote(1)
	w.awaitMore(t, s, 10)
	p.Rejoin(0)
	w.awaitMore(t, s, 10)
	p.Await(0, fmt.Sprintf(`SELECT count(*) > 0 FROM events WHERE room = %d`, room))
	p.Exec(1, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
	p.Exec(1, `SELECT pg_reload_conf()`)
	w.awaitMore(t, s, 10)
	p.Kill(1)
	p.Promote(0)
	w.awaitMore(t, s, 10)
	w.end()
	w.check(t, s, room)
}

// The retry trap: what was done already is said to be done only after a commit that waits, and so vouches for what it has found.
func TestWhatChangesNothingWaitsToo(t *testing.T) {
	p := testdb.NewPair(t)
	s := openPair(t, p.URL(), 30*time.Second)
	room := makeRoom(t, s)
	if err := send(t.Context(), s, room, "$one"); err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]func(ctx context.Context) error{
		"a transaction that writes nothing": func(ctx context.Context) error {
			return s.Write(ctx, func(tx *store.Tx) error { _, err := tx.RoomByID(ctx, "!r"); return err })
		},
		"a transaction without a statement": func(ctx context.Context) error {
			return s.Write(ctx, func(*store.Tx) error { return nil })
		},
		"a transaction id that was used": func(ctx context.Context) error { return send(ctx, s, room, "$one") },
		"a job that does nothing": func(ctx context.Context) error {
			return s.Lane(0).Do(ctx, func(*store.LaneTx) error { return nil })
		},
		"a request to devices that was done": func(ctx context.Context) error {
			return s.Lane(0).SendOnce(ctx, "key", 1, func(*store.LaneTx) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := again(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.Freeze(1)
			defer p.Thaw(1)
			done := make(chan error, 1)
			go func() { done <- again(context.Background()) }()
			p.Await(0, `SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
			select {
			case err := <-done:
				t.Fatalf("it did not wait: %v", err)
			default:
			}
			p.Thaw(1)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Each side shows a certificate of the same authority, and the node follows the primary all the same.
func TestDatabaseOverTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	a, err := pki.Create(dir, "Test", pki.AuthorityLife)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []pki.Request{
		{Name: "database", Kind: pki.KindNode, Hosts: []string{"127.0.0.1"}, Life: pki.LeafLife}, {Name: "bongsu", Kind: pki.KindClient, Life: pki.LeafLife},
	} {
		if err := a.Issue(r); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	p := testdb.NewPair(t)
	p.Secure(1, file("database.crt"), file("database.key"), file("ca.crt"))
	p.Secure(0, file("database.crt"), file("database.key"), file("ca.crt"))
	open := func(more string) (*store.Store, error) {
		return store.Open(t.Context(), store.Options{
			URL:   fmt.Sprintf("postgres://bongsu@%s,%s/postgres?sslmode=verify-full&sslrootcert=%s", p.Address(0), p.Address(1), file("ca.crt")) + more,
			Lanes: 1, Log: testLog(t),
		})
	}
	if s, err := open(""); err == nil {
		s.Close()
		t.Fatal("let in without a certificate")
	}
	s, err := open("&sslcert=" + file("bongsu.crt") + "&sslkey=" + file("bongsu.key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	room := makeRoom(t, s)
	w := startSender(t, s, room)
	w.awaitMore(t, s, 5)
	p.Kill(0)
	p.Promote(1)
	w.awaitMore(t, s, 5)
	w.end()
	w.check(t, s, room)
}

// A role without any privilege but its own tables is enough.
func TestPlainRoleIsEnough(t *testing.T) {
	p := testdb.NewPair(t)
	p.Exec(0, `CREATE ROLE plain LOGIN PASSWORD 'plain'`)
	p.Exec(0, `CREATE DATABASE plain OWNER plain`)
	url := fmt.Sprintf("postgres://plain:plain@%s,%s/plain?sslmode=disable", p.Address(0), p.Address(1))
	s := openPair(t, url, 10*time.Second)
	room := makeRoom(t, s)
	if err := send(t.Context(), s, room, "$one"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(*store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	p.Kill(0)
	for s.Database().Primary != "" {
		time.Sleep(5 * time.Millisecond)
	}
	if ids, standby, err := events(t.Context(), s, room); err != nil || !standby || len(ids) != 1 {
		t.Fatalf("read %v, standby %t, %v", ids, standby, err)
	}
}
