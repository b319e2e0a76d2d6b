package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// adminRoutes: Client-Server API, "Server Administration".
func (a *API) adminRoutes() {
	a.client(http.MethodGet, "/admin/whois/{userId}", a.whois)
	const v1 = "/_matrix/client/v1/admin"
	a.handle(http.MethodGet, v1+"/lock/{userId}", a.isLocked)
	a.handle(http.MethodPut, v1+"/lock/{userId}", a.setLocked)
	a.handle(http.MethodGet, v1+"/suspend/{userId}", a.isSuspended)
	a.handle(http.MethodPut, v1+"/suspend/{userId}", a.setSuspended)
}

var errNotAdmin = mxerr.Forbiddenf("You are not an administrator of this server")

// whois is for administrators, and for users about themselves.
func (a *API) whois(r *request) (any, error) {
	userID := r.param("userId")
	if userID != r.session.UserID && !r.session.Admin {
		return nil, errNotAdmin
	}
	if _, err := a.Accounts.User(r.Context(), userID); err != nil {
		return nil, err
	}
	devices, err := a.Accounts.Devices(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	type connection struct {
		IP        string `json:"ip"`
		LastSeen  int64  `json:"last_seen"`
		UserAgent string `json:"user_agent"`
	}
	type session struct {
		Connections []connection `json:"connections"`
	}
	type device struct {
		Sessions []session `json:"sessions"`
	}
	out := make(map[string]device, len(devices))
	for _, d := range devices {
		out[d.ID] = device{[]session{{[]connection{{d.LastSeenIP, d.LastSeenTS, d.LastSeenWith}}}}}
	}
	return map[string]any{"user_id": userID, "devices": out}, nil
}

func (a *API) isLocked(r *request) (any, error) {
	u, err := a.moderated(r)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"locked": u.Locked}, nil
}

func (a *API) isSuspended(r *request) (any, error) {
	u, err := a.moderated(r)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"suspended": u.Suspended}, nil
}

func (a *API) setLocked(r *request) (any, error) {
	var body struct {
		Locked *bool `json:"locked"`
	}
	if err := a.decodeModeration(r, &body); err != nil {
		return nil, err
	}
	if body.Locked == nil {
		return nil, mxerr.MissingParamf("locked is missing")
	}
	if err := a.Accounts.SetLocked(r.Context(), r.param("userId"), *body.Locked); err != nil {
		return nil, err
	}
	return map[string]bool{"locked": *body.Locked}, nil
}

func (a *API) setSuspended(r *request) (any, error) {
	var body struct {
		Suspended *bool `json:"suspended"`
	}
	if err := a.decodeModeration(r, &body); err != nil {
		return nil, err
	}
	if body.Suspended == nil {
		return nil, mxerr.MissingParamf("suspended is missing")
	}
	if err := a.Accounts.SetSuspended(r.Context(), r.param("userId"), *body.Suspended); err != nil {
		return nil, err
	}
	return map[string]bool{"suspended": *body.Suspended}, nil
}

// decodeModeration checks who asks before it reads what is asked.
func (a *API) decodeModeration(r *request, body any) error {
	if err := a.checkModerator(r); err != nil {
		return err
	}
	if r.param("userId") == r.session.UserID {
		return mxerr.Forbiddenf("You cannot do this to your own account")
	}
	return r.decode(body)
}

// moderated is the account whose state is asked for.
func (a *API) moderated(r *request) (store.User, error) {
	if err := a.checkModerator(r); err != nil {
		return store.User{}, err
	}
	u, err := a.Accounts.User(r.Context(), r.param("userId"))
	if err != nil {
		return u, err
	}
	return u, account.Moderatable(u)
}

// checkModerator: whether the caller may moderate is checked before any account is looked up, so that nobody learns who exists.
func (a *API) checkModerator(r *request) error {
	if !r.session.Admin {
		return errNotAdmin
	}
	if !a.Accounts.IsLocal(r.param("userId")) {
		return mxerr.InvalidParamf("This is not a user of this server")
	}
	return nil
}
