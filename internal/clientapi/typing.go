package clientapi

import (
	"errors"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// typingDefault is for how long a user types whose client does not say.
const typingDefault = 30 * time.Second

// typingRoutes: Client-Server API, "Typing Notifications".
func (a *API) typingRoutes() {
	a.client(http.MethodPut, "/rooms/{roomId}/typing/{userId}", a.putTyping, limited("requests"), unlessSuspended(), active())
}

func (a *API) putTyping(r *request) (any, error) {
	if err := r.ownUser("set the typing of"); err != nil {
		return nil, err
	}
	roomID, err := r.roomParam()
	if err != nil {
		return nil, err
	}
	var body struct {
		Typing  *bool  `json:"typing"`
		Timeout *int64 `json:"timeout"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Typing == nil {
		return nil, mxerr.MissingParamf("typing is needed: true or false")
	}
	if err := a.checkJoined(r, roomID); err != nil {
		return nil, err
	}
	timeout := typingDefault
	if body.Timeout != nil {
		timeout = time.Duration(min(*body.Timeout, ephemeral.MaxTyping.Milliseconds())) * time.Millisecond
	}
	if !*body.Typing {
		timeout = 0
	}
	if timeout < 0 {
		return nil, mxerr.InvalidParamf("timeout must not be negative")
	}
	a.Typing.Set(roomID, r.session.UserID, timeout)
	return empty{}, nil
}

// checkJoined refuses whoever is not in a room; it does not tell whether there is such a room.
func (a *API) checkJoined(r *request, roomID string) error {
	notIn := mxerr.Forbiddenf("You are not in this room")
	num, ok, err := a.Rooms.Resolve(r.Context(), roomID)
	if err != nil {
		return err
	}
	if !ok {
		return notIn
	}
	return a.Store.Read(r.Context(), func(tx *store.Tx) error {
		m, err := tx.MembershipIn(r.Context(), r.session.UserID, num)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Membership != "join" {
			return notIn
		}
		return err
	})
}
