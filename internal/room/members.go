package room

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// lazyMembers is the membership events of those who sent the events, if the filter asks for them (Client-Server API, "Lazy-loading room
// members"), as of the newest of the events.
func (v *View) lazyMembers(ctx context.Context, tx *store.Tx, events []Seen, f *filter.RoomEvents) ([]json.RawMessage, error) {
	if lazy, _ := f.LazyMembers(); !lazy || len(events) == 0 {
		return nil, nil
	}
	var at store.Pos
	var senders []string
	for _, s := range events {
		at = max(at, s.Pos)
		senders = append(senders, s.Sender)
	}
	slices.Sort(senders)
	members, err := tx.MembersAt(ctx, v.Room.Num, at, slices.Compact(senders))
	if err != nil {
		return nil, err
	}
	return v.clientState(ctx, tx, members)
}

// MembersRequest asks for a room's members.
type MembersRequest struct {
	RoomID        string
	At            string // token; empty: now
	Membership    string
	NotMembership string
}

// Members lists the membership events of a room (Client-Server API, GET /rooms/{roomId}/members).
func (r *Reader) Members(ctx context.Context, who Who, req MembersRequest) (out []json.RawMessage, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, req.RoomID)
		if err != nil {
			return err
		}
		at, err := v.membersAt(ctx, tx, req.At)
		if err != nil {
			return err
		}
		members, err := tx.MembersAt(ctx, v.Room.Num, at, nil)
		if err != nil {
			return err
		}
		out, err = v.clientState(ctx, tx, slices.DeleteFunc(members, func(ev *store.Event) bool { return !req.wants(membershipIn(ev)) }))
		return err
	})
	return out, err
}

// membersAt is where the members are read. At a point of the past they are shown to who may see what happened there.
func (v *View) membersAt(ctx context.Context, tx *store.Tx, at string) (store.Pos, error) {
	if at == "" {
		return v.stateAt(), nil
	}
	pos, err := parsePage(ctx, tx, at, store.Pos(v.Room.Num).Lane())
	if err != nil {
		return 0, err
	}
	pos = min(pos, v.stateAt())
	last, err := tx.EventsBefore(ctx, v.Room.Num, 0, pos, 1)
	if err != nil {
		return 0, err
	}
	seen, err := v.see(ctx, tx, last)
	if err == nil && len(seen) < len(last) {
		return 0, mxerr.Forbiddenf("You may not see the room at this point")
	}
	return pos, err
}

// wants: the two conditions together are an "or".
func (req MembersRequest) wants(membership string) bool {
	if req.Membership == "" && req.NotMembership == "" {
		return true
	}
	return membership == req.Membership || req.NotMembership != "" && membership != req.NotMembership
}

// Member is how a member presents itself in a room.
type Member struct {
	DisplayName string `json:"display_name,omitempty"`
	AvatarURL   string `json:"avatar_url,omitempty"`
}

// JoinedMembers lists who is in a room, for who is in it too.
func (r *Reader) JoinedMembers(ctx context.Context, who Who, roomID string) (out map[string]Member, err error) {
	out = map[string]Member{}
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.anyView(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		if !v.Joined() {
			return errNotInRoom
		}
		members, err := tx.JoinedMemberEvents(ctx, v.Room.Num)
		if err != nil {
			return err
		}
		for _, ev := range members {
			content := gjson.GetBytes(ev.JSON, "content")
			out[*ev.StateKey] = Member{DisplayName: content.Get("displayname").Str, AvatarURL: content.Get("avatar_url").Str}
		}
		return nil
	})
	return out, err
}

// JoinedRooms lists the rooms that a user is in.
func (r *Reader) JoinedRooms(ctx context.Context, user string) (out []string, err error) {
	out = []string{}
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.MembershipsOf(ctx, user)
		for _, m := range all {
			if m.Membership == spec.Join {
				out = append(out, m.RoomID)
			}
		}
		return err
	})
	return out, err
}
