package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

// thirdPartyRoutes: Client-Server API, "Third-party Lookups". Lookups are answered by bridges; without one there is nothing to be found.
func (a *API) thirdPartyRoutes() {
	a.client(http.MethodGet, "/thirdparty/protocols", a.protocols)
	a.client(http.MethodGet, "/thirdparty/protocol/{protocol}", a.noThirdParty(""))
	a.client(http.MethodGet, "/thirdparty/location/{protocol}", a.noThirdParty(""))
	a.client(http.MethodGet, "/thirdparty/user/{protocol}", a.noThirdParty(""))
	a.client(http.MethodGet, "/thirdparty/location", a.noThirdParty("alias"))
	a.client(http.MethodGet, "/thirdparty/user", a.noThirdParty("userid"))
}

func (a *API) protocols(*request) (any, error) { return empty{}, nil }

// noThirdParty finds nothing. need is the query parameter that must be there; empty: none.
func (a *API) noThirdParty(need string) handler {
	return func(r *request) (any, error) {
		if need != "" && r.query(need) == "" {
			return nil, mxerr.MissingParamf("%s is needed", need)
		}
		return nil, mxerr.NotFoundf("This server is connected to no such network")
	}
}
