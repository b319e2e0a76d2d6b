package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/config"
)

// listener is an HTTP server on an open socket.
type listener struct {
	socket net.Listener
	server *http.Server
	lot    *lot          // nil if nothing is parked
	failed chan struct{} // closed when serving ended by itself
	err    error         // why; set before failed is closed

	// secured: connections are TLS, those that come back from the lot too.
	secured bool
	started bool
	// working is held for reading by every request, and for writing by whoever waits for the last of them.
	working sync.RWMutex
}

func newListener(socket net.Listener, server *http.Server, lot *lot) *listener {
	l := &listener{socket: socket, server: server, lot: lot, failed: make(chan struct{})}
	inner := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.working.TryRLock() {
			panic(http.ErrAbortHandler) // it came when all connections were being cut
		}
		defer l.working.RUnlock()
		if l.secured && r.TLS == nil {
			r.TLS = &tls.ConnectionState{HandshakeComplete: true} // it came back from the lot, as no *tls.Conn
		}
		inner.ServeHTTP(w, r)
	})
	return l
}

// secure makes the listener one for HTTPS, if there is a certificate.
func (l *listener) secure(t config.TLS) error {
	if t.Certificate == "" {
		return nil
	}
	c, err := loadCertificate(t.Certificate, t.Key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	l.server.Protocols.SetHTTP2(true)
	l.socket = tls.NewListener(l.socket, &tls.Config{
		GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	})
	l.secured = true
	return nil
}

func (l *listener) start() {
	l.started = true
	go func() {
		if err := l.server.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
			l.err = err
			close(l.failed)
		}
	}()
	if l.lot != nil {
		go func() { _ = l.server.Serve(l.lot) }() // it ends with the server
		go l.lot.look()
	}
}

// lastAnswers lets the answers that are still to come to parked requests tell the clients that their connections end.
func (l *listener) lastAnswers() {
	if l.lot != nil {
		_ = l.lot.Close()
	}
}

// cutTimeout is how long requests have to notice that their connections were cut.
const cutTimeout = 2 * time.Second

// stop lets the requests finish, or cuts them off when ctx ends. When it returns no request is at work, but in the worst case, where it
// returns an error.
func (l *listener) stop(ctx context.Context) error {
	if !l.started {
		return l.socket.Close()
	}
	if l.server.Shutdown(ctx) == nil && l.finish(ctx, func() {}) {
		return nil
	}
	_ = l.server.Close() // ends the contexts of the requests
	if l.lot != nil {
		l.lot.cut()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTimeout)
	defer cancel()
	if !l.finish(last, l.working.Lock) {
		return errors.New("requests did not end in time")
	}
	return nil
}

// finish waits for the last request, and tells whether it ended before ctx.
func (l *listener) finish(ctx context.Context, wait func()) bool {
	idle := make(chan struct{})
	go func() {
		wait()
		if l.lot != nil {
			l.lot.wait()
		}
		close(idle)
	}()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}
