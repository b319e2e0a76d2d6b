package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
)

// loginRoutes: Client-Server API, "Login" and "Refreshing access tokens".
func (a *API) loginRoutes() {
	a.client(http.MethodGet, "/login", a.loginFlows, as(authNone))
	a.client(http.MethodPost, "/login", a.login, as(authNone), limited("login"))
	a.client(http.MethodPost, "/refresh", a.refresh, as(authNone), limited("login"))
	a.handle(http.MethodPost, "/_matrix/client/v1/login/get_token", a.getLoginToken, limited("login"))
}

type loginFlow struct {
	Type          string `json:"type"`
	GetLoginToken bool   `json:"get_login_token,omitempty"`
	// Of m.login.sso.
	Providers     []identityProvider `json:"identity_providers,omitempty"`
	OAuthAware    bool               `json:"oauth_aware_preferred,omitempty"`
	OldOAuthAware bool               `json:"org.matrix.msc3824.delegated_oidc_compatibility,omitempty"` // its name before v1.18
}

func (a *API) loginFlows(*request) (any, error) {
	flows := append([]loginFlow{{Type: "m.login.password"}}, a.ssoFlows()...)
	flows = append(flows, loginFlow{Type: "m.login.token", GetLoginToken: true})
	if len(a.Appservices.All()) > 0 {
		flows = append(flows, loginFlow{Type: typeAppservice})
	}
	return map[string][]loginFlow{"flows": flows}, nil
}

// loginBody is the body of POST /login.
type loginBody struct {
	Type       string              `json:"type"`
	Identifier *account.Identifier `json:"identifier"`
	// Deprecated in favour of identifier.
	User    string `json:"user"`
	Medium  string `json:"medium"`
	Address string `json:"address"`

	Password     *string `json:"password"`
	Token        string  `json:"token"`
	DeviceID     string  `json:"device_id"`
	DeviceName   string  `json:"initial_device_display_name"`
	RefreshToken bool    `json:"refresh_token"`
}

func (b loginBody) identifier() (account.Identifier, error) {
	switch {
	case b.Identifier != nil:
		return *b.Identifier, nil
	case b.User != "":
		return account.Identifier{Type: "m.id.user", User: b.User}, nil
	case b.Address != "":
		return account.Identifier{Type: "m.id.thirdparty", Medium: b.Medium, Address: b.Address}, nil
	}
	return account.Identifier{}, mxerr.MissingParamf("identifier is missing")
}

func (a *API) login(r *request) (any, error) {
	var body loginBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	d := account.NewDevice{ID: body.DeviceID, DisplayName: body.DeviceName, Refresh: body.RefreshToken, Seen: r.seen()}
	var login account.Login
	var err error
	switch body.Type {
	case "m.login.password":
		login, err = a.passwordLogin(r, body, d)
	case "m.login.token":
		if body.Token == "" {
			return nil, mxerr.MissingParamf("token is missing")
		}
		login, err = a.Accounts.LoginByToken(r.Context(), body.Token, d)
	case typeAppservice:
		login, err = a.appserviceLogin(r, body, d)
	case "":
		return nil, mxerr.MissingParamf("type is missing")
	default:
		return nil, mxerr.New(http.StatusBadRequest, mxerr.Unknown, "This type of login is not supported")
	}
	if err != nil {
		return nil, err
	}
	return a.loginResponse(login), nil
}

func (a *API) passwordLogin(r *request, body loginBody, d account.NewDevice) (account.Login, error) {
	if body.Password == nil {
		return account.Login{}, mxerr.MissingParamf("password is missing")
	}
	id, err := body.identifier()
	if err != nil {
		return account.Login{}, err
	}
	return a.Accounts.LoginByPassword(r.Context(), id, *body.Password, d)
}

// loginResponse is what POST /login and POST /register answer. home_server is deprecated, and still read by old clients.
func (a *API) loginResponse(l account.Login) any {
	return struct {
		UserID       string `json:"user_id"`
		HomeServer   string `json:"home_server"`
		AccessToken  string `json:"access_token,omitempty"`
		DeviceID     string `json:"device_id,omitempty"`
		RefreshToken string `json:"refresh_token,omitempty"`
		ExpiresInMS  int64  `json:"expires_in_ms,omitempty"`
	}{l.UserID, a.ServerName, l.AccessToken, l.DeviceID, l.RefreshToken, l.ExpiresInMS}
}

func (a *API) refresh(r *request) (any, error) {
	var body struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.RefreshToken == "" {
		return nil, mxerr.MissingParamf("refresh_token is missing")
	}
	l, err := a.Accounts.Refresh(r.Context(), body.RefreshToken)
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": l.AccessToken, "refresh_token": l.RefreshToken, "expires_in_ms": l.ExpiresInMS}, nil
}

// getLoginToken: the session is ended at once, since this operation must ask anew for each further device.
func (a *API) getLoginToken(r *request) (any, error) {
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	done, err := a.requireOwner(r, "make a login token", raw)
	if err != nil {
		return nil, err
	}
	token, lifetime, err := a.Accounts.NewLoginToken(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	return map[string]any{"login_token": token, "expires_in_ms": lifetime.Milliseconds()}, nil
}
