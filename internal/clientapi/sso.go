package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

// ssoRoutes: Client-Server API, "Client login via SSO".
func (a *API) ssoRoutes() {
	a.client(http.MethodGet, "/login/sso/redirect", a.noSSO, as(authNone))
	a.client(http.MethodGet, "/login/sso/redirect/{idpId}", a.noSSO, as(authNone))
}

// noSSO shows a page, since it is a person's browser that comes here, though no flow of GET /login sends it.
func (a *API) noSSO(r *request) (any, error) {
	if r.query("redirectUrl") == "" {
		return nil, mxerr.MissingParamf("redirectUrl is needed")
	}
	return writePage(r, http.StatusNotFound, "sso", page{})
}
