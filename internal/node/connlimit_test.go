package node

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

func TestConnectionsBeyondTheLimitAreRefused(t *testing.T) {
	log, _ := logged(slog.LevelError)
	socket, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := limitListener(socket, 1)
	l := newListener(limited, newHTTPServer(http.NotFoundHandler(), log), nil)
	l.start()
	t.Cleanup(func() { _ = l.stop(context.Background()) })

	var d net.Dialer
	held, err := d.DialContext(t.Context(), "tcp", socket.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return limited.open.Load() == 1 })
	get := func() *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(testContext(t), http.MethodGet, "http://"+socket.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Transport{DisableKeepAlives: true}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	refused := get()
	var body struct {
		Code  string `json:"errcode"`
		Retry int    `json:"retry_after_ms"`
	}
	err = json.NewDecoder(refused.Body).Decode(&body)
	_ = refused.Body.Close()
	if err != nil || refused.StatusCode != http.StatusServiceUnavailable || body.Code != "M_LIMIT_EXCEEDED" || body.Retry == 0 ||
		refused.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %+v %v", refused.StatusCode, body, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return limited.open.Load() == 0 })
	taken := get()
	_ = taken.Body.Close()
	if taken.StatusCode != http.StatusNotFound {
		t.Errorf("got %d once there was room", taken.StatusCode)
	}
}
