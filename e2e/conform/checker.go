package conform

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// maxBody bounds the body of a response that is checked.
const maxBody = 64 << 20

// Checker checks responses as they pass and keeps what is wrong with them. It may be used by many goroutines.
type Checker struct {
	spec *Spec

	mu         sync.Mutex
	violations []Violation
	served     map[string]int // operation → responses seen other than M_UNRECOGNIZED
}

// NewChecker returns a checker over a loaded specification, which checkers may share.
func NewChecker(s *Spec) *Checker { return &Checker{spec: s, served: map[string]int{}} }

// Violations returns what was wrong with the responses so far, the known faults of the schemas left out.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Violation(nil), c.violations...)
}

// Observe checks one exchange.
func (c *Checker) Observe(x Exchange) {
	found := c.spec.Check(x)
	op := c.spec.Find(x.Method, x.EscapedPath)
	c.mu.Lock()
	defer c.mu.Unlock()
	if op != nil {
		c.served[op.String()]++
	}
	for _, v := range found {
		if !isKnownFault(op, v) {
			c.violations = append(c.violations, v)
		}
	}
}

// Exercised returns how often each operation answered.
func (c *Checker) Exercised() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := make(map[string]int, len(c.served))
	for op, n := range c.served {
		m[op] = n
	}
	return m
}

// Transport returns a round tripper that checks what comes through next.
func (c *Checker) Transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if err := c.observeResponse(req.Method, req.URL.EscapedPath(), resp); err != nil {
			return nil, err
		}
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Proxy returns a handler that passes requests on to target and checks the responses.
func (c *Checker) Proxy(target *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out = r.Out.WithContext(context.WithValue(r.Out.Context(), pathKey{}, r.In.URL.EscapedPath()))
		},
		ModifyResponse: func(resp *http.Response) error {
			path, _ := resp.Request.Context().Value(pathKey{}).(string)
			return c.observeResponse(resp.Request.Method, path, resp)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}

// pathKey is the context key of the path that a request to the proxy had.
type pathKey struct{}

// observeResponse reads a response whole, gives it its body back, and checks it.
func (c *Checker) observeResponse(method, escapedPath string, resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("reading the response: %w", err)
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gunzip(body); err != nil {
			return fmt.Errorf("unpacking the response: %w", err)
		}
	}
	c.Observe(Exchange{Method: method, EscapedPath: escapedPath, Status: resp.StatusCode, Header: resp.Header, Body: body})
	return nil
}

func gunzip(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxBody))
}
