package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
)

// passwordRoutes: Client-Server API, "Account registration and management" (POST /account/password).
func (a *API) passwordRoutes() {
	a.client(http.MethodPost, "/account/password", a.changePassword, as(authMaybe), limited("login"))
}

func (a *API) changePassword(r *request) (any, error) {
	if r.session.Guest {
		return nil, errGuest
	}
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	var body struct {
		NewPassword   string `json:"new_password"`
		LogoutDevices *bool  `json:"logout_devices"`
	}
	if err := decodeJSON(raw, &body); err != nil {
		return nil, err
	}
	if body.NewPassword != "" {
		if err := account.CheckPassword(body.NewPassword); err != nil {
			return nil, err
		}
	}
	userID, done, err := a.ownerUIA(r, "change the password", raw)
	if err != nil {
		return nil, err
	}
	if err := decodeJSON(done.Body, &body); err != nil {
		return nil, err
	}
	if body.NewPassword == "" {
		return nil, mxerr.MissingParamf("new_password is missing")
	}
	logout := body.LogoutDevices == nil || *body.LogoutDevices
	if err := a.Accounts.ChangePassword(r.Context(), userID, body.NewPassword, logout, r.session.DeviceID); err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	return empty{}, nil
}

// ownerUIA is requireOwner for what the owner of an account may do with the password alone, logged in or not.
func (a *API) ownerUIA(r *request, operation string, body []byte) (userID string, done account.UIADone, err error) {
	done, err = a.requireOwner(r, operation, body)
	if err != nil {
		return "", done, err
	}
	if found := done.Found[account.StagePassword]; found != "" {
		return found, done, nil
	}
	return r.session.UserID, done, nil
}
