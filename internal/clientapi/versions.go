package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/remote"
)

// versionRoutes: Client-Server API, "API Versions", "Server Discovery" and "Capabilities negotiation".
func (a *API) versionRoutes() {
	a.handle(http.MethodGet, "/_matrix/client/versions", a.versions, as(authMaybe))
	a.handle(http.MethodGet, "/.well-known/matrix/client", a.wellKnown, as(authNone))
}

// specVersions are the versions of the specification whose kernel is served.
var specVersions = []string{
	"r0.5.0", "r0.6.0", "r0.6.1", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11", "v1.12",
	"v1.13", "v1.14", "v1.15", "v1.16", "v1.17", "v1.18", "v1.19",
}

// unstableFeatures are the proposals that are served beside it.
var unstableFeatures = map[string]bool{slidingFeature: true, dehydrationFeature: true}

func (a *API) versions(*request) (any, error) {
	return map[string]any{"versions": specVersions, "unstable_features": unstableFeatures}, nil
}

func (a *API) wellKnown(r *request) (any, error) {
	found := map[string]any{"m.homeserver": map[string]string{"base_url": r.baseURL()}}
	if len(a.Entrances) > 0 {
		found["org.bongsu.entrances"] = a.Entrances
	}
	return found, nil
}

// baseURL is where clients reach this server.
func (r *request) baseURL() string { return remote.BaseURL(r.Request, r.api.BaseURL, nil) }

// entranceURL is where this client reaches this server.
func (r *request) entranceURL() string {
	return remote.BaseURL(r.Request, r.api.BaseURL, r.api.Entrances)
}
