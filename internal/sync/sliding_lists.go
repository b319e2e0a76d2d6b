package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/store"
)

// matched is a room that a rule matches.
type matched struct {
	*member
	roomConfig
}

// match finds the rooms that lists and subscriptions match, and counts the lists.
func (x *slidingAnswer) match(ctx context.Context) error {
	x.matched = map[int64]*matched{}
	x.res.Lists = map[string]SlidingCount{}
	if len(x.req.Lists)+len(x.req.Subscriptions)+len(x.state.rooms) == 0 {
		return nil
	}
	rooms, err := x.listed(ctx)
	if err != nil {
		return err
	}
	for name, l := range x.req.Lists {
		pass, err := x.passes(ctx, l.Filters)
		if err != nil {
			return err
		}
		n := 0
		for i := range rooms {
			if !pass(&rooms[i]) {
				continue
			}
			if l.inRange(n) {
				c := x.want(rooms[i].member, l.SlidingConfig)
				c.lists = append(c.lists, name)
			}
			n++
		}
		x.res.Lists[name] = SlidingCount{Count: n}
	}
	for i := range rooms {
		if c, ok := x.req.Subscriptions[rooms[i].roomID]; ok {
			x.want(rooms[i].member, c).subscribed = true
		}
	}
	x.matchLeft(rooms)
	return nil
}

func (x *slidingAnswer) want(m *member, c SlidingConfig) *matched {
	found := x.matched[m.room]
	if found == nil {
		found = &matched{member: m}
		x.matched[m.room] = found
	}
	found.add(c)
	return found
}

// matchLeft adds the rooms that the client was sent and that the user has left since: wherever they are in lists, it is told.
func (x *slidingAnswer) matchLeft(rooms []listed) {
	for _, r := range rooms {
		sent := x.state.rooms[r.room]
		if (r.membership != "leave" && r.membership != "ban") || x.matched[r.room] != nil || !sent.room.sent || r.pos <= x.from(r.room, sent.room) {
			continue
		}
		x.matched[r.room] = &matched{member: r.member, roomConfig: roomConfig{
			limit: max(sent.limit, 1), wants: parseWants(sent.wants), keys: []string{sent.wants},
		}}
	}
}

// listed is the user's list of rooms, the one with the newest activity first (MSC4186, "Activity ordering").
func (x *slidingAnswer) listed(ctx context.Context) ([]listed, error) {
	rooms, err := x.glances(ctx)
	if err != nil {
		return nil, err
	}
	var failed error
	rooms = slices.DeleteFunc(rooms, func(r listed) bool {
		in, err := x.inLists(ctx, r.member)
		failed = cmp.Or(failed, err)
		return !in
	})
	if failed != nil {
		return nil, failed
	}
	slices.SortFunc(rooms, func(a, b listed) int {
		return cmp.Or(cmp.Compare(b.TS, a.TS), cmp.Compare(b.Pos, a.Pos), cmp.Compare(b.room, a.room))
	})
	return rooms, nil
}

// inLists: rooms that the user is in, is invited to or knocks on; was kicked or banned from, after having been in them; and left, as
// long as the client was sent them (MSC4186, "Lists").
func (x *slidingAnswer) inLists(ctx context.Context, m *member) (bool, error) {
	switch m.membership {
	case "join", "invite", "knock":
		return true, nil
	case "leave", "ban":
	default:
		return false, nil
	}
	if m.forgotten {
		return false, nil
	}
	if x.state.rooms[m.room].room.sent {
		return true, nil
	}
	if m.sender == x.req.User {
		return false, nil
	}
	return x.everJoined(ctx, m)
}

// passes makes a list's filter (MSC4186, "SlidingRoomFilter").
func (x *slidingAnswer) passes(ctx context.Context, f *SlidingFilter) (func(*listed) bool, error) {
	if f == nil {
		return func(*listed) bool { return true }, nil
	}
	inSpaces, err := x.childrenOf(ctx, f.Spaces)
	if err != nil {
		return nil, err
	}
	invite := f.IsInvited
	if invite == nil {
		invite = f.IsInvite
	}
	return func(r *listed) bool {
		return is(f.IsDM, x.direct.direct[r.roomID]) && is(f.IsEncrypted, r.Encrypted) && is(invite, r.membership == "invite") &&
			(f.RoomTypes == nil || hasType(f.RoomTypes, r.Type)) && !hasType(f.NotRoomTypes, r.Type) &&
			(f.Tags == nil || x.tagged(r.roomID, f.Tags)) && !x.tagged(r.roomID, f.NotTags) &&
			(f.Spaces == nil || inSpaces[r.roomID])
	}, nil
}

func is(want *bool, have bool) bool { return want == nil || *want == have }

// hasType looks for a room's type, where null stands for none.
func hasType(types []*string, have string) bool {
	return slices.ContainsFunc(types, func(t *string) bool { return t == nil && have == "" || t != nil && *t == have && have != "" })
}

func (x *slidingAnswer) tagged(roomID string, tags []string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return x.direct.tags[roomID][t] })
}

// spacesMost bounds the spaces of one filter.
const spacesMost = 100

// childrenOf is the rooms that are directly in one of the spaces, as far as the user is in those.
func (x *slidingAnswer) childrenOf(ctx context.Context, spaces []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, m := range x.snap.rooms {
		if m.membership != "join" || !slices.Contains(spaces[:min(len(spaces), spacesMost)], m.roomID) {
			continue
		}
		err := x.s.Store.Read(ctx, func(tx *store.Tx) error {
			state, err := tx.StateOfTypes(ctx, m.room, x.snap.now[store.Pos(m.room).Lane()], []string{"m.space.child"})
			for _, ev := range state {
				// Client-Server API, "m.space.child": without "via" the room is no child.
				if hasVia(ev) {
					out[*ev.StateKey] = true
				}
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading the rooms of a space: %w", err)
		}
	}
	return out, nil
}
