package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/room"
)

// Bounds of a page of related events or of threads.
const (
	relationsDefault = 20
	relationsMost    = 200
)

// roomRelationRoutes: Client-Server API, "Forming relationships between events".
func (a *API) roomRelationRoutes() {
	const path = "/rooms/{roomId}/relations/{eventId}"
	for _, narrower := range []string{"", "/{relType}", "/{relType}/{eventType}"} {
		a.clientV1(http.MethodGet, path+narrower, a.relations)
	}
}

func (a *API) relations(r *request) (any, error) {
	forward, err := r.direction("b")
	if err != nil {
		return nil, err
	}
	limit, err := r.positiveInt("limit", relationsDefault, relationsMost)
	if err != nil {
		return nil, err
	}
	recurse, err := r.queryBool("recurse", false)
	if err != nil {
		return nil, err
	}
	return a.Reader.Relations(r.Context(), r.who(), room.RelationsRequest{
		RoomID: r.param("roomId"), EventID: r.param("eventId"), RelType: r.param("relType"), EventType: r.param("eventType"),
		From: r.query("from"), To: r.query("to"), Forward: forward, Recurse: recurse, Limit: limit,
	})
}
