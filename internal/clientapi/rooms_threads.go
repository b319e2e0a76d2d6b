package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// roomThreadRoutes: Client-Server API, "Querying threads in a room".
func (a *API) roomThreadRoutes() {
	a.clientV1(http.MethodGet, "/rooms/{roomId}/threads", a.threads)
}

func (a *API) threads(r *request) (any, error) {
	limit, err := r.positiveInt("limit", relationsDefault, relationsMost)
	if err != nil {
		return nil, err
	}
	req := room.ThreadsRequest{RoomID: r.param("roomId"), From: r.query("from"), Limit: limit}
	switch r.query("include") {
	case "", "all":
	case "participated":
		req.Participated = true
	default:
		return nil, mxerr.InvalidParamf("include must be all or participated")
	}
	return a.Reader.Threads(r.Context(), r.who(), req)
}
