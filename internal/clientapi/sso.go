package clientapi

import (
	"net/http"
	"slices"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/websso"
)

// ssoRoutes: Client-Server API, "Client login via SSO".
func (a *API) ssoRoutes() {
	a.client(http.MethodGet, "/login/sso/redirect", a.ssoRedirect, as(authNone))
	a.client(http.MethodGet, "/login/sso/redirect/{idpId}", a.ssoRedirect, as(authNone))
}

// identityProvider is one of identity_providers of GET /login.
type identityProvider struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Icon  string `json:"icon,omitempty"`
	Brand string `json:"brand,omitempty"`
}

// ssoFlows are m.login.sso as GET /login tells it, where it is of use. Client-Server API, "OAuth 2.0 aware clients": where there is the OAuth
// 2.0 API there is this flow, too, and it is the preferred one. People who have a password use it by way of the server's own sign-in page.
func (a *API) ssoFlows() []loginFlow {
	f := loginFlow{
		Type: account.StageSSO, Providers: a.identityProviders(), OAuthAware: a.OAuth != nil, OldOAuthAware: a.OAuth != nil,
	}
	if f.Providers == nil && a.OAuth == nil {
		return nil
	}
	return []loginFlow{f}
}

func (a *API) identityProviders() (out []identityProvider) {
	for _, p := range a.SSO.Providers() {
		out = append(out, identityProvider{ID: p.ID, Name: p.Name, Icon: p.Icon, Brand: p.Brand})
	}
	return out
}

// isProviderIcon tells whether a request is for the image of a provider, which apps show before anybody is logged in (Client-Server API,
// m.login.sso flow schema, icon).
func (a *API) isProviderIcon(r *request) bool {
	mxc := r.mxc().String()
	return slices.ContainsFunc(a.SSO.Providers(), func(p *provider.Provider) bool { return p.Icon == mxc })
}

// ssoRedirect sends the browser to the page that gives the app a login token, past the provider that was chosen.
func (a *API) ssoRedirect(r *request) (any, error) {
	redirect, action := r.query("redirectUrl"), r.query("action")
	if err := websso.CheckRedirect(redirect); err != nil {
		return nil, err
	}
	if action != "" && action != "login" && action != "register" {
		return nil, mxerr.InvalidParamf("action must be login or register")
	}
	to := websso.HandoverURL(redirect, action)
	if id := r.param("idpId"); id != "" {
		if a.SSO.Provider(id) == nil {
			return writePage(r, http.StatusNotFound, "sso", page{})
		}
		to = websso.BeginURL(id, to, action)
	}
	return sendTo(r, to), nil
}

// sendTo answers with a redirect to a path of this server.
func sendTo(r *request, path string) any {
	r.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(r.w, r.Request, path, http.StatusFound)
	return written{}
}

// ssoStagePage leads to the page on which the user confirms what an app wants to do, and after it tells the app (Client-Server API, "SSO
// during User-Interactive Authentication").
func (a *API) ssoStagePage(r *request, p page) (any, error) {
	w, err := a.Accounts.WaitingStage(r.Context(), p.Session)
	switch {
	case isNotFound(err):
		p.Error = tooLong
		return writePage(r, http.StatusNotFound, "stage", p)
	case err != nil:
		return nil, err
	case w.Done(account.StageSSO):
		return writePage(r, http.StatusOK, "done", p)
	}
	return sendTo(r, websso.ConfirmURL(p.Session)), nil
}
