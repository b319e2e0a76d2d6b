package store

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Times after which a dead site is given up. Without TCP_USER_TIMEOUT and keep-alives a connection to a host that vanished hangs for
// minutes. They are the last resort: the watch over the hosts cuts the connections of one that does not answer sooner.
const (
	pgConnectTimeout = time.Second
	pgUserTimeout    = 3 * time.Second
	pgKeepAlive      = time.Second
)

// pgDialer opens the sockets.
func pgDialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: pgKeepAlive, Interval: pgKeepAlive, Count: 3},
		Control:         userTimeout(pgUserTimeout),
	}
}

// pgStateKey is where a connection keeps its pgLink.
const pgStateKey = "bongsu"

// pgLink is the socket of one connection, and what the connection remembers beside pgx's own state.
type pgLink struct {
	net.Conn
	links *pgLinks
	// writing is set while a transaction is open, and stays set if the connection is lost in it.
	writing atomic.Bool
	// notReplicated is set by warning 01000 on a commit: "canceling wait for synchronous replication".
	notReplicated atomic.Bool
}

// Close implements net.Conn.
func (l *pgLink) Close() error {
	l.links.remove(l)
	return l.Conn.Close()
}

// linkOf is the link of a connection; nil for one that the store did not open itself.
func linkOf(c *pgconn.PgConn) *pgLink {
	l, _ := c.CustomData()[pgStateKey].(*pgLink)
	return l
}

// pgLinks are the open sockets to one host.
type pgLinks struct {
	mu   sync.Mutex
	open map[*pgLink]struct{}
}

func (s *pgLinks) add(l *pgLink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*pgLink]struct{}{}
	}
	s.open[l] = struct{}{}
}

func (s *pgLinks) remove(l *pgLink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, l)
}

// cut closes all sockets. Whoever waits on one gets an error; what they had asked for is not cancelled.
func (s *pgLinks) cut() {
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for l := range open {
		_ = l.Close()
	}
}

// errNoCancel keeps pgx from asking a server to cancel.
var errNoCancel = errors.New("a transaction is never cancelled")

// dialOne makes the dialler of one connection. When a connection is lost pgx dials once more, to ask the server to cancel what it was
// doing. For a commit that waits for replication that would be fatal: it would become visible without being safe. So a link that was
// lost in a transaction refuses.
func (s *pgLinks) dialOne() pgconn.DialFunc {
	var last atomic.Pointer[pgLink]
	dialer := pgDialer()
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if l := last.Load(); l != nil && l.writing.Load() {
			return nil, errNoCancel
		}
		c, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l := &pgLink{Conn: c, links: s}
		s.add(l)
		last.Store(l)
		return l, nil
	}
}

// keepLink makes a new connection's link known to linkOf.
func keepLink(_ context.Context, c *pgx.Conn) error {
	conn := c.PgConn().Conn()
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	l, ok := conn.(*pgLink)
	if !ok {
		return errors.New("a connection that was not dialled here")
	}
	c.PgConn().CustomData()[pgStateKey] = l
	return nil
}

// hearNotice marks a commit of which the server says that it was not replicated.
func hearNotice(c *pgconn.PgConn, n *pgconn.Notice) {
	if n.Code != "01000" {
		return
	}
	if l := linkOf(c); l != nil {
		l.notReplicated.Store(true)
	}
}
