package node

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// recorded is a response that is kept until it is whole.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorded) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

// WriteHeader implements http.ResponseWriter.
func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorded) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// finish sets what net/http would.
func (r *recorded) finish() {
	r.WriteHeader(http.StatusOK)
	r.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
}

// send writes the response as HTTP/1.1 (RFC 9112); last tells the client that the connection ends with it.
func (r *recorded) send(w io.Writer, last bool) error {
	r.finish()
	r.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if last {
		r.header.Set("Connection", "close")
	}
	var out bytes.Buffer
	out.Grow(512 + r.body.Len())
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	if err := r.header.Write(&out); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	out.WriteString("\r\n")
	out.Write(r.body.Bytes())
	_, err := w.Write(out.Bytes())
	return err
}
