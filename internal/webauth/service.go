package webauth

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
)

// Paths of the pages of this package.
const (
	PathHome     = "/account" // where one who signed in without a purpose gets to; another package serves it
	PathSignIn   = "/account/sign-in"
	PathRegister = "/account/register"
	PathSignOut  = "/account/sign-out"
	pathStyle    = "/account/style.css"
)

// sessionLifetime is how long a browser stays signed in; its cookie also ends with the browser.
const sessionLifetime = 24 * time.Hour

// cleanEvery is the pause between looks for expired sessions.
const cleanEvery = time.Hour

// Limiter decides whether an operation of a class by a key may go on, and if not, when to try again.
type Limiter interface {
	Allow(class, key string) (ok bool, retryAfter time.Duration)
}

// Options are what a Service is made of.
type Options struct {
	ServerName string
	// BaseURL is the public address of the server; empty: taken from each request.
	BaseURL string
	// Entrances are further public addresses of the server. Whoever came by one goes on by it.
	Entrances      []string
	TrustedProxies []netip.Prefix
	Store          *store.Store
	Accounts       *account.Service
	Limiter        Limiter // nil: no limits
	Log            *slog.Logger
	Now            func() time.Time // nil: time.Now
}

// Provider is another way to sign in, which the sign-in page offers as a link.
type Provider struct {
	// Name as people know it.
	Name string
	// Path of the page that begins the sign-in. It gets the parameter "next", and passes it on to Request.GoOn in the end. "again" tells
	// that whoever is signed in shall prove it once more.
	Path string
	// Issuer is the provider as package account knows it.
	Issuer string
}

// URL is the link to begin with.
func (p Provider) URL(next string, again bool) string {
	v := url.Values{"next": {next}}
	if again {
		v.Set("again", "true")
	}
	return p.Path + "?" + v.Encode()
}

// Service serves pages to browsers. All pages are registered before the first request.
type Service struct {
	Options
	mux       *http.ServeMux
	providers []Provider
	cross     *http.CrossOriginProtection
	stop      context.CancelFunc
	tasks     sync.WaitGroup
}

//go:embed pages
var files embed.FS

// New makes a Service with the pages to sign in, create an account and sign out.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{Options: o, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	s.signInPages()
	s.registerPages()
	s.signOutPages()
	s.Mount("GET "+pathStyle, http.HandlerFunc(serveStyle))
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.tasks.Go(func() { s.housekeeping(ctx) })
	return s
}

// Close ends what runs beside requests.
func (s *Service) Close() {
	s.stop()
	s.tasks.Wait()
}

// AddProvider offers another way to sign in on the sign-in page.
func (s *Service) AddProvider(p Provider) { s.providers = append(s.providers, p) }

// Mount serves what is no page of a browser, at a pattern of http.ServeMux.
func (s *Service) Mount(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Pattern is the path that was registered here for a request, without a method; empty: the request is not for this Service.
func (s *Service) Pattern(r *http.Request) string {
	_, pattern := s.mux.Handler(r)
	if method, path, ok := strings.Cut(pattern, " "); ok && method != "" {
		return path
	}
	return pattern
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Service) housekeeping(ctx context.Context) {
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.CleanBrowserSessions(ctx, s.Now().UnixMilli()) })
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("cleaning up browser sessions failed; it is tried again in an hour", "err", err)
		}
	}
}
