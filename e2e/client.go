package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// Obj is a JSON object in a request.
type Obj = map[string]any

// Client sends requests just as they are written: nothing is retried, hidden or corrected.
type Client struct {
	Token string // sent as a bearer token unless empty

	t    testing.TB
	base string
	http *http.Client
}

// Response is a whole response. Its checks fail the test that sent the request.
type Response struct {
	gjson.Result // the body, if it is JSON

	Status int
	Header http.Header
	Raw    []byte

	t    testing.TB
	line string
}

// Path joins segments under a prefix, each escaped, so that an identifier may hold any character.
func Path(prefix string, segments ...string) string {
	for _, s := range segments {
		prefix += "/" + url.PathEscape(s)
	}
	return prefix
}

// V3 is a path under /_matrix/client/v3.
func V3(segments ...string) string { return Path("/_matrix/client/v3", segments...) }

// V1 is a path under /_matrix/client/v1.
func V1(segments ...string) string { return Path("/_matrix/client/v1", segments...) }

// Query is a query string of the given names and values in turn.
func Query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

// Get sends a GET request.
func (c *Client) Get(path string) *Response { c.t.Helper(); return c.Do(http.MethodGet, path, nil) }

// Put sends a PUT request.
func (c *Client) Put(path string, body any) *Response {
	c.t.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Post sends a POST request.
func (c *Client) Post(path string, body any) *Response {
	c.t.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Delete sends a DELETE request.
func (c *Client) Delete(path string, body any) *Response {
	c.t.Helper()
	return c.Do(http.MethodDelete, path, body)
}

// Do sends a request. A body that is a string or bytes goes as it is, another as JSON, nil as none. Headers are given as
// names and values in turn.
func (c *Client) Do(method, path string, body any, headers ...string) *Response {
	c.t.Helper()
	r, err := c.Try(method, path, body, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// Try is Do for a request that may fail on its way, and for goroutines other than the test's.
func (c *Client) Try(method, path string, body any, headers ...string) (*Response, error) {
	reader, err := bodyReader(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, reader)
	if err != nil {
		return nil, err
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	r := &Response{Status: resp.StatusCode, Header: resp.Header, Raw: raw, t: c.t, line: method + " " + path}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		r.Result = gjson.ParseBytes(raw)
	}
	return r, nil
}

func bodyReader(body any) (io.Reader, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.NewReader(b), nil
	case []byte:
		return bytes.NewReader(b), nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the body: %w", err)
	}
	return bytes.NewReader(raw), nil
}

// OK fails the test unless the status is 200.
func (r *Response) OK() *Response { r.t.Helper(); return r.Want(http.StatusOK) }

// Want fails the test unless the status is the one given.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s answered %d, want %d: %s", r.line, r.Status, status, r.shown())
	}
	return r
}

// WantError fails the test unless status and errcode are those given.
func (r *Response) WantError(status int, code string) *Response {
	r.t.Helper()
	if r.Status != status || r.Get("errcode").String() != code {
		r.t.Fatalf("%s answered %d %s, want %d %s: %s", r.line, r.Status, r.Get("errcode"), status, code, r.shown())
	}
	return r
}

// Str returns the string at a path of the body, which must be there.
func (r *Response) Str(path string) string {
	r.t.Helper()
	value := r.Get(path)
	if value.Type != gjson.String {
		r.t.Fatalf("%s: no string at %s in %s", r.line, path, r.shown())
	}
	return value.Str
}

// WantJSON fails the test unless the values at the paths, given with them in turn, are as wanted.
func (r *Response) WantJSON(pairs ...any) *Response {
	r.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		path := pairs[i].(string)
		if problem := differs(r.Get(path), pairs[i+1]); problem != "" {
			r.t.Fatalf("%s: at %s: %s in %s", r.line, path, problem, r.shown())
		}
	}
	return r
}

func (r *Response) shown() string { return string(r.Raw[:min(len(r.Raw), 3000)]) }

// differs says how a value of a body is not the wanted one; a wanted nil stands for an absent value.
func differs(got gjson.Result, want any) string {
	if want == nil {
		if got.Exists() {
			return "is " + got.Raw + ", want nothing"
		}
		return ""
	}
	raw, err := json.Marshal(want)
	if err != nil {
		return err.Error()
	}
	var a, b any
	if !got.Exists() {
		return "nothing, want " + string(raw)
	}
	if json.Unmarshal(raw, &a) != nil || json.Unmarshal([]byte(got.Raw), &b) != nil {
		return "cannot be compared"
	}
	canonA, _ := json.Marshal(a)
	canonB, _ := json.Marshal(b)
	if !bytes.Equal(canonA, canonB) {
		return "is " + got.Raw + ", want " + string(raw)
	}
	return ""
}

// plainHTTP is a client whose responses are not checked, for those that a filter makes unlike the schema.
var plainHTTP = &http.Client{Transport: transport}
