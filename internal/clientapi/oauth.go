package clientapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/oauth"
	"bongsu.org/bongsu/internal/store"
)

// oauthRoutes: Client-Server API, "OAuth 2.0 API". Its other endpoints are not below /_matrix: package oauth serves them.
func (a *API) oauthRoutes() {
	a.handle(http.MethodGet, "/_matrix/client/v1/auth_metadata", a.authMetadata, as(authNone))
	// The name of MSC2965, which older clients ask for.
	a.handle(http.MethodGet, "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata", a.authMetadata, as(authNone))
}

func (a *API) authMetadata(r *request) (any, error) {
	if a.OAuth == nil {
		return nil, mxerr.New(http.StatusNotFound, mxerr.Unrecognized, "This server does not have the OAuth 2.0 API")
	}
	r.w.Header().Set("Cache-Control", oauth.CacheMetadata)
	return a.OAuth.Metadata(r.entranceURL()), nil
}

// byOAuth tells whether the device that calls was logged in by OAuth.
func (a *API) byOAuth(r *request) (bool, error) {
	if r.service != nil || r.session.UserID == "" {
		return false, nil
	}
	_, err := a.Accounts.OAuthSession(r.Context(), r.session.UserID, r.session.DeviceID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// errNotByOAuth: Client-Server API, "OAuth 2.0 API": what depends on user-interactive authentication cannot be used with an access token
// that was obtained with it.
var errNotByOAuth = mxerr.Forbiddenf("The app is logged in by way of the browser: do this on your account page there")

// oauthFlows are those of an app that was logged in by OAuth, under the name of the specification and the one from before it.
var oauthFlows = []account.Flow{{account.StageOAuth}, {account.StageOldOAuth}}

// requireOAuth is requireUIA for such an app: the user must have agreed on the account page (Client-Server API, "OAuth authentication").
func (a *API) requireOAuth(r *request, operation string, body json.RawMessage) (account.UIADone, error) {
	auth, params, err := splitAuth(body)
	if err != nil {
		return account.UIADone{}, err
	}
	page := map[string]string{"url": oauth.AccountURL(r.entranceURL(), oauth.ActionCrossSigningReset)}
	return a.Accounts.Authorize(r.Context(), account.UIARequest{
		Operation: operation, UserID: r.session.UserID, Flows: oauthFlows, Auth: auth, Body: params,
		Params: map[string]any{account.StageOAuth: page, account.StageOldOAuth: page},
	})
}
