package node

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of what one connection may do.
const (
	// maxHeader leaves room for a filter or a token of many lanes in a URL.
	maxHeader         = 64 << 10
	readHeaderTimeout = 15 * time.Second
	// idleTimeout is longer than that of common proxies, so that it is they who close a connection that is not used: a request that
	// meets a closing connection fails.
	idleTimeout = 3 * time.Minute
	// bodyTimeout is how long a request's body may take, except of uploads.
	bodyTimeout = time.Minute
	// answerTimeout is how long a request may take in all, except of those that wait or transfer media.
	answerTimeout = 3 * time.Minute
	// longestWait is how long a /sync may take in all.
	longestWait = 10 * time.Minute
	maxStreams  = 250
)

// newHTTPServer makes the server for HTTP/1.1 and cleartext HTTP/2. It has no timeout for whole requests, since some wait; see setDeadlines.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// setDeadlines bounds the time for which a client may hold a request open by sending or taking slowly. Media set their own; what the
// request before on the connection set is lifted for them.
func setDeadlines(w http.ResponseWriter, r *http.Request, class string) {
	conn := http.NewResponseController(w)
	if class == classMedia {
		_ = conn.SetWriteDeadline(time.Time{})
		return
	}
	limit := answerTimeout
	if class == classSync {
		limit = longestWait
	}
	_ = conn.SetWriteDeadline(time.Now().Add(limit)) // not every connection has deadlines
	if r.ContentLength != 0 {
		_ = conn.SetReadDeadline(time.Now().Add(bodyTimeout))
		r.Body = &timedBody{ReadCloser: r.Body, conn: conn}
	}
}

// timedBody lifts the deadline for reading once the body is there: net/http goes on reading to notice a client that leaves, and would take
// the deadline for that.
type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// listen opens an address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", address)
}
