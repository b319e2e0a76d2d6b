package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

// openIDRoutes: Client-Server API, "OpenID". The second is where a third party asks with the token (Server-Server API, "OpenID").
func (a *API) openIDRoutes() {
	a.client(http.MethodPost, "/user/{userId}/openid/request_token", a.openIDToken, as(authGuest))
	a.handle(http.MethodGet, "/_matrix/federation/v1/openid/userinfo", a.openIDUser, as(authNone))
}

func (a *API) openIDToken(r *request) (any, error) {
	if r.param("userId") != r.session.UserID {
		return nil, mxerr.Forbiddenf("You can ask for a token of your own only")
	}
	if err := r.decodeOptional(&struct{}{}); err != nil {
		return nil, err
	}
	token, lifetime, err := a.Accounts.NewOpenIDToken(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"access_token": token, "token_type": "Bearer", "matrix_server_name": a.ServerName, "expires_in": int64(lifetime.Seconds()),
	}, nil
}

func (a *API) openIDUser(r *request) (any, error) {
	token := r.query("access_token")
	if token == "" {
		return nil, errMissingToken
	}
	userID, err := a.Accounts.OpenIDUser(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return map[string]string{"sub": userID}, nil
}
