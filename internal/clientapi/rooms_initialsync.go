package clientapi

import (
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a wait for an event of a previewed room.
const (
	peekDefault = 30 * time.Second
	peekLongest = 5 * time.Minute
)

// roomInitialSyncRoutes: Client-Server API, "Room Previews", and GET /events/{eventId}, which is deprecated.
func (a *API) roomInitialSyncRoutes() {
	a.client(http.MethodGet, "/rooms/{roomId}/initialSync", a.roomInitialSync, as(authGuest))
	a.client(http.MethodGet, "/events", a.peek, as(authGuest), limited("sync"), waiting())
	a.client(http.MethodGet, "/events/{eventId}", a.anyEvent)
}

func (a *API) roomInitialSync(r *request) (any, error) {
	return a.Reader.Snapshot(r.Context(), r.who(), r.param("roomId"))
}

func (a *API) anyEvent(r *request) (any, error) {
	out, err := a.Reader.AnyEvent(r.Context(), r.who(), r.param("eventId"))
	return raw(out), err
}

func (a *API) peek(r *request) (any, error) {
	if r.query("room_id") == "" {
		return nil, mxerr.MissingParamf("room_id is needed; for all rooms there is /sync")
	}
	ms, err := r.queryInt("timeout", int(peekDefault.Milliseconds()), int(peekLongest.Milliseconds()))
	if err != nil {
		return nil, err
	}
	return a.Reader.Peek(r.Context(), r.who(), r.query("room_id"), r.query("from"), time.Duration(ms)*time.Millisecond)
}
