package clientapi

import "net/http"

// whoamiRoutes: Client-Server API, "Current account information".
func (a *API) whoamiRoutes() {
	a.client(http.MethodGet, "/account/whoami", a.whoami, as(authGuest))
}

func (a *API) whoami(r *request) (any, error) {
	return struct {
		UserID   string `json:"user_id"`
		DeviceID string `json:"device_id,omitempty"`
		IsGuest  bool   `json:"is_guest"`
	}{r.session.UserID, r.session.DeviceID, r.session.Guest}, nil
}
