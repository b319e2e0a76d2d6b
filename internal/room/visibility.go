package room

import (
	"context"
	"errors"
	"fmt"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// Reader reads rooms on behalf of users.
type Reader struct {
	store *store.Store
	bell  bell
}

// NewReader makes a Reader.
func NewReader(st *store.Store) *Reader { return &Reader{store: st} }

// Who is for whom something is read. User is empty for somebody who is not logged in.
type Who struct {
	User, Device string
	// Ignores is whom the user ignores, from a caller who knows it; nil: it is looked up.
	Ignores []string
}

// View is what one user may see of one room, as far as it is the same for all its events. It is made once a request.
type View struct {
	Who
	Room *store.Room
	// Membership is the user's membership now; "leave" if there never was one.
	Membership string
	// Ignored are the users whose messages the user does not want.
	Ignored []string

	since    store.Pos // of the newest membership event
	lastJoin store.Pos // the newest membership event that says join; 0: never joined, or the room is forgotten
	left     store.Pos // the membership event that ended the last stay; 0 while there is one
	// forgotten: whatever the user was before, it counts no more.
	forgotten bool
}

// The history visibilities (Client-Server API, "Room History Visibility").
const (
	visibleWorld   = "world_readable"
	visibleShared  = "shared"
	visibleInvited = "invited"
	visibleJoined  = "joined"
)

// Bounds of the walk back to a user's last stay.
const (
	membershipChunk = 50
	membershipMost  = 5000
)

// view loads a user's view of a room. Whoever is not in the room, was not before, and cannot peek into it is told no more than if there
// were no such room.
func (r *Reader) view(ctx context.Context, tx *store.Tx, who Who, roomID string) (*View, error) {
	v, err := r.anyView(ctx, tx, who, roomID)
	if err != nil {
		return nil, err
	}
	if v.Joined() || v.lastJoin > 0 || v.Peekable() {
		return v, nil
	}
	return nil, errNotInRoom
}

// anyView is view for whoever asks, also where nothing of the room may be read.
func (r *Reader) anyView(ctx context.Context, tx *store.Tx, who Who, roomID string) (*View, error) {
	room, err := tx.RoomByID(ctx, roomID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNotInRoom
	}
	if err != nil {
		return nil, fmt.Errorf("reading a room: %w", err)
	}
	v := &View{Who: who, Room: room, Membership: spec.Leave}
	if err := v.loadMembership(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading a membership: %w", err)
	}
	if v.Ignored = who.Ignores; v.Ignored != nil {
		return v, nil
	}
	if v.Ignored, err = ignoredBy(ctx, tx, who.User); err != nil {
		return nil, fmt.Errorf("reading whom a user ignores: %w", err)
	}
	return v, nil
}

func (v *View) loadMembership(ctx context.Context, tx *store.Tx) error {
	if v.User == "" {
		return nil
	}
	m, err := tx.MembershipIn(ctx, v.User, v.Room.Num)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.Membership, v.since, v.forgotten = m.Membership, m.Pos, m.Forgotten
	if v.Joined() {
		v.lastJoin = m.Pos
		return nil
	}
	if v.forgotten {
		return nil
	}
	return v.findLastStay(ctx, tx)
}

// findLastStay walks back through what the user was since the last stay in the room.
func (v *View) findLastStay(ctx context.Context, tx *store.Tx) error {
	at := v.since
	for range membershipMost / membershipChunk {
		events, err := tx.StateHistoryBack(ctx, v.Room.Num, store.StateKey{Type: spec.MRoomMember, Key: v.User}, at, membershipChunk)
		if err != nil {
			return err
		}
		for _, ev := range events {
			if membershipIn(ev) == spec.Join {
				v.lastJoin = ev.Pos
				return nil
			}
			v.left, at = ev.Pos, ev.Pos-1
		}
		if len(events) < membershipChunk {
			break
		}
	}
	v.left = 0
	return nil
}

func membershipIn(ev *store.Event) string {
	return gjson.GetBytes(ev.JSON, "content.membership").Str
}

// Joined tells whether the user is in the room.
func (v *View) Joined() bool { return v.Membership == spec.Join }

// Peekable tells whether anybody may read the room as it is now.
func (v *View) Peekable() bool { return v.Room.HistoryVisibility == visibleWorld }

// stateAt is where the user reads the room's state: as it is now, or as it was when the user left (Client-Server API, "Getting events
// for a room").
func (v *View) stateAt() store.Pos {
	if v.Joined() || v.left == 0 {
		return store.Latest
	}
	return v.left
}

// bound is the last position that the user can see anything of.
func (v *View) bound() store.Pos {
	if v.Peekable() {
		return store.Latest
	}
	return v.stateAt()
}

// Seen is an event that the user may see.
type Seen struct {
	*store.Event
	Membership string // of the user, at the event
}

// point is what decides on one event.
type point struct {
	visibility, visibilityBefore string
	membership, membershipBefore string
	own                          bool // the event is the user's own membership event
	sets                         bool // the event sets the history visibility
	joinsLater                   bool
}

// mayRead: Client-Server API, "Room History Visibility", "Server behaviour", rules 1 to 5.
func mayRead(visibility, membership string, joinsLater bool) bool {
	switch visibility {
	case visibleWorld:
		return true
	case visibleInvited:
		return membership == spec.Join || membership == spec.Invite
	case visibleJoined:
		return membership == spec.Join
	}
	return membership == spec.Join || joinsLater // shared, and whatever is not understood
}

// visible adds that an event which changes one of the two may be read by who could read it before or after.
func (p point) visible() bool {
	return mayRead(p.visibility, p.membership, p.joinsLater) ||
		p.own && mayRead(p.visibility, p.membershipBefore, p.joinsLater) ||
		p.sets && mayRead(p.visibilityBefore, p.membership, p.joinsLater)
}

// see picks those of the room's events that the user may see, in their order.
func (v *View) see(ctx context.Context, tx *store.Tx, events []*store.Event) ([]Seen, error) {
	out := make([]Seen, 0, len(events))
	var unsure []store.Pos
	for _, ev := range events {
		if !v.surelyJoined(ev) {
			unsure = append(unsure, ev.Pos)
		}
	}
	points, err := v.points(ctx, tx, unsure)
	if err != nil {
		return nil, fmt.Errorf("reading who may see what: %w", err)
	}
	for _, ev := range events {
		if v.surelyJoined(ev) {
			out = append(out, Seen{ev, spec.Join})
			continue
		}
		p := points[ev.Pos]
		p.own = ev.Type == spec.MRoomMember && ev.StateKey != nil && *ev.StateKey == v.User
		p.sets = ev.Type == spec.MRoomHistoryVisibility && ev.StateKey != nil && *ev.StateKey == ""
		p.joinsLater = v.lastJoin > ev.Pos
		if p.visible() {
			out = append(out, Seen{ev, p.membership})
		}
	}
	return out, nil
}

// surelyJoined: since the newest membership event nothing can have changed, which decides most reads without a query.
func (v *View) surelyJoined(ev *store.Event) bool { return v.Joined() && ev.Pos >= v.since }

// points loads what decides on the events at the given positions: two queries, however many there are.
func (v *View) points(ctx context.Context, tx *store.Tx, positions []store.Pos) (map[store.Pos]point, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	access, err := tx.AccessAt(ctx, v.Room.Num, v.User, positions)
	if err != nil {
		return nil, err
	}
	values, err := v.values(ctx, tx, access)
	if err != nil {
		return nil, err
	}
	out := make(map[store.Pos]point, len(access))
	for _, a := range access {
		p := point{
			visibility: values.at(a.Visibility, visibleShared), visibilityBefore: values.at(a.VisibilityBefore, visibleShared),
			membership: values.at(a.Member, spec.Leave), membershipBefore: values.at(a.MemberBefore, spec.Leave),
		}
		if v.forgotten {
			p.membership, p.membershipBefore = spec.Leave, spec.Leave
		}
		out[a.Pos] = p
	}
	return out, nil
}

// stateValues are memberships and history visibilities by the position of their events.
type stateValues map[store.Pos]string

func (s stateValues) at(pos store.Pos, otherwise string) string {
	if value := s[pos]; value != "" {
		return value
	}
	return otherwise
}

func (v *View) values(ctx context.Context, tx *store.Tx, access []store.AccessPoint) (stateValues, error) {
	out := stateValues{}
	var need []store.Pos
	for _, a := range access {
		for _, pos := range []store.Pos{a.Member, a.MemberBefore, a.Visibility, a.VisibilityBefore} {
			if _, known := out[pos]; pos != 0 && !known {
				out[pos] = ""
				need = append(need, pos)
			}
		}
	}
	events, err := tx.EventsByPos(ctx, need)
	if err != nil {
		return nil, err
	}
	for _, ev := range events {
		field := "content.membership"
		if ev.Type == spec.MRoomHistoryVisibility {
			field = "content.history_visibility"
		}
		out[ev.Pos] = gjson.GetBytes(ev.JSON, field).Str
	}
	return out, nil
}

// ignoredBy lists whom a user ignores (Client-Server API, "Ignoring Users").
func ignoredBy(ctx context.Context, tx *store.Tx, user string) ([]string, error) {
	if user == "" {
		return nil, nil
	}
	data, err := tx.AccountDataOf(ctx, user, "", "m.ignored_user_list")
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return IgnoredUsers(data.Content), nil
}

// IgnoredUsers reads the content of m.ignored_user_list.
func IgnoredUsers(content []byte) []string {
	var out []string
	gjson.GetBytes(content, "ignored_users").ForEach(func(user, _ gjson.Result) bool {
		out = append(out, user.Str)
		return true
	})
	return out
}
