package appservice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswer bounds what is read of a service's answer.
const maxAnswer = 1 << 20

// Paths of the API below a service's URL, and those from before the API had versions (Application Service API, "Legacy routes").
const (
	pathV1         = "/_matrix/app/v1"
	pathUnversion  = ""
	pathThirdParty = "/_matrix/app/unstable"
)

// request is a call of a service. Path goes below pathV1, or below legacy for a service that does not know that.
type request struct {
	method, path, legacy string
	noLegacy             bool
	query                url.Values
	body                 []byte
}

// answer is what a service said.
type answer struct {
	status int
	body   []byte
}

func (r answer) ok() bool { return r.status >= 200 && r.status < 300 }

// unknownRoute tells whether the service has no such path: it says so, or says nothing that a service of this API would.
func (r answer) unknownRoute() bool {
	if r.status != http.StatusNotFound && r.status != http.StatusMethodNotAllowed {
		return false
	}
	var e struct {
		Code string `json:"errcode"`
	}
	return json.Unmarshal(r.body, &e) != nil || e.Code == "" || e.Code == "M_UNRECOGNIZED"
}

// call sends a request. The error is that of the connection; whatever the service answers is none.
func (a *Services) call(ctx context.Context, s *Service, r request) (answer, error) {
	got, err := a.send(ctx, s, pathV1, r)
	if err != nil || r.noLegacy || !got.unknownRoute() {
		return got, err
	}
	// The older path is a second chance only: where it fails, in whatever way, the first answer stands.
	if old, err := a.send(ctx, s, r.legacy, r); err == nil && !old.unknownRoute() {
		return old, nil
	}
	return got, nil
}

func (a *Services) send(ctx context.Context, s *Service, base string, r request) (answer, error) {
	target := s.URL + base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, fmt.Errorf("calling the application service %s: %w", s.ID, err)
	}
	// Application Service API, "Authorization".
	req.Header.Set("Authorization", "Bearer "+s.HSToken)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("calling the application service %s: %w", s.ID, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer of the application service %s: %w", s.ID, err)
	}
	return answer{status: resp.StatusCode, body: body}, nil
}

// timedOut tells whether a call failed for want of an answer in time.
func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
