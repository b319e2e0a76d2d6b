package clientapi

import (
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// presenceRoutes: Client-Server API, "Presence". Where presence is switched off, everybody is offline, and setting it is without effect.
func (a *API) presenceRoutes() {
	const path = "/presence/{userId}/status"
	a.client(http.MethodPut, path, a.putPresence, limited("requests"), bodyUpTo(16<<10), unlessSuspended())
	a.client(http.MethodGet, path, a.getPresence, limited("requests"))
}

// active is for operations that a user does of their own accord, which others see in the user's presence (Client-Server API, "Last active
// ago": "sending a message to a room").
func active() option { return func(r *route) { r.active = true } }

func (a *API) putPresence(r *request) (any, error) {
	if err := r.ownUser("set the presence of"); err != nil {
		return nil, err
	}
	var body struct {
		Presence  *string `json:"presence"`
		StatusMsg string  `json:"status_msg"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Presence == nil {
		return nil, mxerr.MissingParamf("presence is needed: online, unavailable or offline")
	}
	if !ephemeral.ValidPresence(*body.Presence) {
		return nil, mxerr.InvalidParamf("presence must be online, unavailable or offline")
	}
	if len(body.StatusMsg) > ephemeral.MaxStatus {
		return nil, mxerr.InvalidParamf("status_msg is longer than %d bytes", ephemeral.MaxStatus)
	}
	a.Presence.Put(r.session.UserID, r.session.DeviceID, *body.Presence, body.StatusMsg)
	return empty{}, nil
}

// presenceBody is a user's presence, as GET …/status gives it.
type presenceBody struct {
	Presence        string `json:"presence"`
	LastActiveAgo   *int64 `json:"last_active_ago,omitempty"`
	StatusMsg       string `json:"status_msg,omitempty"`
	CurrentlyActive *bool  `json:"currently_active,omitempty"` // only with online
}

func (a *API) getPresence(r *request) (any, error) {
	userID := r.param("userId")
	if err := a.checkSharesRoom(r, userID); err != nil {
		return nil, err
	}
	s, _, err := a.Presence.Get(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	body := presenceBody{Presence: s.Presence, StatusMsg: s.StatusMsg}
	if !s.LastActive.IsZero() {
		ago := max(time.Since(s.LastActive).Milliseconds(), 0)
		body.LastActiveAgo = &ago
	}
	if s.Presence == ephemeral.Online {
		body.CurrentlyActive = &s.CurrentlyActive
	}
	return body, nil
}

// checkSharesRoom: Client-Server API, "Presence": "Presence events are sent to interested parties where users share a room membership".
func (a *API) checkSharesRoom(r *request, userID string) error {
	if userID == r.session.UserID {
		return nil
	}
	var shares bool
	err := a.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		shares, err = tx.ShareRoom(r.Context(), r.session.UserID, userID)
		return err
	})
	if err != nil {
		return err
	}
	if !shares {
		return mxerr.Forbiddenf("You are not allowed to see their presence")
	}
	return nil
}
