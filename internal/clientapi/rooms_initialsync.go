package clientapi

import "net/http"

// roomInitialSyncRoutes: Client-Server API, "Room Previews", and GET /events/{eventId}, which is deprecated.
func (a *API) roomInitialSyncRoutes() {
	a.client(http.MethodGet, "/rooms/{roomId}/initialSync", a.roomInitialSync, as(authGuest))
	a.client(http.MethodGet, "/events/{eventId}", a.anyEvent)
}

func (a *API) roomInitialSync(r *request) (any, error) {
	return a.Reader.Snapshot(r.Context(), r.who(), r.param("roomId"))
}

func (a *API) anyEvent(r *request) (any, error) {
	out, err := a.Reader.AnyEvent(r.Context(), r.who(), r.param("eventId"))
	return raw(out), err
}
