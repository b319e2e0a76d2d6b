package room

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
)

// SyncView is a user's view of a room for /sync, whatever the user's membership is.
func (r *Reader) SyncView(ctx context.Context, tx *store.Tx, who Who, roomID string) (*View, error) {
	return r.anyView(ctx, tx, who, roomID)
}

// JoinedView is the view of a user who is known to be in the room, by the position of the newest membership event, without a query.
// who.Ignores must be known, too.
func JoinedView(who Who, r *store.Room, since store.Pos) *View {
	return &View{Who: who, Room: r, Membership: spec.Join, Ignored: who.Ignores, since: since, lastJoin: since}
}

// Newest returns the newest events in (from, to] that the user may see and wants, at most limit, oldest first; more tells that there
// are others before them.
func (v *View) Newest(ctx context.Context, tx *store.Tx, from, to store.Pos, limit int, f *filter.RoomEvents) (events []Seen, more bool, err error) {
	s := &scan{view: v, filter: f, limit: limit, from: from, to: to, at: to}
	if err := s.run(ctx, tx); err != nil {
		return nil, false, err
	}
	slices.Reverse(s.found)
	return s.found, s.more, nil
}

// Client puts events of a timeline into the form for clients, with what belongs beside them.
func (v *View) Client(ctx context.Context, tx *store.Tx, seen []Seen) ([]json.RawMessage, error) {
	return v.client(ctx, tx, seen)
}

// ClientState puts state events into the form for clients.
func (v *View) ClientState(ctx context.Context, tx *store.Tx, events []*store.Event) ([]json.RawMessage, error) {
	return v.clientState(ctx, tx, events)
}

// WasJoined tells whether the user is in the room or was.
func (v *View) WasJoined() bool { return v.lastJoin > 0 }
