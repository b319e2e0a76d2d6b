package room

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// SearchResults is the answer to a search.
type SearchResults struct {
	Count      int                                `json:"count"`
	Highlights []string                           `json:"highlights"`
	Results    []SearchResult                     `json:"results"`
	State      map[string][]json.RawMessage       `json:"state,omitempty"`
	Groups     map[string]map[string]*SearchGroup `json:"groups,omitempty"`
	NextBatch  string                             `json:"next_batch,omitempty"`
}

// SearchResult is an event that was found.
type SearchResult struct {
	Rank    float64         `json:"rank"`
	Result  json.RawMessage `json:"result"`
	Context *SearchContext  `json:"context,omitempty"`
}

// SearchContext is what surrounds an event that was found.
type SearchContext struct {
	Start    string                   `json:"start"`
	End      string                   `json:"end"`
	Before   []json.RawMessage        `json:"events_before"`
	After    []json.RawMessage        `json:"events_after"`
	Profiles map[string]SearchProfile `json:"profile_info,omitempty"`
}

// SearchProfile is a user's profile as it was.
type SearchProfile struct {
	DisplayName string `json:"displayname,omitempty"`
	AvatarURL   string `json:"avatar_url,omitempty"`
}

// SearchGroup is the part of the results that have a room or a sender in common.
type SearchGroup struct {
	Results   []string `json:"results"`
	Order     int      `json:"order"`
	NextBatch string   `json:"next_batch,omitempty"`
}

// The keys of groups.
const (
	GroupByRoom   = "room_id"
	GroupBySender = "sender"
)

// searchToken is where the next page begins, and of which group. It is opaque to clients and gives away nothing: every page is asked
// anew who may see it.
type searchToken struct {
	Recent bool            `json:"r,omitempty"`
	Below  store.SearchHit `json:"b,omitzero"`
	Offset int             `json:"o,omitempty"` // into the ranked texts
	Count  int             `json:"c,omitempty"` // as the first page told
	Room   string          `json:"i,omitempty"`
	Sender string          `json:"s,omitempty"`
}

func (t searchToken) String() string {
	text, err := json.Marshal(t)
	if err != nil {
		return "" // it is plain data
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// inGroup tells whether an event belongs to the group that the page is of.
func (t searchToken) inGroup(ev *store.Event) bool {
	return (t.Room == "" || t.Room == ev.RoomID) && (t.Sender == "" || t.Sender == ev.Sender)
}

func parseSearchToken(text string, recent bool) (searchToken, error) {
	t := searchToken{Recent: recent}
	if text == "" {
		return t, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(decoded, &t) != nil || t.Recent != recent || t.Offset < 0 || t.Count < 0 {
		return t, mxerr.InvalidParamf("next_batch is not a token of this search")
	}
	return t, nil
}

func (s *searcher) results(ctx context.Context) (*SearchResults, error) {
	out := &SearchResults{Count: s.at.Count, Highlights: s.query.Shown, Results: make([]SearchResult, len(s.found))}
	if s.more {
		out.NextBatch = s.at.String()
	}
	texts, err := s.texts(ctx)
	if err != nil {
		return nil, err
	}
	for i, m := range s.found {
		out.Results[i] = SearchResult{Rank: m.rank, Result: texts[m.ID]}
		if s.req.Around == nil {
			continue
		}
		if out.Results[i].Context, err = m.view.around(ctx, s.tx, m.Seen, *s.req.Around); err != nil {
			return nil, fmt.Errorf("reading what surrounds an event: %w", err)
		}
	}
	s.group(out)
	return out, s.state(ctx, out)
}

// texts are the found events in the form for clients, by their ids.
func (s *searcher) texts(ctx context.Context) (map[string]json.RawMessage, error) {
	byRoom := map[*View][]Seen{}
	for _, m := range s.found {
		byRoom[m.view] = append(byRoom[m.view], m.Seen)
	}
	out := make(map[string]json.RawMessage, len(s.found))
	for v, seen := range byRoom {
		texts, err := v.client(ctx, s.tx, seen)
		if err != nil {
			return nil, err
		}
		for i, ev := range seen {
			out[ev.ID] = texts[i]
		}
	}
	return out, nil
}

func (s *searcher) group(out *SearchResults) {
	for _, key := range s.req.GroupBy {
		groups := map[string]*SearchGroup{}
		for _, m := range s.found {
			next := s.at
			value := m.RoomID
			if key == GroupBySender {
				value, next.Sender = m.Sender, m.Sender
			} else {
				next.Room = m.RoomID
			}
			g := groups[value]
			if g == nil {
				g = &SearchGroup{Order: len(groups) + 1}
				groups[value] = g
				if s.more {
					g.NextBatch = next.String()
				}
			}
			g.Results = append(g.Results, m.ID)
		}
		if out.Groups == nil {
			out.Groups = map[string]map[string]*SearchGroup{}
		}
		out.Groups[key] = groups
	}
}

// state adds the state of each room in the results: as it is, or as it was when the user left.
func (s *searcher) state(ctx context.Context, out *SearchResults) error {
	if !s.req.State {
		return nil
	}
	out.State = map[string][]json.RawMessage{}
	for _, m := range s.found {
		if out.State[m.RoomID] != nil {
			continue
		}
		state, err := s.tx.StateAt(ctx, m.Room, m.view.stateAt())
		if err != nil {
			return fmt.Errorf("reading the state: %w", err)
		}
		if out.State[m.RoomID], err = m.view.clientState(ctx, s.tx, state); err != nil {
			return err
		}
	}
	return nil
}

// around reads what the user may see before and after an event.
func (v *View) around(ctx context.Context, tx *store.Tx, ev Seen, want Around) (*SearchContext, error) {
	before := &scan{view: v, limit: want.Before, at: ev.Pos - 1, from: store.MakePos(ev.Pos.Lane(), 0), to: ev.Pos - 1}
	if err := before.run(ctx, tx); err != nil {
		return nil, err
	}
	after := &scan{view: v, forward: true, limit: want.After, at: ev.Pos, from: ev.Pos, to: v.bound()}
	if err := after.run(ctx, tx); err != nil {
		return nil, err
	}
	all := append(slices.Clone(before.found), after.found...)
	texts, err := v.client(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	out := &SearchContext{Start: token.Page(before.at), End: token.Page(after.at)}
	out.Before, out.After = texts[:len(before.found)], texts[len(before.found):]
	if want.Profiles {
		out.Profiles, err = v.profilesAt(ctx, tx, ev.Pos, append(all, ev))
	}
	return out, err
}

// profilesAt is the profiles that the senders of events had at a position.
func (v *View) profilesAt(ctx context.Context, tx *store.Tx, at store.Pos, events []Seen) (map[string]SearchProfile, error) {
	var senders []string
	for _, s := range events {
		senders = append(senders, s.Sender)
	}
	slices.Sort(senders)
	members, err := tx.MembersAt(ctx, v.Room.Num, at, slices.Compact(senders))
	if err != nil {
		return nil, err
	}
	out := make(map[string]SearchProfile, len(members))
	for _, m := range members {
		p := profileIn(m)
		if !strings.HasPrefix(p.AvatarURL, "mxc://") {
			p.AvatarURL = ""
		}
		out[*m.StateKey] = p
	}
	return out, nil
}
