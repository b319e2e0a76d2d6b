// Package client speaks the parts of the Matrix client-server API that a load needs, as cheaply as it can: the load
// generator shares the machine with the server that it measures, and what it spends the server lacks.
//
// A Conn is one HTTP/1.1 connection that one goroutine uses at a time. There is no pool, no lock and no copy on the way:
// a request is appended to a buffer and written at once, a response body is valid until the next call. It never hides a
// failure: only a connection that the server closed while it was idle is opened anew, once.
package client

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// maxBody bounds what a response may hold.
const maxBody = 256 << 20

// readBuffer is small because ten thousand connections may be open at once.
const readBuffer = 4 << 10

// ErrClosed is what a request on a closed connection fails with.
var ErrClosed = errors.New("the connection was closed")

// Conn is a keep-alive connection to a server.
type Conn struct {
	addr string
	// mu guards writes of nc and closed, so that Close may come from another goroutine. The user alone writes nc, and
	// reads it without the lock.
	mu     sync.Mutex
	nc     net.Conn
	closed bool

	br   *bufio.Reader
	out  []byte
	resp fasthttp.Response
	used bool
}

// NewConn gives a connection to a host and port. It is opened at the first request.
func NewConn(addr string) *Conn { return &Conn{addr: addr} }

// Request is what Do sends.
type Request struct {
	Method  string
	Path    string // with the query, percent-encoded
	Token   string // the access token, or empty
	Body    []byte
	Timeout time.Duration
}

// Do sends a request and reads its response. The body is valid until the next call.
func (c *Conn) Do(r Request) (status int, body []byte, err error) {
	c.out = appendRequest(c.out[:0], c.addr, r)
	reused := c.nc != nil && c.used
	status, body, err = c.exchange(r.Timeout)
	if err != nil && reused && !isTimeout(err) {
		status, body, err = c.exchange(r.Timeout)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	return status, body, nil
}

// Close closes the connection for good. A Do under way in another goroutine fails.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.nc != nil {
		_ = c.nc.Close()
	}
}

// Release gives the memory of the last response back.
func (c *Conn) Release() { c.resp.Reset() }

func (c *Conn) exchange(timeout time.Duration) (int, []byte, error) {
	if err := c.open(); err != nil {
		return 0, nil, err
	}
	if err := c.nc.SetDeadline(time.Now().Add(timeout)); err != nil {
		return 0, nil, c.fail(err)
	}
	if _, err := c.nc.Write(c.out); err != nil {
		return 0, nil, c.fail(err)
	}
	if err := c.resp.ReadLimitBody(c.br, maxBody); err != nil {
		return 0, nil, c.fail(err)
	}
	c.used = true
	if c.resp.ConnectionClose() {
		c.drop()
	}
	return c.resp.StatusCode(), c.resp.Body(), nil
}

func (c *Conn) open() error {
	if c.nc != nil {
		return nil
	}
	nc, err := net.DialTimeout("tcp", c.addr, 10*time.Second)
	if err != nil {
		return err
	}
	if err := c.take(nc); err != nil {
		return err
	}
	c.used = false
	if c.br == nil {
		c.br = bufio.NewReaderSize(nc, readBuffer)
	}
	c.br.Reset(nc)
	return nil
}

func (c *Conn) fail(err error) error {
	c.drop()
	return err
}

func (c *Conn) take(nc net.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = nc.Close()
		return ErrClosed
	}
	c.nc = nc
	return nil
}

func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.nc.Close()
	c.nc = nil
}

// isTimeout knows a timeout of the connection and of fasthttp, which hides the connection's.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, fasthttp.ErrTimeout) || errors.As(err, &t) && t.Timeout()
}

func appendRequest(b []byte, host string, r Request) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	if r.Token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, r.Token...)
	}
	if r.Body != nil {
		b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, r.Body...)
}
