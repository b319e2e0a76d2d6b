package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// roomCreateRoutes: Client-Server API, "Creation".
func (a *API) roomCreateRoutes() {
	a.client(http.MethodPost, "/createRoom", a.createRoom, limited("rooms"), unlessSuspended())
}

type createRoomBody struct {
	Visibility      string            `json:"visibility"`
	AliasName       string            `json:"room_alias_name"`
	Name            string            `json:"name"`
	Topic           string            `json:"topic"`
	Invite          []string          `json:"invite"`
	Invite3PID      []json.RawMessage `json:"invite_3pid"`
	RoomVersion     string            `json:"room_version"`
	CreationContent json.RawMessage   `json:"creation_content"`
	InitialState    []room.StateEvent `json:"initial_state"`
	Preset          string            `json:"preset"`
	IsDirect        bool              `json:"is_direct"`
	PowerLevels     json.RawMessage   `json:"power_level_content_override"`
}

func (a *API) createRoom(r *request) (any, error) {
	var body createRoomBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	switch body.Visibility {
	case "", "private", "public":
	default:
		return nil, mxerr.InvalidParamf("visibility must be public or private")
	}
	if len(body.Invite3PID) > 0 {
		return nil, errNoThirdParty
	}
	if body.AliasName != "" {
		if err := r.checkAliasOwner("#" + body.AliasName + ":" + a.ServerName); err != nil {
			return nil, err
		}
	}
	for _, userID := range body.Invite {
		if err := r.askForUser(userID); err != nil {
			return nil, err
		}
	}
	id, err := a.Rooms.Create(r.Context(), room.CreateRequest{
		Creator: r.session.UserID, Public: body.Visibility == "public", Preset: body.Preset, RoomVersion: body.RoomVersion,
		AliasName: body.AliasName, Name: body.Name, Topic: body.Topic, Invite: body.Invite, IsDirect: body.IsDirect,
		CreationContent: nullless(body.CreationContent), InitialState: body.InitialState, PowerLevels: nullless(body.PowerLevels),
	})
	if err != nil {
		return nil, err
	}
	return roomIDBody{id}, nil
}

type roomIDBody struct {
	RoomID string `json:"room_id"`
}

// nullless takes a JSON null for a field that is not there.
func nullless(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
