package clientapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/search"
)

// Bounds of a page of results.
const (
	searchDefault = 10
	searchMost    = 100
	aroundDefault = 5
	aroundMost    = 50
)

// searchRoutes: Client-Server API, "Server Side Search".
func (a *API) searchRoutes() {
	a.client(http.MethodPost, "/search", a.search, limited("search"))
}

type searchBody struct {
	Categories *struct {
		RoomEvents *searchEvents `json:"room_events"`
	} `json:"search_categories"`
}

type searchEvents struct {
	Term    *string         `json:"search_term"`
	Keys    []string        `json:"keys"`
	Filter  json.RawMessage `json:"filter"`
	OrderBy string          `json:"order_by"`
	Context *struct {
		Before   *int `json:"before_limit"`
		After    *int `json:"after_limit"`
		Profiles bool `json:"include_profile"`
	} `json:"event_context"`
	State     bool `json:"include_state"`
	Groupings struct {
		By []struct {
			Key string `json:"key"`
		} `json:"group_by"`
	} `json:"groupings"`
}

func (a *API) search(r *request) (any, error) {
	var body searchBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Categories == nil {
		return nil, mxerr.MissingParamf("search_categories is needed")
	}
	if body.Categories.RoomEvents == nil { // the only category there is
		return map[string]any{"search_categories": empty{}}, nil
	}
	req, err := body.Categories.RoomEvents.request(r.query("next_batch"))
	if err != nil {
		return nil, err
	}
	if err := a.Search.CatchUp(r.Context()); err != nil {
		return nil, err
	}
	found, err := a.Reader.Search(r.Context(), r.who(), req)
	if err != nil {
		return nil, err
	}
	return map[string]any{"search_categories": map[string]any{"room_events": found}}, nil
}

func (s *searchEvents) request(from string) (room.SearchRequest, error) {
	req := room.SearchRequest{Keys: s.Keys, State: s.State, From: from, Recent: s.OrderBy == "recent"}
	if s.Term == nil {
		return req, mxerr.MissingParamf("search_term is needed")
	}
	req.Term = *s.Term
	for _, key := range s.Keys {
		if !slices.Contains([]string{search.KeyBody, search.KeyName, search.KeyTopic}, key) {
			return req, mxerr.InvalidParamf("keys may name content.body, content.name and content.topic")
		}
	}
	if s.OrderBy != "" && s.OrderBy != "recent" && s.OrderBy != "rank" {
		return req, mxerr.InvalidParamf("order_by must be rank or recent")
	}
	for _, by := range s.Groupings.By {
		if by.Key != room.GroupByRoom && by.Key != room.GroupBySender {
			return req, mxerr.InvalidParamf("results can be grouped by room_id and sender")
		}
		req.GroupBy = append(req.GroupBy, by.Key)
	}
	if err := s.around(&req); err != nil {
		return req, err
	}
	return req, s.filter(&req)
}

func (s *searchEvents) around(req *room.SearchRequest) error {
	if s.Context == nil {
		return nil
	}
	req.Around = &room.Around{Before: aroundDefault, After: aroundDefault, Profiles: s.Context.Profiles}
	for _, side := range []struct {
		given *int
		limit *int
	}{{s.Context.Before, &req.Around.Before}, {s.Context.After, &req.Around.After}} {
		if side.given == nil {
			continue
		}
		if *side.given < 0 {
			return mxerr.InvalidParamf("before_limit and after_limit must be at least 0")
		}
		*side.limit = min(*side.given, aroundMost)
	}
	return nil
}

func (s *searchEvents) filter(req *room.SearchRequest) (err error) {
	if raw := nullless(s.Filter); len(raw) > 0 {
		if req.Filter, err = filter.ParseRoomEvents(raw); err != nil {
			return err
		}
	}
	req.Limit = min(req.Filter.Limit(searchDefault), searchMost)
	return nil
}
