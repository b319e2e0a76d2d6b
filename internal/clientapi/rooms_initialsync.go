package clientapi

import (
	"net/http"
	"time"
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
	ms, err := r.queryInt("timeout", int(peekDefault.Milliseconds()), int(peekLongest.Milliseconds()))
	if err != nil {
		return nil, err
	}
	timeout := time.Duration(ms) * time.Millisecond
	if r.query("room_id") == "" {
		return a.oldEvents(r, timeout)
	}
	return a.Reader.Peek(r.Context(), r.who(), r.query("room_id"), r.query("from"), timeout)
}
