package clientapi

import "net/http"

// deactivateRoutes: Client-Server API, "Account registration and management" (POST /account/deactivate).
func (a *API) deactivateRoutes() {
	a.client(http.MethodPost, "/account/deactivate", a.deactivate, as(authMaybe), limited("login"))
}

func (a *API) deactivate(r *request) (any, error) {
	if r.session.Guest {
		return nil, errGuest
	}
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	userID, done, err := a.ownerUIA(r, "deactivate the account", raw)
	if err != nil {
		return nil, err
	}
	var body struct {
		Erase bool `json:"erase"`
	}
	if err := decodeJSON(done.Body, &body); err != nil {
		return nil, err
	}
	if err := a.Accounts.Deactivate(r.Context(), userID, body.Erase); err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	// No third-party identifier is ever bound here, so that none is left bound.
	return map[string]string{"id_server_unbind_result": "success"}, nil
}
