package appservice

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a ping.
const (
	pingTimeout = 30 * time.Second
	maxPingBody = 4 << 10
)

// Ping asks a service whether it can be reached and knows its hs_token (Application Service API, "Pinging"), and returns how long that
// took. The error is for the service.
func (a *Services) Ping(ctx context.Context, s *Service, txnID string) (time.Duration, error) {
	if s.URL == "" {
		return 0, mxerr.New(http.StatusBadRequest, mxerr.URLNotSet, "The application service has no URL")
	}
	body := map[string]string{}
	if txnID != "" {
		body["transaction_id"] = txnID
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	start := time.Now()
	got, err := a.call(ctx, s, request{method: http.MethodPost, path: "/ping", noLegacy: true, body: raw})
	took := time.Since(start)
	switch {
	case err != nil && timedOut(err):
		return 0, mxerr.New(http.StatusGatewayTimeout, mxerr.ConnectionTimeout, "The application service did not answer in time")
	case err != nil:
		a.log.Info("an application service asked for a ping and could not be reached", "service", s.ID, "err", err)
		return 0, mxerr.New(http.StatusBadGateway, mxerr.ConnectionFailed, "The application service could not be reached")
	case !got.ok():
		return 0, mxerr.New(http.StatusBadGateway, mxerr.BadStatus, "The application service answered with status %d", got.status).
			With("status", got.status).With("body", string(got.body[:min(len(got.body), maxPingBody)]))
	}
	return took, nil
}
