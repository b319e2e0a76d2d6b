package ops

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bongsu.org/bongsu/internal/longpoll"
)

// Metrics is the registry of one server, with the metrics of its HTTP requests. Parts add their own with Registry.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// NewMetrics makes a registry that holds the metrics of the Go runtime, the process, the build and HTTP requests.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "bongsu_http_request_duration_seconds",
			Help:    "Time from a request's headers to the end of its answer, by method, route and class of status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30},
		}, []string{"method", "route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bongsu_http_requests_in_flight",
			Help: "Requests that are being answered now. A /sync request that has waited for more than a second is not among them.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "bongsu_build_info",
		Help:        "Always 1; the labels tell the build.",
		ConstLabels: prometheus.Labels{"version": ReadBuild().Version},
	})
	build.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build, m.requests, m.inFlight,
	)
	return m
}

// Registry is where a part of the server registers its metrics.
func (m *Metrics) Registry() prometheus.Registerer { return m.registry }

// Middleware measures the requests of a chi router: mount it with Use on the outermost one.
func (m *Metrics) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		m.inFlight.Inc()
		wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			m.inFlight.Dec()
			if t := longpoll.TurnOf(r.Context()); t != nil && t.Left() != nil {
				return // it waits, and is made again
			}
			m.requests.WithLabelValues(method(r), route(r), class(wrapped.Status())).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(wrapped, r)
	})
}

// route is the pattern that the router matched. It is known only after the handler ran. Paths themselves never become labels: there
// is no end of them.
func route(r *http.Request) string {
	if ctx := chi.RouteContext(r.Context()); ctx != nil {
		if pattern := ctx.RoutePattern(); pattern != "" {
			return pattern
		}
	}
	return "none"
}

func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions, http.MethodHead:
		return r.Method
	}
	return "other"
}

func class(status int) string {
	// A handler that writes nothing answers 200.
	if status == 0 {
		status = http.StatusOK
	}
	return strconv.Itoa(status/100) + "xx"
}

// Handler serves /metrics, and profiles of the running process at /debug/pprof/. Both are for operators only: it belongs on a listener
// of its own that the public does not reach.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4,
		EnableOpenMetrics:   true,
	}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	return mux
}
