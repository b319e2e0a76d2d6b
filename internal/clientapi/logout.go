package clientapi

import "net/http"

// logoutRoutes: Client-Server API, "Login" (POST /logout and /logout/all).
func (a *API) logoutRoutes() {
	a.client(http.MethodPost, "/logout", a.logout, as(authGuest), evenLocked())
	a.client(http.MethodPost, "/logout/all", a.logoutAll, as(authGuest), evenLocked())
}

func (a *API) logout(r *request) (any, error) {
	return empty{}, a.Accounts.DeleteDevices(r.Context(), r.session.UserID, []string{r.session.DeviceID})
}

func (a *API) logoutAll(r *request) (any, error) {
	return empty{}, a.Accounts.DeleteAllDevices(r.Context(), r.session.UserID, "")
}
