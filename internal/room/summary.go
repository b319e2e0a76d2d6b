package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Card is what the public directory shows of a room.
type Card struct {
	RoomID         string `json:"room_id"`
	Name           string `json:"name,omitempty"`
	Topic          string `json:"topic,omitempty"`
	AvatarURL      string `json:"avatar_url,omitempty"`
	CanonicalAlias string `json:"canonical_alias,omitempty"`
	JoinRule       string `json:"join_rule,omitempty"`
	RoomType       string `json:"room_type,omitempty"`
	Joined         int64  `json:"num_joined_members"`
	WorldReadable  bool   `json:"world_readable"`
	GuestCanJoin   bool   `json:"guest_can_join"`
}

// cardOf leaves out an avatar or alias that is not what it should be: clients take them for what they say they are.
func cardOf(r *store.Room) Card {
	c := Card{
		RoomID: r.ID, Name: r.Name, Topic: r.Topic, JoinRule: r.JoinRule, RoomType: r.Type, Joined: r.Joined,
		WorldReadable: r.HistoryVisibility == visibleWorld, GuestCanJoin: r.GuestAccess == "can_join",
	}
	if strings.HasPrefix(r.AvatarURL, "mxc://") {
		c.AvatarURL = r.AvatarURL
	}
	if strings.HasPrefix(r.CanonicalAlias, "#") {
		c.CanonicalAlias = r.CanonicalAlias
	}
	return c
}

// Summary is what may be known of a room by who could join it.
type Summary struct {
	Card
	AllowedRooms []string `json:"allowed_room_ids,omitempty"`
	Encryption   string   `json:"encryption,omitempty"`
	Version      string   `json:"room_version,omitempty"`
	Membership   string   `json:"membership,omitempty"`

	room *store.Room
	open bool // the user may know of the room
}

// Summary describes one room (Client-Server API, GET /room_summary/{roomIdOrAlias}). A room that the user may not know of does not exist.
func (r *Reader) Summary(ctx context.Context, who Who, roomID string) (out *Summary, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		found, err := summaries(ctx, tx, who.User, []string{roomID})
		if err != nil {
			return err
		}
		if out = found[roomID]; out == nil || !out.open {
			return mxerr.NotFoundf("Room not found")
		}
		return nil
	})
	return out, err
}

// summaries describes those of the rooms that exist, by id.
func summaries(ctx context.Context, tx *store.Tx, user string, ids []string) (map[string]*Summary, error) {
	rooms, err := tx.RoomsByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading rooms: %w", err)
	}
	out := make(map[string]*Summary, len(rooms))
	for _, room := range rooms {
		s := &Summary{Card: cardOf(room), Encryption: room.Encryption, Version: room.Version, room: room}
		if user != "" {
			s.Membership = spec.Leave
		}
		out[room.ID] = s
	}
	members, err := memberships(ctx, tx, user, ids)
	if err != nil {
		return nil, err
	}
	for id, membership := range members {
		if s := out[id]; s != nil {
			s.Membership = membership
		}
	}
	if err := addAllowed(ctx, tx, out); err != nil {
		return nil, err
	}
	return out, decide(ctx, tx, user, out)
}

func memberships(ctx context.Context, tx *store.Tx, user string, ids []string) (map[string]string, error) {
	if user == "" {
		return nil, nil
	}
	found, err := tx.MembershipsAmong(ctx, user, ids)
	if err != nil {
		return nil, fmt.Errorf("reading memberships: %w", err)
	}
	out := make(map[string]string, len(found))
	for _, m := range found {
		out[m.RoomID] = m.Membership
	}
	return out, nil
}

func restricted(rule string) bool { return rule == spec.Restricted || rule == spec.KnockRestricted }

// addAllowed fills in the rooms whose members may join restricted rooms.
func addAllowed(ctx context.Context, tx *store.Tx, all map[string]*Summary) error {
	var nums []int64
	for _, s := range all {
		if restricted(s.JoinRule) {
			nums = append(nums, s.room.Num)
		}
	}
	rules, err := tx.StateOfRooms(ctx, nums, spec.MRoomJoinRules)
	if err != nil {
		return fmt.Errorf("reading join rules: %w", err)
	}
	for _, ev := range rules {
		for _, allow := range gjson.GetBytes(ev.JSON, "content.allow").Array() {
			if id := allow.Get("room_id").Str; allow.Get("type").Str == "m.room_membership" && strings.HasPrefix(id, "!") {
				all[ev.RoomID].AllowedRooms = append(all[ev.RoomID].AllowedRooms, id)
			}
		}
	}
	return nil
}

// decide tells which of the rooms the user may know of.
func decide(ctx context.Context, tx *store.Tx, user string, all map[string]*Summary) error {
	var allowed []string
	for _, s := range all {
		allowed = append(allowed, s.AllowedRooms...)
	}
	in, err := memberships(ctx, tx, user, allowed)
	if err != nil {
		return err
	}
	for _, s := range all {
		s.open = s.knowable(func(room string) bool { return in[room] == spec.Join })
	}
	return nil
}

// knowable: Client-Server API, GET /rooms/{roomId}/hierarchy: the rooms that the server should return. Who is banned has no permission to
// join.
func (s *Summary) knowable(isIn func(room string) bool) bool {
	switch {
	case s.WorldReadable || s.Membership == spec.Join || s.Membership == spec.Invite:
		return true
	case s.Membership == spec.Ban:
		return false
	}
	switch s.JoinRule {
	case spec.Public, spec.Knock, spec.KnockRestricted:
		return true
	case spec.Restricted:
		return slices.ContainsFunc(s.AllowedRooms, isIn)
	}
	return false
}

// Published tells whether a room is in the public directory.
func (r *Reader) Published(ctx context.Context, roomID string) (published bool, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		room, err := tx.RoomByID(ctx, roomID)
		if errors.Is(err, store.ErrNotFound) {
			return mxerr.NotFoundf("Room not found")
		}
		if err == nil {
			published = room.Published
		}
		return err
	})
	return published, err
}
