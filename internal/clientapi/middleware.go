package clientapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/longpoll"
	"bongsu.org/bongsu/internal/mxerr"
)

// cors lets browsers call from any origin (Client-Server API, "Web Browser Clients").
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Authorization")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// escapedPaths routes by the path as it was sent, so that an id with an encoded slash stays one part; request.param decodes.
func escapedPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx := chi.RouteContext(r.Context()); ctx != nil {
			ctx.RoutePath = r.URL.EscapedPath()
		}
		next.ServeHTTP(w, r)
	})
}

// accessToken is the request's token (Client-Server API, "Using access tokens"): from the header, or the deprecated query parameter.
func accessToken(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get("access_token")
}

var (
	errMissingToken = mxerr.New(http.StatusUnauthorized, mxerr.MissingToken, "An access token is needed")
	errUnknownToken = mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "The access token is not known")
	errExpiredToken = errUnknownToken.With("soft_logout", true)
	errGuest        = mxerr.New(http.StatusForbidden, mxerr.GuestAccessForbidden, "Guests may not do this")
	errSuspended    = mxerr.New(http.StatusForbidden, mxerr.UserSuspended, "This account is suspended: it can read, and leave rooms")
)

func (a *API) authenticate(r *request, rt route) error {
	need := rt.auth
	token := accessToken(r.Request)
	if r.service = a.Appservices.ByToken(token); r.service != nil {
		return a.masquerade(r, rt)
	}
	if need == authNone {
		return nil
	}
	if token == "" {
		if need == authMaybe {
			return nil
		}
		return errMissingToken
	}
	session, err := a.Accounts.Authenticate(r.Context(), token, account.Seen{Address: r.address(), UserAgent: r.UserAgent()})
	switch {
	case errors.Is(err, account.ErrExpiredToken):
		return errExpiredToken
	case errors.Is(err, account.ErrUnknownToken):
		return errUnknownToken
	case err != nil:
		return err
	case session.Locked && !rt.evenLocked:
		return account.ErrLocked
	case session.Suspended && rt.unlessSuspended:
		return errSuspended
	case session.Guest && need == authUser:
		return errGuest
	}
	r.session = session
	return nil
}

// checkLimit counts the request for its user, or for its address where nobody is logged in.
func (a *API) checkLimit(r *request, class string) error {
	if class == "" || a.Limiter == nil || r.unlimited() || longpoll.TurnOf(r.Context()).Resumed() {
		return nil
	}
	key := r.session.UserID
	if key == "" {
		key = r.address()
	}
	if ok, retry := a.Limiter.Allow(class, key); !ok {
		return mxerr.Limited(retry)
	}
	return nil
}
