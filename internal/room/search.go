package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/search"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of a search.
const (
	searchScan  = 1000 // texts that are looked at in one request, the newest
	searchChunk = 50   // of them, events that are read at once
)

// SearchRequest asks for events by their text (Client-Server API, "Server Side Search").
type SearchRequest struct {
	Term    string
	Keys    []string // nil: all
	Filter  *filter.RoomEvents
	Recent  bool // the newest first instead of the best
	Limit   int
	GroupBy []string // room_id, sender
	Around  *Around  // nil: without what surrounds each event
	State   bool     // with the rooms' state
	From    string   // a token; empty: from the start
}

// Around says how much of what surrounds an event is wanted.
type Around struct {
	Before, After int
	Profiles      bool
}

// searcher answers one request.
type searcher struct {
	reader *Reader
	tx     *store.Tx
	who    Who
	req    SearchRequest
	query  search.Query
	at     searchToken

	views map[string]*View // by room id; nil: may not be read
	hits  []store.SearchHit
	ranks map[store.Pos]float64
	found []match
	more  bool
}

// match is an event that was found and may be seen.
type match struct {
	Seen
	view *View
	rank float64
}

// Search finds events that the user may see, of those that were not sent encrypted.
func (r *Reader) Search(ctx context.Context, who Who, req SearchRequest) (out *SearchResults, err error) {
	s := &searcher{reader: r, who: who, req: req, query: search.Parse(req.Term), views: map[string]*View{}, ranks: map[store.Pos]float64{}}
	if s.at, err = parseSearchToken(req.From, req.Recent); err != nil {
		return nil, err
	}
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		s.tx = tx
		if err := s.look(ctx); err != nil {
			return err
		}
		out, err = s.results(ctx)
		return err
	})
	return out, err
}

// look finds the texts and takes those that may be seen, in the wanted order, until there are enough.
func (s *searcher) look(ctx context.Context) error {
	rooms, err := s.rooms(ctx)
	if err != nil {
		return fmt.Errorf("reading which rooms to search: %w", err)
	}
	s.hits, err = s.reader.store.FindTexts(ctx, s.tx, store.SearchQuery{
		Rooms: rooms, Keys: s.req.Keys, Whole: s.query.Whole, Beginnings: s.query.Beginnings,
		Below: s.at.Below, Limit: searchScan,
	})
	if err != nil || len(s.hits) == 0 {
		return err
	}
	full := len(s.hits) == searchScan
	if s.at.Count == 0 {
		s.at.Count = len(s.hits)
	}
	if !s.req.Recent {
		if err := s.order(ctx); err != nil {
			return err
		}
		full = false // there is an end to how far the best are looked for
	}
	return s.take(ctx, full)
}

// rooms are those that the user has to do with, which may hold something that the user may see.
func (s *searcher) rooms(ctx context.Context) ([]int64, error) {
	members, err := s.tx.MembershipsOf(ctx, s.who.User)
	if err != nil {
		return nil, err
	}
	var nums []int64
	for _, m := range members {
		if !m.Forgotten && s.req.Filter.PassesRoom(m.RoomID) {
			nums = append(nums, m.Room)
		}
	}
	return nums, nil
}

// order puts the hits into the order of their ranks, from the same ones at each page.
func (s *searcher) order(ctx context.Context) error {
	if s.at.Offset == 0 {
		top := s.hits[0]
		s.at.Below = store.SearchHit{Pos: top.Pos + 1, TS: top.TS}
	}
	for piece := range slices.Chunk(s.hits, searchChunk) {
		events, err := s.tx.EventsByPos(ctx, positionsOf(piece))
		if err != nil {
			return fmt.Errorf("reading what was found: %w", err)
		}
		for _, ev := range events {
			s.ranks[ev.Pos] = s.rank(ev)
		}
	}
	sort.SliceStable(s.hits, func(i, j int) bool { return s.ranks[s.hits[i].Pos] > s.ranks[s.hits[j].Pos] })
	s.hits = s.hits[min(s.at.Offset, len(s.hits)):]
	return nil
}

func (s *searcher) rank(ev *store.Event) float64 {
	_, text, _ := search.Text(ev)
	return s.query.Rank(text)
}

func positionsOf(hits []store.SearchHit) []store.Pos {
	out := make([]store.Pos, len(hits))
	for i, h := range hits {
		out[i] = h.Pos
	}
	return out
}

// take goes through the hits in order. full: there may be more behind the last one.
func (s *searcher) take(ctx context.Context, full bool) error {
	for piece := range slices.Chunk(s.hits, searchChunk) {
		seen, err := s.seen(ctx, piece)
		if err != nil {
			return err
		}
		for _, hit := range piece {
			if len(s.found) == s.req.Limit {
				s.more = true
				return nil
			}
			s.pass(hit)
			if m, ok := seen[hit.Pos]; ok {
				s.found = append(s.found, m)
			}
		}
	}
	s.more = full
	return nil
}

// pass moves the token over a hit.
func (s *searcher) pass(hit store.SearchHit) {
	if s.req.Recent {
		s.at.Below = hit
		return
	}
	s.at.Offset++
}

// seen reads hits, and keeps what the user may see and wants.
func (s *searcher) seen(ctx context.Context, hits []store.SearchHit) (map[store.Pos]match, error) {
	events, err := s.tx.EventsByPos(ctx, positionsOf(hits))
	if err != nil {
		return nil, fmt.Errorf("reading what was found: %w", err)
	}
	byRoom := map[string][]*store.Event{}
	for _, ev := range events {
		if ev.RedactedBy == "" && s.at.inGroup(ev) {
			byRoom[ev.RoomID] = append(byRoom[ev.RoomID], ev)
		}
	}
	out := map[store.Pos]match{}
	for roomID, events := range byRoom {
		if err := s.seenIn(ctx, roomID, events, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *searcher) seenIn(ctx context.Context, roomID string, events []*store.Event, out map[store.Pos]match) error {
	v, err := s.view(ctx, roomID)
	if err != nil || v == nil {
		return err
	}
	seen, err := v.see(ctx, s.tx, events)
	if err != nil {
		return err
	}
	wanted, err := v.filtered(ctx, s.tx, seen, s.req.Filter)
	if err != nil {
		return err
	}
	for _, w := range wanted {
		out[w.Pos] = match{w, v, s.rank(w.Event)}
	}
	return nil
}

func (s *searcher) view(ctx context.Context, roomID string) (*View, error) {
	v, ok := s.views[roomID]
	if ok {
		return v, nil
	}
	v, err := s.reader.view(ctx, s.tx, s.who, roomID)
	if errors.Is(err, errNotInRoom) {
		v, err = nil, nil
	}
	if err == nil {
		s.views[roomID] = v
	}
	return v, err
}

// profileIn is the profile in a membership event.
func profileIn(ev *store.Event) SearchProfile {
	content := gjson.GetBytes(ev.JSON, "content")
	return SearchProfile{content.Get("displayname").Str, content.Get("avatar_url").Str}
}
