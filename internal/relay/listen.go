package relay

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

const (
	// maxConns bounds the TCP and TLS connections of one listener.
	maxConns = 4096
	// firstWord is how long a new connection may take to say something; silence how long any may be quiet. Clients refresh what they hold at
	// least every ten minutes.
	firstWord = 20 * time.Second
	silence   = 12 * time.Minute
	// writeTimeout is how long a client may take to read what is relayed to it.
	writeTimeout = 10 * time.Second
)

// boundedListener accepts a bounded number of connections, shakes hands in TLS beside the others, and closes who says nothing.
type boundedListener struct {
	net.Listener
	tls   *tls.Config // nil: none
	free  chan struct{}
	ready chan net.Conn

	ended    chan struct{}
	end      func()
	handlers sync.WaitGroup

	mu   sync.Mutex
	open map[*timedConn]struct{} // nil: closed
}

func newBoundedListener(l net.Listener, config *tls.Config) *boundedListener {
	b := &boundedListener{
		Listener: l, tls: config, free: make(chan struct{}, maxConns), ready: make(chan net.Conn), ended: make(chan struct{}),
		open: map[*timedConn]struct{}{},
	}
	b.end = sync.OnceFunc(func() { close(b.ended) })
	b.handlers.Go(b.accept)
	return b
}

// accept takes connections for Accept to hand out.
func (b *boundedListener) accept() {
	defer b.end()
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return
		}
		select {
		case b.free <- struct{}{}:
			b.handlers.Go(func() { b.prepare(conn) })
		default:
			_ = conn.Close() // there are too many
		}
	}
}

// prepare makes a connection ready to be handed out.
func (b *boundedListener) prepare(raw net.Conn) {
	conn := &timedConn{Conn: raw, raw: raw, patience: firstWord}
	conn.leave = sync.OnceFunc(func() {
		b.forget(conn)
		<-b.free
	})
	if !b.remember(conn) {
		_ = conn.Close()
		return
	}
	if b.tls != nil {
		secure := tls.Server(raw, b.tls)
		ctx, cancel := context.WithTimeout(context.Background(), firstWord)
		err := secure.HandshakeContext(ctx)
		cancel()
		if err != nil {
			_ = conn.Close()
			return
		}
		conn.Conn = secure
	}
	select {
	case b.ready <- conn:
	case <-b.ended:
		_ = conn.Close()
	}
}

// remember keeps a connection for Close to end.
func (b *boundedListener) remember(conn *timedConn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		return false
	}
	b.open[conn] = struct{}{}
	return true
}

func (b *boundedListener) forget(conn *timedConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, conn)
}

// Accept implements net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	select {
	case conn := <-b.ready:
		return conn, nil
	case <-b.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It ends the connections, too.
func (b *boundedListener) Close() error {
	b.end()
	err := b.Listener.Close()
	b.mu.Lock()
	open := b.open
	b.open = nil
	b.mu.Unlock()
	for conn := range open {
		_ = conn.raw.Close() // whoever reads it gives its place back
	}
	b.handlers.Wait()
	return err
}

// timedConn ends by itself when nothing is said, or nothing is read.
type timedConn struct {
	net.Conn
	raw      net.Conn // below TLS
	leave    func()
	patience time.Duration // of the next Read; only the reader touches it
}

// Read implements net.Conn.
func (c *timedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	c.patience = silence
	return c.Conn.Read(p)
}

// Write implements net.Conn.
func (c *timedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *timedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
