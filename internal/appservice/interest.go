package appservice

import (
	"context"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

const (
	// maxRooms bounds the rooms whose members a sender remembers.
	maxRooms = 5000
	// aliasTime is for how long a room's aliases are remembered, whose changes are in no lane.
	aliasTime = 5 * time.Second
	// aliasesMost bounds the aliases of a room that are looked at.
	aliasesMost = 1000
)

// roomCache remembers which of a service's users are in which room, as of the last event that was read.
type roomCache struct {
	rooms *lru.Cache[int64, *roomInterest]
}

// roomInterest is what makes a room interesting.
type roomInterest struct {
	whole      bool // the room's id is in a namespace
	alias      bool
	aliasUntil time.Time
	joined     map[string]struct{} // the service's users
}

func newRoomCache() *roomCache {
	c, _ := lru.New[int64, *roomInterest](maxRooms) // fails for sizes below 1 only
	return &roomCache{rooms: c}
}

func (i *roomInterest) any() bool { return i.whole || i.alias || len(i.joined) > 0 }

// interested tells whether an event concerns the service, by the namespaces (Application Service API, "Registration"): its room, an alias
// of the room, its sender, whom it is about, or who was in the room before or after it. Events must come in order.
func (s *sender) interested(ctx context.Context, tx *store.Tx, ev *store.Event) (bool, error) {
	in, err := s.room(ctx, tx, ev.Room, ev.RoomID, ev.Pos-1)
	if err != nil {
		return false, err
	}
	wanted := in.any() || s.service.Owns(ev.Sender)
	if ev.Type == "m.room.member" && ev.StateKey != nil && s.service.Owns(*ev.StateKey) {
		wanted = true
		if gjson.GetBytes(ev.JSON, "content.membership").Str == "join" {
			in.joined[*ev.StateKey] = struct{}{}
		} else {
			delete(in.joined, *ev.StateKey)
		}
	}
	return wanted, nil
}

// interestedIn tells whether a room concerns the service, as far as events were read.
func (s *sender) interestedIn(ctx context.Context, tx *store.Tx, room int64, roomID string, at store.Pos) (bool, error) {
	in, err := s.room(ctx, tx, room, roomID, at)
	return err == nil && in.any(), err
}

// room is what is known of a room; of one that is not known yet, as it was at the given position.
func (s *sender) room(ctx context.Context, tx *store.Tx, room int64, roomID string, at store.Pos) (*roomInterest, error) {
	in, ok := s.rooms.rooms.Get(room)
	if !ok {
		in = &roomInterest{whole: s.service.Rooms.Match(roomID)}
		var err error
		if in.joined, err = s.ownMembers(ctx, tx, room, at); err != nil {
			return nil, fmt.Errorf("reading the members of %s: %w", roomID, err)
		}
		s.rooms.rooms.Add(room, in)
	}
	if !s.service.Aliases.Empty() && time.Now().After(in.aliasUntil) {
		aliases, err := tx.AliasesOf(ctx, room, aliasesMost)
		if err != nil {
			return nil, fmt.Errorf("reading the aliases of %s: %w", roomID, err)
		}
		in.alias, in.aliasUntil = slices.ContainsFunc(aliases, s.service.Aliases.Match), time.Now().Add(aliasTime)
	}
	return in, nil
}

// ownMembers is who of the service's users was in a room at a position.
func (s *sender) ownMembers(ctx context.Context, tx *store.Tx, room int64, at store.Pos) (map[string]struct{}, error) {
	ever, err := tx.MembersNamed(ctx, room, s.service.prefix)
	if err != nil {
		return nil, err
	}
	ever = slices.DeleteFunc(ever, func(id string) bool { return !s.service.Owns(id) })
	joined := map[string]struct{}{}
	if len(ever) == 0 {
		return joined, nil
	}
	members, err := tx.MembersAt(ctx, room, at, ever)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if gjson.GetBytes(m.JSON, "content.membership").Str == "join" {
			joined[*m.StateKey] = struct{}{}
		}
	}
	return joined, nil
}
