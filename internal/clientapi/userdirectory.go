package clientapi

import (
	"encoding/base64"
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of the answers about other users.
const (
	userSearchDefault = 10
	userSearchMost    = 50
	mutualRoomsPage   = 100
)

// userDirectoryRoutes: Client-Server API, "User Directory" and "Mutual Rooms".
func (a *API) userDirectoryRoutes() {
	a.client(http.MethodPost, "/user_directory/search", a.searchUsers, limited("requests"))
	a.clientV1(http.MethodGet, "/mutual_rooms", a.mutualRooms, limited("requests"))
}

func (a *API) searchUsers(r *request) (any, error) {
	var body struct {
		Term  *string `json:"search_term"`
		Limit *int    `json:"limit"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	limit := userSearchDefault
	if body.Limit != nil {
		limit = min(*body.Limit, userSearchMost)
	}
	switch {
	case body.Term == nil:
		return nil, mxerr.MissingParamf("search_term is needed")
	case limit < 1:
		return nil, mxerr.InvalidParamf("limit must be greater than 0")
	}
	found, more, err := a.Reader.SearchUsers(r.Context(), r.session.UserID, *body.Term, limit)
	if err != nil {
		return nil, err
	}
	return map[string]any{"results": found, "limited": more}, nil
}

func (a *API) mutualRooms(r *request) (any, error) {
	user := r.query("user_id")
	if user == "" || user == r.session.UserID || !strings.HasPrefix(user, "@") || !strings.Contains(user, ":") {
		return nil, mxerr.InvalidParamf("user_id must be the id of another user")
	}
	after, err := base64.RawURLEncoding.DecodeString(r.query("from"))
	if err != nil {
		return nil, mxerr.InvalidParamf("from is not a token that this server made")
	}
	rooms, next, count, err := a.Reader.MutualRooms(r.Context(), r.session.UserID, user, string(after), mutualRoomsPage)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"joined": rooms, "count": count}
	if next != "" {
		out["next_batch"] = base64.RawURLEncoding.EncodeToString([]byte(next))
	}
	return out, nil
}
