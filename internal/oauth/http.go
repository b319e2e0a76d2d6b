package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/remote"
	"bongsu.org/bongsu/internal/store"
)

// maxForm bounds the form of a request.
const maxForm = 32 << 10

// Classes of the rate limits.
const (
	classRegister = "login"
	classToken    = "oauth"
)

// mount registers the endpoints.
func (s *Service) mount() {
	library := withRequest(op.RegisterServer(&server{s: s}, op.Endpoints{
		Authorization: op.NewEndpoint(pathAuthorize), Token: op.NewEndpoint(pathToken), Userinfo: op.NewEndpoint(pathUserInfo),
		DeviceAuthorization: op.NewEndpoint(pathDevice), JwksURI: op.NewEndpoint(pathKeys),
	}, op.WithServerCORSOptions(nil)))
	get := func(path string, h http.Handler) { s.endpoint(h, "", path, http.MethodGet) }
	post := func(path, class string, h http.Handler) { s.endpoint(h, class, path, http.MethodPost) }

	get(pathOpenID, http.HandlerFunc(s.discovery))
	get(pathServerProfile, http.HandlerFunc(s.discovery))
	get(pathKeys, library)
	post(pathRegister, classRegister, http.HandlerFunc(s.register))
	post(pathToken, classToken, library)
	post(pathDevice, classRegister, library)
	post(pathRevoke, classToken, http.HandlerFunc(s.revoke))
	s.endpoint(library, classToken, pathUserInfo, http.MethodGet, http.MethodPost)
	s.authorizePages(library)
}

// endpoint serves an endpoint that applications call, from any origin.
func (s *Service) endpoint(h http.Handler, class, path string, methods ...string) {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cors(w)
		w.Header().Set("Cache-Control", cacheControl(path))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if class != "" && s.Limiter != nil {
			if ok, retry := s.Limiter.Allow(class, remote.Address(r, s.TrustedProxies)); !ok {
				w.Header().Set("Retry-After", strconv.Itoa(int(retry.Seconds())+1))
				writeJSON(w, http.StatusTooManyRequests, &registrationError{"temporarily_unavailable", "Too many requests: try again later"})
				return
			}
		}
		if r.Method == http.MethodPost && path != pathRegister {
			// RFC 6749, 3.2: parameters of a POST are in its body, not in the address, which ends up in logs.
			r.URL.RawQuery = ""
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		h.ServeHTTP(w, r)
	})
	for _, m := range methods {
		s.Web.Mount(m+" "+path, serve)
	}
	s.Web.Mount("OPTIONS "+path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cors(w)
		w.Header().Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	}))
}

// cacheControl: what the server says of itself may be kept for a while, and nothing else (RFC 6749, 5.1).
func cacheControl(path string) string {
	if path == pathOpenID || path == pathServerProfile || path == pathKeys {
		return CacheMetadata
	}
	return "no-store"
}

// cors lets browsers call from any origin (Client-Server API, "Web Browser Clients").
func cors(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Authorization")
}

func (s *Service) discovery(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.Metadata(s.base(r)))
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}

// fail answers a request that the library does not know with an error.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	op.WriteError(w, r, s.told(err), nil)
}

// errAgain is the answer when the database cannot be written.
var errAgain = op.NewStatusError(oidc.ErrServerError().WithDescription("The server cannot do this right now: try again in a few seconds"),
	http.StatusServiceUnavailable)

// told turns any error into what a client may see of it, and logs what it may not.
func (s *Service) told(err error) error {
	var known *oidc.Error
	var mx *mxerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &mx) && mx.Status < http.StatusInternalServerError:
		return oidc.ErrInvalidGrant().WithDescription("%s", mx.Message)
	case errors.As(err, &mx), errors.Is(err, store.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return errAgain
	}
	s.Log.Error("an OAuth request failed", slog.Any("err", err))
	return oidc.ErrServerError().WithDescription("Something went wrong on the server")
}
