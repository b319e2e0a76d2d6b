package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/room"
)

// Bounds of a page of a space's rooms.
const (
	hierarchyDefault = 50
	hierarchyMost    = 100
)

// roomHierarchyRoutes: Client-Server API, "Discovering rooms within spaces" and GET /room_summary/{roomIdOrAlias}.
func (a *API) roomHierarchyRoutes() {
	a.clientV1(http.MethodGet, "/rooms/{roomId}/hierarchy", a.hierarchy, limited("requests"))
	a.clientV1(http.MethodGet, "/room_summary/{roomIdOrAlias}", a.roomSummary, as(authMaybe), limited("requests"))
}

func (a *API) hierarchy(r *request) (any, error) {
	suggested, err := r.queryBool("suggested_only", false)
	if err != nil {
		return nil, err
	}
	limit, err := r.positiveInt("limit", hierarchyDefault, hierarchyMost)
	if err != nil {
		return nil, err
	}
	depth, err := r.queryInt("max_depth", room.HierarchyDepth, room.HierarchyDepth)
	if err != nil {
		return nil, err
	}
	return a.Reader.Hierarchy(r.Context(), r.who(), room.HierarchyRequest{
		RoomID: r.param("roomId"), SuggestedOnly: suggested, MaxDepth: depth, Limit: limit, From: r.query("from"),
	})
}

func (a *API) roomSummary(r *request) (any, error) {
	id, err := r.roomID("roomIdOrAlias")
	if err != nil {
		return nil, err
	}
	return a.Reader.Summary(r.Context(), r.who(), id)
}
