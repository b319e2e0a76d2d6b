package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/room"
)

// roomMessagesRoutes: Client-Server API, GET /rooms/{roomId}/messages.
func (a *API) roomMessagesRoutes() {
	a.client(http.MethodGet, "/rooms/{roomId}/messages", a.messages, as(authGuest))
}

func (a *API) messages(r *request) (any, error) {
	forward, err := r.direction("")
	if err != nil {
		return nil, err
	}
	f, err := r.roomFilter()
	if err != nil {
		return nil, err
	}
	limit, err := r.queryInt("limit", f.Limit(filter.DefaultTimelineLimit), filter.MaxLimit)
	if err != nil {
		return nil, err
	}
	return a.Reader.Messages(r.Context(), r.who(), room.PageRequest{
		RoomID: r.param("roomId"), From: r.query("from"), To: r.query("to"), Forward: forward, Limit: limit, Filter: f,
	})
}
