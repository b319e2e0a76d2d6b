package node

import (
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const refusalBody = `{"errcode":"M_LIMIT_EXCEEDED","error":"The server has too many connections","retry_after_ms":5000}`

// refusal is what a client reads that comes while the node holds as many connections as it may.
var refusal = []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\nConnection: close\r\n" +
	"Access-Control-Allow-Origin: *\r\nContent-Length: " + strconv.Itoa(len(refusalBody)) + "\r\n\r\n" + refusalBody)

// refusalTimeout bounds how long a refused client may take to hear of it.
const refusalTimeout = time.Second

// limitedListener refuses connections beyond a number, instead of leaving them in the system's queue where they would wait unanswered.
type limitedListener struct {
	net.Listener
	most    int64
	open    atomic.Int64
	refused atomic.Uint64
}

func limitListener(l net.Listener, most int) *limitedListener {
	return &limitedListener{Listener: l, most: int64(most)}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		l.refused.Add(1)
		// A new socket's buffer takes these few bytes without waiting.
		_ = conn.SetWriteDeadline(time.Now().Add(refusalTimeout))
		_, _ = conn.Write(refusal)
		_ = conn.Close()
	}
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
