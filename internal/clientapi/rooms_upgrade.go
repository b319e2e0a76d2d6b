package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

// roomUpgradeRoutes: Client-Server API, "Room Upgrades".
func (a *API) roomUpgradeRoutes() {
	a.client(http.MethodPost, "/rooms/{roomId}/upgrade", a.upgradeRoom, limited("rooms"), unlessSuspended())
}

func (a *API) upgradeRoom(r *request) (any, error) {
	var body struct {
		Version  string   `json:"new_version"`
		Creators []string `json:"additional_creators"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Version == "" {
		return nil, mxerr.MissingParamf("new_version is needed")
	}
	id, err := a.Rooms.Upgrade(r.Context(), r.param("roomId"), r.session.UserID, body.Version, body.Creators)
	if err != nil {
		return nil, err
	}
	return map[string]string{"replacement_room": id}, nil
}
