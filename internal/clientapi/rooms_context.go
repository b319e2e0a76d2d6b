package clientapi

import (
	"net/http"
	"strconv"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a request for the context of an event.
const (
	contextDefault = 10
	contextMost    = 200
)

// roomContextRoutes: Client-Server API, "Event Context", and GET /rooms/{roomId}/timestamp_to_event.
func (a *API) roomContextRoutes() {
	a.client(http.MethodGet, "/rooms/{roomId}/context/{eventId}", a.eventContext, as(authGuest))
	a.clientV1(http.MethodGet, "/rooms/{roomId}/timestamp_to_event", a.timestampToEvent)
}

func (a *API) eventContext(r *request) (any, error) {
	f, err := r.roomFilter()
	if err != nil {
		return nil, err
	}
	limit, err := r.queryInt("limit", contextDefault, contextMost)
	if err != nil {
		return nil, err
	}
	return a.Reader.Context(r.Context(), r.who(), r.param("roomId"), r.param("eventId"), limit, f)
}

func (a *API) timestampToEvent(r *request) (any, error) {
	forward, err := r.direction("")
	if err != nil {
		return nil, err
	}
	if r.query("ts") == "" {
		return nil, mxerr.MissingParamf("ts is needed")
	}
	ts, err := strconv.ParseInt(r.query("ts"), 10, 64)
	if err != nil {
		return nil, mxerr.InvalidParamf("ts must be a whole number of milliseconds")
	}
	id, at, err := a.Reader.EventAt(r.Context(), r.who(), r.param("roomId"), ts, forward)
	if err != nil {
		return nil, err
	}
	return map[string]any{"event_id": id, "origin_server_ts": at}, nil
}
