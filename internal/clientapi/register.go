package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
)

// registerRoutes: Client-Server API, "Account registration and management", and "Token-authenticated registration".
func (a *API) registerRoutes() {
	a.client(http.MethodPost, "/register", a.register, as(authNone), limited("registration"))
	a.client(http.MethodGet, "/register/available", a.usernameAvailable, as(authNone), limited("registration"))
	a.handle(http.MethodGet, "/_matrix/client/v1/register/m.login.registration_token/validity", a.registrationTokenValidity,
		as(authNone), limited("registration"))
	a.handle(http.MethodGet, "/_synapse/admin/v1/register", a.sharedSecretNonce, as(authNone), limited("registration"))
	a.handle(http.MethodPost, "/_synapse/admin/v1/register", a.sharedSecretRegister, as(authNone), limited("registration"))
}

// registerBody is the body of POST /register.
type registerBody struct {
	Type         string `json:"type"` // of application services; others authenticate interactively
	Username     string `json:"username"`
	Password     string `json:"password"`
	DeviceID     string `json:"device_id"`
	DeviceName   string `json:"initial_device_display_name"`
	InhibitLogin bool   `json:"inhibit_login"`
	RefreshToken bool   `json:"refresh_token"`
}

func (b registerBody) registering(r *request) account.Registering {
	return account.Registering{
		Username: b.Username, Password: b.Password, InhibitLogin: b.InhibitLogin,
		Device: account.NewDevice{ID: b.DeviceID, DisplayName: b.DeviceName, Refresh: b.RefreshToken, Seen: r.seen()},
	}
}

func (a *API) register(r *request) (any, error) {
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	var body registerBody
	if err := decodeJSON(raw, &body); err != nil {
		return nil, err
	}
	switch kind := r.query("kind"); kind {
	case "", "user":
	case "guest":
		login, err := a.Accounts.RegisterGuest(r.Context(), body.DeviceName, r.seen())
		return a.loginResponse(login), err
	default:
		return nil, mxerr.InvalidParamf("kind must be user or guest")
	}
	if body.Type == typeAppservice {
		return a.appserviceRegister(r, body)
	}
	if err := a.Accounts.CheckRegistration(r.Context(), body.registering(r)); err != nil {
		return nil, err
	}
	done, err := a.requireUIA(r, "register", raw, a.Accounts.RegistrationFlows())
	if err != nil {
		return nil, err
	}
	body = registerBody{}
	if err := decodeJSON(done.Body, &body); err != nil {
		return nil, err
	}
	reg := body.registering(r)
	reg.Token = done.Found[account.StageToken]
	login, err := a.Accounts.Register(r.Context(), reg)
	if err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	return a.loginResponse(login), nil
}

func (a *API) usernameAvailable(r *request) (any, error) {
	name := r.query("username")
	if name == "" {
		return nil, mxerr.MissingParamf("username is missing")
	}
	if err := a.Accounts.Available(r.Context(), name); err != nil {
		return nil, err
	}
	return map[string]bool{"available": true}, nil
}

func (a *API) registrationTokenValidity(r *request) (any, error) {
	token := r.query("token")
	if token == "" {
		return nil, mxerr.MissingParamf("token is missing")
	}
	valid, err := a.Accounts.TokenValid(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"valid": valid}, nil
}

// sharedSecretNonce and sharedSecretRegister serve the registration by shared secret that tools for Synapse use.
func (a *API) sharedSecretNonce(*request) (any, error) {
	nonce, err := a.Accounts.Nonce()
	if err != nil {
		return nil, err
	}
	return map[string]string{"nonce": nonce}, nil
}

func (a *API) sharedSecretRegister(r *request) (any, error) {
	if _, err := a.Accounts.Nonce(); err != nil { // off: whatever the body is, there is nothing here
		return nil, err
	}
	var body struct {
		registerBody
		Nonce       string  `json:"nonce"`
		MAC         string  `json:"mac"`
		Admin       bool    `json:"admin"`
		UserType    *string `json:"user_type"`
		DisplayName string  `json:"displayname"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Nonce == "" || body.Username == "" || body.Password == "" || body.MAC == "" {
		return nil, mxerr.MissingParamf("nonce, username, password and mac are needed")
	}
	req := account.SharedSecretRegistering{
		Registering: body.registering(r), Nonce: body.Nonce, MAC: body.MAC, Admin: body.Admin, DisplayName: body.DisplayName,
	}
	if body.UserType != nil {
		if req.UserType = *body.UserType; req.UserType != "bot" && req.UserType != "support" {
			return nil, mxerr.InvalidParamf("user_type must be bot or support")
		}
	}
	login, err := a.Accounts.RegisterBySecret(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return a.loginResponse(login), nil
}
