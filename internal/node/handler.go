package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"

	"bongsu.org/bongsu/internal/clientapi"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/inflight"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/webapp"
	"bongsu.org/bongsu/internal/webauth"
	"bongsu.org/bongsu/web"
)

// compressFrom is the size from which a response is compressed: below it the packet is as good as empty anyway.
const compressFrom = 1024

// front is what a request meets before the API and the pages: its place among those at work, and compression.
type front struct {
	gates  *inflight.Gates
	pages  *webauth.Service
	plain  http.Handler
	zipped http.Handler
}

// newHandler makes everything that is served to clients.
func newHandler(cfg *config.Config, p *parts, m *ops.Metrics, health *ops.Health, f *front, log *slog.Logger) (http.Handler, error) {
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(compressFrom), gzhttp.CompressionLevel(gzip.BestSpeed),
		gzhttp.EnableZstd(false), gzhttp.PreferZstd(false))
	if err != nil {
		return nil, fmt.Errorf("setting up compression: %w", err)
	}
	f.pages, f.plain = p.web, newAPI(cfg, p, log)
	f.zipped = compress(f.plain)

	mux := chi.NewMux()
	mux.Use(m.Middleware)
	mux.Method(http.MethodGet, "/health/live", health.Live())
	mux.Method(http.MethodGet, "/health/ready", health.Ready())
	mux.Method(http.MethodGet, "/health/writable", health.Writable())
	mux.NotFound(f.ServeHTTP)
	mux.MethodNotAllowed(f.ServeHTTP)
	if err := servePeople(mux, cfg, f); err != nil {
		return nil, err
	}
	return mux, nil
}

// servePeople serves the web client, or, where it was not built, a page that says what this address is.
func servePeople(mux *chi.Mux, cfg *config.Config, api http.Handler) error {
	files, ok := web.Files()
	if !ok {
		landing, err := newLanding(cfg.ServerName, cfg.PublicBaseURL)
		if err != nil {
			return err
		}
		mux.Get("/", landing)
		mux.Head("/", landing)
		return nil
	}
	app, err := webapp.New(files, cfg.Entrances)
	if err != nil {
		return err
	}
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		if app.Owns(r) {
			app.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
	return nil
}

func newAPI(cfg *config.Config, p *parts, log *slog.Logger) *clientapi.API {
	d := clientapi.Deps{
		ServerName: cfg.ServerName, BaseURL: cfg.PublicBaseURL, Entrances: cfg.Entrances, Store: p.store, Accounts: p.accounts, Rooms: p.rooms, Reader: p.reader,
		Aliases: room.NewAliases(p.rooms, p.reader), Receipts: room.NewReceipts(p.reader), Media: p.media, Keys: p.keys, Typing: p.typing, Presence: p.presence,
		Sync: p.sync, Search: p.search, Appservices: p.appservices, Delivery: p.delivery, DefaultRoomVersion: cfg.DefaultRoomVersion, TrustedProxies: cfg.TrustedProxies, PlainHTTPPush: cfg.AllowPrivateAddresses,
		WebPushKey: p.vapid.Public(), OAuth: p.oauth, SSO: p.sso, Notices: p.notices, PushersChanged: p.push.PushersChanged,
		TURN: p.turn, Support: support(cfg.Support), Version: ops.ReadBuild().Version, Log: log,
	}
	if p.limiter != nil { // a nil *Limiter in the interface would not be nil
		d.Limiter = p.limiter
	}
	return clientapi.New(d)
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	class, page := classify(r), f.pages.Pattern(r)
	if page != "" {
		class = classRequest
	}
	if class != classSync { // which has its place already
		leave, err := f.gates.Enter(r.Context(), class)
		if err != nil {
			refuse(w, err)
			return
		}
		defer leave()
	}
	if page != "" {
		if ctx := chi.RouteContext(r.Context()); ctx != nil {
			ctx.RoutePatterns = append(ctx.RoutePatterns, page) // for the metrics
		}
		f.pages.ServeHTTP(w, r) // not compressed: a page holds its form's secret beside what the address says
		return
	}
	if class == classMedia {
		f.plain.ServeHTTP(w, r) // compressed as it is, or encrypted
		return
	}
	f.zipped.ServeHTTP(w, r)
}

// refuse answers a request that there is no room for.
func refuse(w http.ResponseWriter, err error) {
	var mx *mxerr.Error
	if !errors.As(err, &mx) {
		return // the client has left while it waited for its turn
	}
	h := w.Header()
	if ms, ok := mx.Fields["retry_after_ms"].(int64); ok {
		h.Set("Retry-After", strconv.FormatInt((ms+999)/1000, 10))
	}
	h.Set("Access-Control-Allow-Origin", "*") // else a browser's client does not see what it is
	h.Set("Content-Type", "application/json")
	w.WriteHeader(mx.Status)
	_ = json.NewEncoder(w).Encode(mx) // the client may be gone
}
