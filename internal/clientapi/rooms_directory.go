package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// Bounds of a page of the public directory.
const (
	publicRoomsDefault = 50
	publicRoomsMost    = 500
)

// roomDirectoryRoutes: Client-Server API, "Published room directory".
func (a *API) roomDirectoryRoutes() {
	a.client(http.MethodGet, "/directory/list/room/{roomId}", a.getListed, as(authNone))
	a.client(http.MethodPut, "/directory/list/room/{roomId}", a.putListed)
	a.client(http.MethodGet, "/publicRooms", a.publicRooms, as(authMaybe), limited("requests"))
	a.client(http.MethodPost, "/publicRooms", a.searchPublicRooms, limited("requests"))
}

func (a *API) getListed(r *request) (any, error) {
	listed, err := a.Reader.Published(r.Context(), r.param("roomId"))
	if err != nil {
		return nil, err
	}
	return map[string]string{"visibility": visibility(listed)}, nil
}

func visibility(listed bool) string {
	if listed {
		return "public"
	}
	return "private"
}

func (a *API) putListed(r *request) (any, error) {
	var body struct {
		Visibility string `json:"visibility"`
	}
	if err := r.decodeOptional(&body); err != nil {
		return nil, err
	}
	switch body.Visibility {
	case "", "public", "private":
	default:
		return nil, mxerr.InvalidParamf("visibility must be public or private")
	}
	return empty{}, a.Aliases.Publish(r.Context(), r.session.UserID, r.session.Admin, r.param("roomId"), body.Visibility != "private")
}

func (a *API) publicRooms(r *request) (any, error) {
	if err := a.ownDirectory(r); err != nil {
		return nil, err
	}
	limit, err := r.queryInt("limit", publicRoomsDefault, publicRoomsMost)
	if err != nil {
		return nil, err
	}
	return a.Reader.Directory(r.Context(), room.DirectoryRequest{Since: r.query("since"), Limit: orDefault(limit, publicRoomsDefault)})
}

// ownDirectory refuses to ask other servers for theirs.
func (a *API) ownDirectory(r *request) error {
	if server := r.query("server"); server != "" && server != a.ServerName {
		return mxerr.NotFoundf("The directory of %s cannot be reached from here", server)
	}
	return nil
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

type publicRoomsBody struct {
	Limit  int    `json:"limit"`
	Since  string `json:"since"`
	Filter struct {
		Search string    `json:"generic_search_term"`
		Types  []*string `json:"room_types"`
	} `json:"filter"`
	AllNetworks bool   `json:"include_all_networks"`
	Network     string `json:"third_party_instance_id"`
}

func (a *API) searchPublicRooms(r *request) (any, error) {
	if err := a.ownDirectory(r); err != nil {
		return nil, err
	}
	var body publicRoomsBody
	if err := r.decodeOptional(&body); err != nil {
		return nil, err
	}
	switch {
	case body.Limit < 0:
		return nil, mxerr.InvalidParamf("limit must be at least 0")
	case body.Network != "" && body.AllNetworks:
		return nil, mxerr.InvalidParamf("third_party_instance_id cannot be used with include_all_networks")
	}
	return a.Reader.Directory(r.Context(), room.DirectoryRequest{
		Since: body.Since, Limit: min(orDefault(body.Limit, publicRoomsDefault), publicRoomsMost), Search: body.Filter.Search,
		Types: roomTypes(body.Filter.Types), Network: body.Network, AllNetworks: body.AllNetworks,
	})
}

// roomTypes turns null, which stands for rooms without a type, into an empty string.
func roomTypes(types []*string) []string {
	if types == nil {
		return nil
	}
	out := make([]string, len(types))
	for i, t := range types {
		if t != nil {
			out[i] = *t
		}
	}
	return out
}
