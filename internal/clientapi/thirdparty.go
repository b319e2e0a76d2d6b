package clientapi

import (
	"net/http"
	"net/url"

	"bongsu.org/bongsu/internal/mxerr"
)

// thirdPartyRoutes: Client-Server API, "Third-party Lookups". Application services answer them.
func (a *API) thirdPartyRoutes() {
	a.client(http.MethodGet, "/thirdparty/protocols", a.protocols, limited("requests"))
	a.client(http.MethodGet, "/thirdparty/protocol/{protocol}", a.protocol, limited("requests"))
	for _, kind := range []string{"location", "user"} {
		a.client(http.MethodGet, "/thirdparty/"+kind+"/{protocol}", a.thirdParty(kind), limited("requests"))
	}
	a.client(http.MethodGet, "/thirdparty/location", a.reverseThirdParty("location", "alias"), limited("requests"))
	a.client(http.MethodGet, "/thirdparty/user", a.reverseThirdParty("user", "userid"), limited("requests"))
}

var errNoNetwork = mxerr.NotFoundf("This server is connected to no such network")

func (a *API) protocols(r *request) (any, error) { return a.Appservices.Protocols(r.Context()), nil }

func (a *API) protocol(r *request) (any, error) {
	p := a.Appservices.Protocol(r.Context(), r.param("protocol"))
	if p == nil {
		return nil, errNoNetwork
	}
	return raw(p), nil
}

// thirdParty looks for what a network has: the query's fields are the network's own.
func (a *API) thirdParty(kind string) handler {
	return func(r *request) (any, error) {
		fields := r.URL.Query()
		fields.Del("access_token")
		if r.service != nil { // whom the service masquerades as
			fields.Del("user_id")
			fields.Del("device_id")
		}
		return a.lookup(r, kind, r.param("protocol"), fields)
	}
}

// reverseThirdParty looks for what a Matrix room or user is in networks. need is the query parameter that names it.
func (a *API) reverseThirdParty(kind, need string) handler {
	return func(r *request) (any, error) {
		name := r.query(need)
		if name == "" {
			return nil, mxerr.MissingParamf("%s is needed", need)
		}
		return a.lookup(r, kind, "", url.Values{need: {name}})
	}
}

func (a *API) lookup(r *request, kind, protocol string, fields url.Values) (any, error) {
	found, ok := a.Appservices.Lookup(r.Context(), kind, protocol, fields)
	switch {
	case !ok:
		return nil, errNoNetwork
	case len(found) == 0:
		return nil, mxerr.NotFoundf("Nothing was found")
	}
	return found, nil
}
