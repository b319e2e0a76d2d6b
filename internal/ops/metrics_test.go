package ops_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
	"github.com/go-chi/chi/v5"
)

func TestRequestsAreMeasuredByRoute(t *testing.T) {
	m := ops.NewMetrics()
	router := chi.NewRouter()
	router.Use(m.Middleware)
	router.Get("/rooms/{room}/state", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	router.Get("/silent", func(http.ResponseWriter, *http.Request) {})
	for _, path := range []string{"/rooms/!a/state", "/rooms/!b/state", "/silent", "/wp-login.php"} {
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}
	router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "BREW", "/silent", nil))

	text := scrape(t, m)
	for _, want := range []string{
		`bongsu_http_request_duration_seconds_count{method="GET",route="/rooms/{room}/state",status="4xx"} 2`,
		`bongsu_http_request_duration_seconds_count{method="GET",route="/silent",status="2xx"} 1`,
		`bongsu_http_requests_in_flight 0`,
		`bongsu_build_info{version=`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	for _, not := range []string{"wp-login", "BREW", "!a"} {
		if strings.Contains(text, not) {
			t.Errorf("%s, which clients choose, became a label", not)
		}
	}
}

func scrape(t *testing.T, m *ops.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d", w.Code)
	}
	return w.Body.String()
}

func TestServersShareNoMetrics(t *testing.T) {
	a, b := ops.NewMetrics(), ops.NewMetrics()
	handler := a.Middleware(http.NotFoundHandler())
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if !strings.Contains(scrape(t, a), `status="4xx"`) || strings.Contains(scrape(t, b), `status="4xx"`) {
		t.Error("a request to one server must count there and only there")
	}
}

func TestLogger(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  config.Log
		want string
	}{
		"text":      {config.Log{Level: config.LogInfo, Format: config.LogText}, `level=WARN msg=hot lane=3`},
		"json":      {config.Log{Level: config.LogWarn, Format: config.LogJSON}, `"level":"WARN","msg":"hot","lane":3`},
		"too quiet": {config.Log{Level: config.LogError, Format: config.LogText}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ops.NewLogger(&out, c.cfg).Warn("hot", "lane", 3)
			if got := out.String(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}
