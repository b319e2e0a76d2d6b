package clientapi

import (
	"net/http"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// roomStateRoutes: Client-Server API, "Getting events for a room", and state events of "Sending events to a room".
func (a *API) roomStateRoutes() {
	a.client(http.MethodGet, "/rooms/{roomId}/state", a.roomState, as(authGuest))
	// With an empty state key the trailing slash is optional.
	for _, path := range []string{"/rooms/{roomId}/state/{eventType}", "/rooms/{roomId}/state/{eventType}/", "/rooms/{roomId}/state/{eventType}/{stateKey}"} {
		a.client(http.MethodGet, path, a.getState, as(authGuest))
		a.client(http.MethodPut, path, a.putState, as(authGuest), limited("messages"), unlessSuspended(), active())
	}
	a.client(http.MethodGet, "/rooms/{roomId}/event/{eventId}", a.getEvent, as(authGuest))
	a.client(http.MethodGet, "/rooms/{roomId}/members", a.members, as(authGuest))
	a.client(http.MethodGet, "/rooms/{roomId}/joined_members", a.joinedMembers)
}

func (a *API) roomState(r *request) (any, error) {
	return a.Reader.State(r.Context(), r.who(), r.param("roomId"))
}

func (a *API) getState(r *request) (any, error) {
	whole := false
	switch r.query("format") {
	case "", "content":
	case "event":
		whole = true
	default:
		return nil, mxerr.InvalidParamf("format must be content or event")
	}
	key := store.StateKey{Type: r.param("eventType"), Key: r.param("stateKey")}
	out, err := a.Reader.StateEvent(r.Context(), r.who(), r.param("roomId"), key, whole)
	return raw(out), err
}

func (a *API) putState(r *request) (any, error) {
	content, err := r.object()
	if err != nil {
		return nil, err
	}
	req := room.SendRequest{
		RoomID: r.param("roomId"), Sender: r.session.UserID, Device: r.session.DeviceID, Type: r.param("eventType"), Content: content,
	}
	if req.TS, err = r.timestamp(); err != nil {
		return nil, err
	}
	key := r.param("stateKey")
	req.StateKey = &key
	if err := a.checkState(r, req); err != nil {
		return nil, err
	}
	id, err := a.Rooms.Send(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return eventIDBody{id}, nil
}

// checkState is what the specification asks of single types of state events beyond the authorisation rules.
func (a *API) checkState(r *request, req room.SendRequest) error {
	switch {
	case req.Type == "m.room.canonical_alias" && *req.StateKey == "":
		return a.Aliases.CheckCanonical(r.Context(), r.who(), req.RoomID, req.Content)
	case req.Type == "m.room.member" && r.session.Guest && gjson.GetBytes(req.Content, "membership").Str == "join":
		// Guests join only where guest_access lets them, whichever way they try.
		return a.Rooms.Join(r.Context(), room.MemberRequest{RoomID: req.RoomID, Sender: req.Sender, Guest: true})
	}
	return nil
}

type eventIDBody struct {
	EventID string `json:"event_id"`
}

func (a *API) getEvent(r *request) (any, error) {
	out, err := a.Reader.Event(r.Context(), r.who(), r.param("roomId"), r.param("eventId"))
	return raw(out), err
}

func (a *API) members(r *request) (any, error) {
	req := room.MembersRequest{
		RoomID: r.param("roomId"), At: r.query("at"), Membership: r.query("membership"), NotMembership: r.query("not_membership"),
	}
	for _, membership := range []string{req.Membership, req.NotMembership} {
		switch membership {
		case "", "join", "invite", "knock", "leave", "ban":
		default:
			return nil, mxerr.InvalidParamf("%q is not a membership", membership)
		}
	}
	chunk, err := a.Reader.Members(r.Context(), r.who(), req)
	if err != nil {
		return nil, err
	}
	return map[string]any{"chunk": chunk}, nil
}

func (a *API) joinedMembers(r *request) (any, error) {
	members, err := a.Reader.JoinedMembers(r.Context(), r.who(), r.param("roomId"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"joined": members}, nil
}
