package clientapi

import (
	"context"
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// roomMembershipRoutes: Client-Server API, "Room membership".
func (a *API) roomMembershipRoutes() {
	a.client(http.MethodGet, "/joined_rooms", a.joinedRooms)
	a.client(http.MethodPost, "/join/{roomIdOrAlias}", a.joinByName, as(authGuest), limited("joins"), unlessSuspended())
	a.client(http.MethodPost, "/knock/{roomIdOrAlias}", a.knock, limited("joins"), unlessSuspended())
	a.client(http.MethodPost, "/rooms/{roomId}/join", a.join, as(authGuest), limited("joins"), unlessSuspended())
	a.client(http.MethodPost, "/rooms/{roomId}/leave", a.leave, as(authGuest))
	a.client(http.MethodPost, "/rooms/{roomId}/forget", a.forget, as(authGuest))
	a.client(http.MethodPost, "/rooms/{roomId}/invite", a.invite, limited("invites"), unlessSuspended())
	a.client(http.MethodPost, "/rooms/{roomId}/kick", a.changeOther((*room.Engine).Kick))
	a.client(http.MethodPost, "/rooms/{roomId}/ban", a.changeOther((*room.Engine).Ban))
	a.client(http.MethodPost, "/rooms/{roomId}/unban", a.changeOther((*room.Engine).Unban))
}

func (a *API) joinedRooms(r *request) (any, error) {
	rooms, err := a.Reader.JoinedRooms(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	return map[string][]string{"joined_rooms": rooms}, nil
}

// membershipBody is what the endpoints on membership take.
type membershipBody struct {
	UserID           string          `json:"user_id"`
	Reason           string          `json:"reason"`
	ThirdPartySigned json.RawMessage `json:"third_party_signed"`
	Medium           string          `json:"medium"`
	Address          string          `json:"address"`
}

// errNoThirdParty: invites by third-party identifiers need an identity server, which is asked who has the address; this server asks none.
var errNoThirdParty = mxerr.Forbiddenf("This server does not invite by e-mail address or telephone number")

// own reads a request that changes the caller's own membership.
func (r *request) own(roomID string) (room.MemberRequest, error) {
	req, _, err := r.ownWithBody(roomID)
	return req, err
}

// ownWithBody is own that also returns the body; nil for an empty one.
func (r *request) ownWithBody(roomID string) (req room.MemberRequest, content json.RawMessage, err error) {
	if err := r.decodeOptional(&content); err != nil {
		return req, nil, err
	}
	var body membershipBody
	if content = nullless(content); content != nil {
		if err := decodeJSON(content, &body); err != nil {
			return req, nil, err
		}
	}
	if nullless(body.ThirdPartySigned) != nil {
		// It would have to match an m.room.third_party_invite that this server made.
		return req, nil, mxerr.Forbiddenf("There is no such third-party invite")
	}
	return room.MemberRequest{RoomID: roomID, Sender: r.session.UserID, Reason: body.Reason, Guest: r.session.Guest}, content, nil
}

func (a *API) join(r *request) (any, error) {
	req, err := r.own(r.param("roomId"))
	if err != nil {
		return nil, err
	}
	return a.joinRoom(r, req)
}

// joinByName joins by id or alias. Unlike join it keeps further fields of the body in the membership event, as other servers do.
func (a *API) joinByName(r *request) (any, error) {
	id, err := r.roomID("roomIdOrAlias")
	if err != nil {
		return nil, err
	}
	req, content, err := r.ownWithBody(id)
	if err != nil {
		return nil, err
	}
	req.Content = content
	return a.joinRoom(r, req)
}

func (a *API) joinRoom(r *request, req room.MemberRequest) (any, error) {
	if err := a.Rooms.Join(r.Context(), req); err != nil {
		return nil, err
	}
	a.inheritSettings(r, req.RoomID)
	return roomIDBody{req.RoomID}, nil
}

func (a *API) knock(r *request) (any, error) {
	id, err := r.roomID("roomIdOrAlias")
	if err != nil {
		return nil, err
	}
	req, err := r.own(id)
	if err != nil {
		return nil, err
	}
	if err := a.Rooms.Knock(r.Context(), req); err != nil {
		return nil, err
	}
	return roomIDBody{id}, nil
}

func (a *API) leave(r *request) (any, error) {
	req, err := r.own(r.param("roomId"))
	if err != nil {
		return nil, err
	}
	return empty{}, a.Rooms.Leave(r.Context(), req)
}

func (a *API) forget(r *request) (any, error) {
	return empty{}, a.Rooms.Forget(r.Context(), r.session.UserID, r.param("roomId"))
}

// other reads a request that changes somebody else's membership.
func (r *request) other() (room.MemberRequest, error) {
	var body membershipBody
	if err := r.decode(&body); err != nil {
		return room.MemberRequest{}, err
	}
	switch {
	case body.UserID == "" && (body.Medium != "" || body.Address != ""):
		return room.MemberRequest{}, errNoThirdParty
	case body.UserID == "":
		return room.MemberRequest{}, mxerr.MissingParamf("user_id is needed")
	}
	return room.MemberRequest{
		RoomID: r.param("roomId"), Sender: r.session.UserID, Target: body.UserID, Reason: body.Reason, Guest: r.session.Guest,
	}, nil
}

func (a *API) invite(r *request) (any, error) {
	req, err := r.other()
	if err != nil {
		return nil, err
	}
	if err := r.askForUser(req.Target); err != nil {
		return nil, err
	}
	return empty{}, a.Rooms.Invite(r.Context(), req)
}

func (a *API) changeOther(change func(*room.Engine, context.Context, room.MemberRequest) error) handler {
	return func(r *request) (any, error) {
		req, err := r.other()
		if err != nil {
			return nil, err
		}
		return empty{}, change(a.Rooms, r.Context(), req)
	}
}
