package room

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// copiedState is the state that a room takes along when it is upgraded, beside its encryption (Client-Server API, "Room upgrades").
var copiedState = []string{
	"m.room.server_acl", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.guest_access",
	"m.room.history_visibility", "m.room.join_rules", "m.room.power_levels",
}

// Upgrade replaces a room by one of another version: the new room first, then the tombstone that points to it, then the end of
// talking in the old one.
func (e *Engine) Upgrade(ctx context.Context, roomID, sender, version string, additionalCreators []string) (string, error) {
	if !SupportedVersion(version) {
		return "", mxerr.New(http.StatusBadRequest, mxerr.UnsupportedRoomVersion, "Room version %q is not supported", version)
	}
	var old oldRoom
	err := e.inRoom(ctx, roomID, nil, func(tx *roomTx) (err error) {
		old, err = tx.readForUpgrade(sender)
		return err
	})
	if err != nil {
		return "", err
	}
	req, err := old.successor(roomID, sender, version, additionalCreators)
	if err != nil {
		return "", err
	}
	newID, err := e.Create(ctx, req)
	if err != nil {
		return "", err
	}
	if err := e.carryOver(ctx, roomID, newID, sender, old); err != nil {
		return "", err
	}
	return newID, nil
}

// oldRoom is what an upgrade needs of the room that it replaces.
type oldRoom struct {
	lastEvent string
	create    json.RawMessage
	state     []StateEvent
	levels    json.RawMessage
	public    bool
	banned    []store.Membership
}

// carriedBans bounds how many bans an upgrade takes along.
const carriedBans = 10_000

func (tx *roomTx) readForUpgrade(sender string) (oldRoom, error) {
	old := oldRoom{lastEvent: tx.room.lastID}
	if now, err := tx.membership(sender); err != nil {
		return old, err
	} else if now != spec.Join {
		return old, errNotInRoom
	}
	levels := tx.powerLevels()
	if tx.powerOf(sender) < levels.EventLevel("m.room.tombstone", true) {
		return old, mxerr.Forbiddenf("You may not upgrade this room")
	}
	for key, n := range tx.room.state {
		content := json.RawMessage(n.ev.Content())
		switch {
		case key.Type == spec.MRoomCreate:
			old.create = content
		case key.Type == spec.MRoomPowerLevels:
			old.levels = content
		case key.Type == typeEncryption && key.Key == "":
			if content = carriedEncryption(content); content != nil {
				old.state = append(old.state, StateEvent{Type: typeEncryption, Content: content})
			}
		case key.Type == "m.space.child" || slices.Contains(copiedState, key.Type) && key.Key == "":
			old.state = append(old.state, StateEvent{Type: key.Type, StateKey: key.Key, Content: content})
		}
	}
	if err := tx.Flush(tx.ctx); err != nil {
		return old, err
	}
	r, err := tx.RoomByNum(tx.ctx, tx.room.num)
	if err != nil {
		return old, err
	}
	old.public = r.Published
	old.banned, err = tx.MembersOf(tx.ctx, tx.room.num, spec.Ban, carriedBans)
	return old, err
}

// successor is the request that makes the new room.
func (o oldRoom) successor(roomID, sender, version string, additionalCreators []string) (CreateRequest, error) {
	create := map[string]any{}
	if err := json.Unmarshal(o.create, &create); err != nil {
		return CreateRequest{}, err
	}
	delete(create, "additional_creators")
	predecessor := map[string]string{"room_id": roomID}
	ver := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(version))
	if !ver.PrivilegedCreators() {
		predecessor["event_id"] = o.lastEvent
	}
	create["predecessor"] = predecessor
	if ver.PrivilegedCreators() && len(additionalCreators) > 0 {
		create["additional_creators"] = additionalCreators
	}
	raw, err := json.Marshal(create)
	if err != nil {
		return CreateRequest{}, err
	}
	levels, err := carriedLevels(o.levels, ver, append([]string{sender}, additionalCreators...))
	if err != nil {
		return CreateRequest{}, err
	}
	return CreateRequest{
		Creator: sender, Public: o.public, Preset: presetPrivate, RoomVersion: version, CreationContent: raw, InitialState: o.state,
		PowerLevels: levels, NoDefaultEncryption: true,
	}, nil
}

// carriedLevels fits power levels into the new room's version: creators of version 12 must not be named in them.
func carriedLevels(raw json.RawMessage, ver gomatrixserverlib.IRoomVersion, creators []string) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	levels := map[string]any{}
	if err := decodeNumbers(raw, &levels); err != nil {
		return nil, err
	}
	users, _ := levels["users"].(map[string]any)
	if users == nil {
		users = map[string]any{}
	}
	if ver.PrivilegedCreators() {
		for _, c := range creators {
			delete(users, c)
		}
		if events, ok := levels["events"].(map[string]any); ok {
			events["m.room.tombstone"] = 150
		}
	} else if _, ok := users[creators[0]]; !ok {
		users[creators[0]] = 100
	}
	levels["users"] = users
	return json.Marshal(levels)
}

// carryOver moves the aliases, repeats the bans, puts up the tombstone and silences the old room.
func (e *Engine) carryOver(ctx context.Context, oldID, newID, sender string, old oldRoom) error {
	for _, b := range old.banned {
		if err := e.Ban(ctx, MemberRequest{RoomID: newID, Sender: sender, Target: b.UserID}); err != nil {
			e.log.Warn("a ban was not carried over", "room", newID, "err", err)
		}
	}
	newNum, _, err := e.Resolve(ctx, newID)
	if err != nil {
		return err
	}
	return e.inRoom(ctx, oldID, nil, func(tx *roomTx) error {
		tombstone, err := json.Marshal(map[string]string{"body": "This room has been replaced", "replacement_room": newID})
		if err != nil {
			return err
		}
		if err := tx.putState(sender, "m.room.tombstone", "", tombstone); err != nil {
			return err
		}
		if err := tx.MoveAliases(tx.ctx, tx.room.num, newNum); err != nil {
			return err
		}
		if err := tx.SetPublished(tx.ctx, tx.room.num, false); err != nil {
			return err
		}
		return tx.silence(sender)
	})
}

// silence raises the level for messages and invites to that of moderators, where the sender may do so.
func (tx *roomTx) silence(sender string) error {
	n := tx.room.state[store.StateKey{Type: spec.MRoomPowerLevels}]
	if n == nil {
		return nil
	}
	content := map[string]any{}
	if err := decodeNumbers(n.ev.Content(), &content); err != nil {
		return err
	}
	restricted := max(gjson.GetBytes(n.ev.JSON, "content.users_default").Int()+1, 50)
	levels := tx.powerLevels()
	if levels.EventsDefault >= restricted && levels.Invite >= restricted {
		return nil
	}
	content["events_default"] = max(levels.EventsDefault, restricted)
	content["invite"] = max(levels.Invite, restricted)
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	err = tx.putState(sender, spec.MRoomPowerLevels, "", raw)
	if mxerr.HasCode(err, mxerr.Forbidden) {
		return nil
	}
	return err
}
