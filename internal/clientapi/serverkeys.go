package clientapi

import (
	"net/http"
	"time"
)

// serverRoutes: what other servers and tools ask of a server to tell who it is (Server-Server API, "Publishing Keys" and "Server
// implementation").
func (a *API) serverRoutes() {
	a.handle(http.MethodGet, "/_matrix/key/v2/server", a.serverKeys, as(authNone))
	a.handle(http.MethodGet, "/_matrix/federation/v1/version", a.serverVersion, as(authNone))
}

// keysValid is how long others may use the keys without asking again.
const keysValid = 24 * time.Hour

func (a *API) serverKeys(*request) (any, error) {
	keys, err := a.Rooms.ServerKeys(time.Now().Add(keysValid))
	return raw(keys), err
}

func (a *API) serverVersion(*request) (any, error) {
	return map[string]any{"server": map[string]string{"name": "Bongsu", "version": a.Version}}, nil
}
