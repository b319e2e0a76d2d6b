package clientapi

import (
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

// roomAliasRoutes: Client-Server API, "Room Aliases".
func (a *API) roomAliasRoutes() {
	a.client(http.MethodGet, "/directory/room/{roomAlias}", a.getAlias, as(authNone))
	a.client(http.MethodPut, "/directory/room/{roomAlias}", a.putAlias, limited("rooms"))
	a.client(http.MethodDelete, "/directory/room/{roomAlias}", a.deleteAlias)
	a.client(http.MethodGet, "/rooms/{roomId}/aliases", a.roomAliases)
}

func (a *API) getAlias(r *request) (any, error) {
	id, err := r.resolveAlias(r.param("roomAlias"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"room_id": id, "servers": []string{a.ServerName}}, nil
}

func (a *API) putAlias(r *request) (any, error) {
	var body struct {
		RoomID string `json:"room_id"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	switch {
	case body.RoomID == "":
		return nil, mxerr.MissingParamf("room_id is needed")
	case !strings.HasPrefix(body.RoomID, "!"):
		return nil, mxerr.InvalidParamf("%q is not a room id", body.RoomID)
	}
	if err := r.checkAliasOwner(r.param("roomAlias")); err != nil {
		return nil, err
	}
	return empty{}, a.Aliases.Set(r.Context(), r.session.UserID, r.param("roomAlias"), body.RoomID)
}

func (a *API) deleteAlias(r *request) (any, error) {
	if err := r.checkAliasOwner(r.param("roomAlias")); err != nil {
		return nil, err
	}
	// Application Service API, "Server admin style permissions": a service has full control over the aliases in its namespaces.
	whichever := r.session.Admin || r.service != nil
	return empty{}, a.Aliases.Delete(r.Context(), r.session.UserID, whichever, r.param("roomAlias"))
}

func (a *API) roomAliases(r *request) (any, error) {
	aliases, err := a.Aliases.Of(r.Context(), r.who(), r.param("roomId"))
	if err != nil {
		return nil, err
	}
	return map[string][]string{"aliases": aliases}, nil
}
