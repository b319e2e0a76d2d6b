package clientapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/appservice"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/oauth"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/search"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/store"
	bsync "bongsu.org/bongsu/internal/sync"
)

// Limiter decides whether a request of a class ("send", "login", …) by a key (a user or an address) may go on, and if not, when to try
// again.
type Limiter interface {
	Allow(class, key string) (ok bool, retryAfter time.Duration)
}

// Deps is what the handlers call.
type Deps struct {
	ServerName string
	BaseURL    string   // public address of the client-server API, for .well-known; empty: taken from the request
	Entrances  []string // further addresses of this server, for .well-known
	Store      *store.Store
	Accounts   *account.Service
	Rooms      *room.Engine
	Reader     *room.Reader
	Aliases    *room.Aliases
	Receipts   *room.Receipts
	Media      *media.Service
	Keys       *keys.Service
	Typing     *ephemeral.Typing
	Presence   *ephemeral.Presence // nil: switched off
	Sync       *bsync.Service
	// SSO are the providers of single sign-on; nil: there are none.
	SSO     *sso.Service
	Limiter Limiter
	Search  *search.Indexer
	Notices *notices.Service
	// OAuth is the authorization server; nil: switched off.
	OAuth *oauth.Service
	// Appservices are the application services, and Delivery what sends to them; nil: there are none.
	Appservices *appservice.Services
	Delivery    *appservice.Delivery
	// DefaultRoomVersion is the version of new rooms; empty: the newest.
	DefaultRoomVersion string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// PlainHTTPPush lets push gateways be reached without TLS, where private addresses may be reached too.
	PlainHTTPPush bool
	// WebPushKey is the public key for which browsers subscribe; empty: there are no pushers of kind webpush.
	WebPushKey string
	// PushersChanged is told when a pusher was set; nil: nobody.
	PushersChanged func()
	// FreezeOldMedia stops the deprecated downloads that need no token.
	FreezeOldMedia bool
	TURN           TURN
	Support        Support
	// Version of the server, as it tells other servers.
	Version string
	Log     *slog.Logger
}

// API serves the Client-Server API.
type API struct {
	Deps
	mux    *chi.Mux
	routes []Route
	echoes *echoes
}

// Route is one operation that is served.
type Route struct{ Method, Pattern string }

// New makes the API with all its routes.
func New(d Deps) *API {
	a := &API{Deps: d, mux: chi.NewMux(), echoes: newEchoes()}
	a.mux.Use(a.recoverPanic, cors, escapedPaths)
	a.mux.NotFound(unrecognized(http.StatusNotFound))
	a.mux.MethodNotAllowed(unrecognized(http.StatusMethodNotAllowed))
	for _, routes := range modules {
		routes(a)
	}
	return a
}

// modules register the routes of each module of the specification.
var modules = []func(*API){
	(*API).versionRoutes,
	(*API).roomCreateRoutes, (*API).roomMembershipRoutes, (*API).roomStateRoutes, (*API).roomSendRoutes, (*API).roomMessagesRoutes,
	(*API).roomAliasRoutes,
	(*API).roomContextRoutes, (*API).roomRelationRoutes, (*API).roomThreadRoutes, (*API).roomReceiptRoutes, (*API).roomUpgradeRoutes,
	(*API).roomDirectoryRoutes, (*API).roomHierarchyRoutes, (*API).roomReportRoutes, (*API).roomInitialSyncRoutes, (*API).userDirectoryRoutes,
	(*API).registerRoutes, (*API).loginRoutes, (*API).logoutRoutes, (*API).whoamiRoutes, (*API).deviceRoutes, (*API).passwordRoutes,
	(*API).deactivateRoutes, (*API).threepidRoutes, (*API).profileRoutes, (*API).capabilityRoutes, (*API).adminRoutes, (*API).noticeRoutes,
	(*API).openIDRoutes, (*API).fallbackRoutes, (*API).oauthRoutes,
	(*API).filterRoutes, (*API).accountDataRoutes, (*API).tagRoutes,
	(*API).pushRuleRoutes, (*API).pusherRoutes,
	(*API).mediaRoutes,
	(*API).syncRoutes, (*API).slidingSyncRoutes,
	(*API).typingRoutes, (*API).presenceRoutes,
	(*API).keyRoutes, (*API).crossSigningRoutes, (*API).toDeviceRoutes, (*API).keyBackupRoutes,
	(*API).dehydratedRoutes,
	(*API).voipRoutes, (*API).supportRoutes, (*API).thirdPartyRoutes, (*API).ssoRoutes, (*API).serverRoutes,
	(*API).searchRoutes, (*API).notificationRoutes, (*API).oldSyncRoutes,
	(*API).appserviceRoutes,
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Routes lists what is served, for the page on conformance.
func (a *API) Routes() []Route { return a.routes }

// requestTimeout bounds a request that does not wait on purpose, as /sync does.
const requestTimeout = 60 * time.Second

// auth says who may call an operation.
type auth int

const (
	authNone  auth = iota // anybody, and no token is looked at
	authMaybe             // anybody; a valid token tells who it is
	authUser              // a registered user
	authGuest             // a registered user or a guest
)

// route is how an operation is served.
type route struct {
	auth    auth
	limit   string // class of the rate limit; empty: none
	maxBody int64  // 0: maxJSON
	waits   bool   // long-polls or streams: no requestTimeout
	// evenLocked: also for users who are locked. unlessSuspended: not for users who are suspended.
	evenLocked, unlessSuspended bool
	active                      bool // shows that the user is there
}

// option changes a route.
type option func(*route)

func limited(class string) option { return func(r *route) { r.limit = class } }
func bodyUpTo(bytes int64) option { return func(r *route) { r.maxBody = bytes } }
func waiting() option             { return func(r *route) { r.waits = true } }
func as(who auth) option          { return func(r *route) { r.auth = who } }
func evenLocked() option          { return func(r *route) { r.evenLocked = true } }

// unlessSuspended is for what a suspended user may not do: send, join, invite, change the profile (Client-Server API, "Account
// suspension").
func unlessSuspended() option { return func(r *route) { r.unlessSuspended = true } }

// handler answers one operation. The value becomes the JSON body with status 200, unless it is a response of its own kind
// (see respond.go).
type handler func(r *request) (any, error)

// client registers an operation below /_matrix/client/v3 and, for older clients, /_matrix/client/r0.
func (a *API) client(method, path string, h handler, opts ...option) {
	a.handle(method, "/_matrix/client/v3"+path, h, opts...)
	a.handle(method, "/_matrix/client/r0"+path, h, opts...)
}

// handle registers an operation. Unless an option says otherwise it is for registered users.
func (a *API) handle(method, pattern string, h handler, opts ...option) {
	rt := route{auth: authUser, maxBody: maxJSON}
	for _, o := range opts {
		o(&rt)
	}
	a.routes = append(a.routes, Route{method, pattern})
	a.mux.Method(method, pattern, a.serve(rt, h))
}

func (a *API) serve(rt route, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, api: a, w: w, maxBody: rt.maxBody}
		if !rt.waits {
			ctx, cancel := context.WithTimeout(hr.Context(), requestTimeout)
			defer cancel()
			r.Request = hr.WithContext(ctx)
		}
		defer func() {
			if r.answered != nil {
				r.answered()
			}
		}()
		body, err := a.run(r, rt, h)
		if err != nil {
			a.writeError(r, err)
			return
		}
		a.writeBody(r, body)
	}
}

func (a *API) run(r *request, rt route, h handler) (any, error) {
	if err := r.wellFormed(); err != nil {
		return nil, err
	}
	if err := a.authenticate(r, rt); err != nil {
		return nil, err
	}
	if err := a.checkLimit(r, rt.limit); err != nil {
		return nil, err
	}
	body, err := h(r)
	if err == nil && rt.active {
		a.Presence.Active(r.session.UserID, r.session.DeviceID)
	}
	return body, err
}
