package clientapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	bsync "bongsu.org/bongsu/internal/sync"
	"bongsu.org/bongsu/internal/token"
)

// Bounds of an initial sync of the old kind.
const (
	oldTimelineDefault = 10
	oldTimelineMost    = 100
)

// oldSyncRoutes: what clients synced with before /sync (Client-Server API, GET /initialSync and GET /events, both deprecated). Both are
// /sync, told in the old words, and for no device: messages to the device would be taken for delivered. GET /events is with the previews
// of rooms.
func (a *API) oldSyncRoutes() {
	a.client(http.MethodGet, "/initialSync", a.oldInitialSync, limited("sync"))
}

// oldRoom is a room as /initialSync tells of it.
type oldRoom struct {
	RoomID      string            `json:"room_id"`
	Membership  string            `json:"membership"`
	Invite      json.RawMessage   `json:"invite,omitempty"`
	Messages    *oldPage          `json:"messages,omitempty"`
	State       []json.RawMessage `json:"state,omitempty"`
	Visibility  string            `json:"visibility,omitempty"`
	AccountData []json.RawMessage `json:"account_data,omitempty"`
}

// oldPage is a piece of a timeline.
type oldPage struct {
	Start string            `json:"start,omitempty"`
	End   string            `json:"end"`
	Chunk []json.RawMessage `json:"chunk"`
}

func (a *API) oldInitialSync(r *request) (any, error) {
	limit, err := r.queryInt("limit", oldTimelineDefault, oldTimelineMost)
	if err != nil {
		return nil, err
	}
	archived, err := r.queryBool("archived", false)
	if err != nil {
		return nil, err
	}
	f, err := filter.Parse(fmt.Appendf(nil, `{"room":{"timeline":{"limit":%d},"include_leave":%t}}`, limit, archived))
	if err != nil {
		return nil, err
	}
	res, err := a.Sync.Sync(r.Context(), bsync.Request{User: r.session.UserID, Filter: f, UseStateAfter: true})
	if err != nil {
		return nil, err
	}
	rooms, err := a.oldRooms(r, res)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"end": res.NextBatch, "rooms": rooms, "presence": eventsOf(res.Presence), "account_data": eventsOf(res.AccountData),
	}, nil
}

func (a *API) oldRooms(r *request, res *bsync.Response) ([]oldRoom, error) {
	out := []oldRoom{}
	if res.Rooms == nil {
		return out, nil
	}
	own, err := a.ownMemberships(r)
	if err != nil {
		return nil, err
	}
	for id, in := range res.Rooms.Join {
		listed, err := a.Reader.Published(r.Context(), id)
		if err != nil {
			return nil, err
		}
		old := oldRoom{RoomID: id, Membership: "join", Visibility: visibility(listed), AccountData: eventsOf(in.AccountData)}
		old.Messages, old.State = timelineOf(in.Timeline, id, res.NextBatch), withRoom(eventsOf(in.StateAfter), id)
		out = append(out, old)
	}
	for id := range res.Rooms.Invite {
		out = append(out, oldRoom{RoomID: id, Membership: "invite", Invite: own[id]})
	}
	for id, left := range res.Rooms.Leave {
		old := oldRoom{RoomID: id, Membership: "leave", Messages: timelineOf(left.Timeline, id, res.NextBatch)}
		if gjson.GetBytes(own[id], "content.membership").Str == "ban" {
			old.Membership = "ban"
		}
		old.State = withRoom(eventsOf(left.StateAfter), id)
		out = append(out, old)
	}
	slices.SortFunc(out, func(a, b oldRoom) int { return cmp.Compare(a.RoomID, b.RoomID) })
	return out, nil
}

// oldEvents waits for events in all of the user's rooms, without a token for those that come from now on.
func (a *API) oldEvents(r *request, timeout time.Duration) (any, error) {
	from := r.query("from")
	if from == "" {
		now, err := a.Store.Positions(r.Context())
		if err != nil {
			return nil, err
		}
		var t token.Sync
		for _, pos := range now {
			t.Lanes = append(t.Lanes, pos.Seq())
		}
		from = t.String()
	}
	res, err := a.Sync.Sync(r.Context(), bsync.Request{User: r.session.UserID, Since: from, Timeout: timeout})
	if err != nil {
		return nil, err
	}
	chunk, err := a.oldChunk(r, res)
	if err != nil {
		return nil, err
	}
	return oldPage{Start: from, End: res.NextBatch, Chunk: chunk}, nil
}

// oldChunk is all events of an answer, in the order of their times.
func (a *API) oldChunk(r *request, res *bsync.Response) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	if res.Rooms == nil {
		return out, nil
	}
	for id, in := range res.Rooms.Join {
		out = append(out, timelineOf(in.Timeline, id, "").Chunk...)
	}
	for id, left := range res.Rooms.Leave {
		out = append(out, timelineOf(left.Timeline, id, "").Chunk...)
	}
	if len(res.Rooms.Invite) > 0 {
		own, err := a.ownMemberships(r)
		if err != nil {
			return nil, err
		}
		for id := range res.Rooms.Invite {
			if own[id] != nil {
				out = append(out, own[id])
			}
		}
	}
	slices.SortStableFunc(out, func(a, b json.RawMessage) int {
		return cmp.Compare(gjson.GetBytes(a, "origin_server_ts").Int(), gjson.GetBytes(b, "origin_server_ts").Int())
	})
	return out, nil
}

// ownMemberships is the caller's membership events where there is no state to be seen: of invites, and of rooms that were left.
func (a *API) ownMemberships(r *request) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	err := a.Store.Read(r.Context(), func(tx *store.Tx) error {
		memberships, err := tx.MembershipsOf(r.Context(), r.session.UserID)
		if err != nil {
			return err
		}
		var at []store.Pos
		for _, m := range memberships {
			if m.Membership != "join" {
				at = append(at, m.Pos)
			}
		}
		events, err := tx.EventsByPos(r.Context(), at)
		for _, ev := range events {
			out[ev.RoomID] = room.AppendClient(nil, ev, room.Unsigned{}, room.FormatOptions{})
		}
		return err
	})
	return out, err
}

func eventsOf(b *bsync.EventBatch) []json.RawMessage {
	if b == nil {
		return []json.RawMessage{}
	}
	return b.Events
}

func timelineOf(t *bsync.Timeline, roomID, end string) *oldPage {
	if t == nil {
		return &oldPage{End: end, Chunk: []json.RawMessage{}}
	}
	return &oldPage{Start: t.PrevBatch, End: end, Chunk: withRoom(t.Events, roomID)}
}

// withRoom writes the room into events of /sync, which leaves it out.
func withRoom(events []json.RawMessage, roomID string) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(events))
	for _, ev := range events {
		if full, err := sjson.SetBytes(ev, "room_id", roomID); err == nil {
			out = append(out, full)
		}
	}
	return out
}
