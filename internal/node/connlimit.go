package node

import (
	"io"
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

// maxRefusing bounds how many clients are being told at once.
const maxRefusing = 256

// limitedListener refuses connections beyond a number, instead of leaving them in the system's queue where they would wait unanswered.
type limitedListener struct {
	net.Listener
	most int64
	open atomic.Int64
	// refusing holds one for each client that is being told.
	refusing chan struct{}
	refused  atomic.Uint64
}

func limitListener(l net.Listener, most int) *limitedListener {
	return &limitedListener{Listener: l, most: int64(most), refusing: make(chan struct{}, maxRefusing)}
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
		select {
		case l.refusing <- struct{}{}:
			go l.refuse(conn)
		default:
			_ = conn.Close() // there are too many even to be told
		}
	}
}

// refuse tells a client that there are too many. It reads first what the client sends, since a connection that is closed with something
// unread takes what was written with it.
func (l *limitedListener) refuse(conn net.Conn) {
	defer func() { <-l.refusing }()
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(refusalTimeout))
	if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
		return
	}
	_, _ = conn.Write(refusal)
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, conn, maxHeader)
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
