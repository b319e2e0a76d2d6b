package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// How long a client waits for an answer before it goes to the next entrance, and how long it rests when it has been to all.
const (
	tryTimeout  = 2 * time.Second
	readTimeout = 1500 * time.Millisecond
	rest        = 200 * time.Millisecond
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// RefusedError is an answer that trying again will not change.
type RefusedError struct {
	Status int
	Body   string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("refused with %d: %s", e.Status, e.Body) }

// errBusy is an answer after which one tries again.
var errBusy = errors.New("the server cannot do it now")

// request is what a client asks, the same at every try.
type request struct {
	method, path string
	body         []byte
	kind         string // of the body; JSON if empty
	timeout      time.Duration
	token        string
}

// jsonBody encodes what cannot fail to be encoded.
func jsonBody(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encoding %T: %v", v, err)) // maps of texts: a mistake of the drill's own
	}
	return b
}

// once makes the request at one entrance.
func once(ctx context.Context, client *http.Client, base string, r *request, into any) error {
	timeout := r.timeout
	if timeout == 0 {
		timeout = tryTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != nil {
		kind := r.kind
		if kind == "" {
			kind = "application/json"
		}
		req.Header.Set("Content-Type", kind)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or useless
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	return judge(res.StatusCode, body, into)
}

// judge says what an answer means.
func judge(status int, body []byte, into any) error {
	switch {
	case status == http.StatusOK:
	case status >= 500, status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %d %s", errBusy, status, body)
	default:
		return &RefusedError{Status: status, Body: string(body)}
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = body
		return nil
	default:
		return json.Unmarshal(body, into)
	}
}
