package clientapi

import (
	"bytes"
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
)

// profileRoutes: Client-Server API, "Profiles".
func (a *API) profileRoutes() {
	a.client(http.MethodGet, "/profile/{userId}", a.profile, as(authNone))
	a.client(http.MethodGet, "/profile/{userId}/{keyName}", a.profileField, as(authNone))
	a.client(http.MethodPut, "/profile/{userId}/{keyName}", a.setProfileField, as(authGuest), unlessSuspended(), limited("messages"))
	a.client(http.MethodDelete, "/profile/{userId}/{keyName}", a.deleteProfileField, unlessSuspended(), limited("messages"))
}

func (a *API) profile(r *request) (any, error) {
	fields, err := a.profileOf(r)
	if err != nil {
		return nil, err
	}
	return fields, nil
}

// profileOf also asks for users that an application service makes when they are asked for.
func (a *API) profileOf(r *request) (map[string]json.RawMessage, error) {
	if err := r.askForUser(r.param("userId")); err != nil {
		return nil, err
	}
	return a.Accounts.Profile(r.Context(), r.param("userId"))
}

func (a *API) profileField(r *request) (any, error) {
	fields, err := a.profileOf(r)
	if err != nil {
		return nil, err
	}
	name := r.param("keyName")
	value, ok := fields[name]
	if !ok {
		return nil, mxerr.NotFoundf("The profile has no such field")
	}
	return map[string]json.RawMessage{name: value}, nil
}

func (a *API) setProfileField(r *request) (any, error) {
	name := r.param("keyName")
	if err := checkProfileOwner(r); err != nil {
		return nil, err
	}
	// Client-Server API, "Guest Access": of the profile guests may set the display name.
	if r.session.Guest && name != account.FieldDisplayName {
		return nil, errGuest
	}
	body := map[string]json.RawMessage{}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if err := account.CheckField(name); err != nil {
		return nil, err
	}
	value, ok := body[name]
	if !ok {
		return nil, mxerr.MissingParamf("%s is missing", name)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, value); err != nil {
		return nil, err
	}
	return empty{}, a.Accounts.SetProfileField(r.Context(), r.session.UserID, name, compact.Bytes())
}

func (a *API) deleteProfileField(r *request) (any, error) {
	if err := checkProfileOwner(r); err != nil {
		return nil, err
	}
	return empty{}, a.Accounts.DeleteProfileField(r.Context(), r.session.UserID, r.param("keyName"))
}

func checkProfileOwner(r *request) error {
	if r.param("userId") != r.session.UserID {
		return mxerr.Forbiddenf("You can change your own profile only")
	}
	return nil
}
