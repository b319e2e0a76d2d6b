package room

import (
	"errors"
	"net/http"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxAllowed bounds how many rooms of a restricted join rule are looked at.
const maxAllowed = 100

// authoriseRestricted adds, to the join of a user who is in one of the rooms that a restricted join rule names, the member who could
// have invited them (room versions 8 and later; Client-Server API, "Restricted rooms").
func (tx *roomTx) authoriseRestricted(user string, content map[string]any) error {
	delete(content, "join_authorised_via_users_server")
	if tx.room.version.CheckRestrictedJoinsAllowed() != nil {
		return nil //nolint:nilerr // a version without restricted joins has nothing to add
	}
	rules := tx.room.state[store.StateKey{Type: spec.MRoomJoinRules}]
	if rules == nil {
		return nil
	}
	rule := gjson.GetBytes(rules.ev.JSON, "content.join_rule").Str
	if rule != spec.Restricted && rule != spec.KnockRestricted {
		return nil
	}
	now, err := tx.membership(user)
	if err != nil || now == spec.Invite || now == spec.Join {
		return err // by invite, no authorisation is needed
	}
	ok, err := tx.inAllowedRoom(user, gjson.GetBytes(rules.ev.JSON, "content.allow"))
	if err != nil {
		return err
	}
	if !ok {
		return mxerr.Forbiddenf("You are in none of the rooms whose members may join this one")
	}
	via, err := tx.canInvite()
	if err != nil {
		return err
	}
	if via == "" {
		return mxerr.New(http.StatusForbidden, mxerr.UnableToGrantJoin, "No member of this server may invite to this room")
	}
	content["join_authorised_via_users_server"] = via
	return nil
}

func (tx *roomTx) inAllowedRoom(user string, allow gjson.Result) (bool, error) {
	for i, a := range allow.Array() {
		if i >= maxAllowed || a.Get("type").Str != "m.room_membership" {
			continue
		}
		r, err := tx.RoomByID(tx.ctx, a.Get("room_id").Str)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		m, err := tx.MembershipIn(tx.ctx, user, r.Num)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if m.Membership == spec.Join {
			return true, nil
		}
	}
	return false, nil
}

// canInvite finds a member whose power suffices to invite: a creator, one that the power levels name, or anybody where that is enough.
func (tx *roomTx) canInvite() (string, error) {
	levels := tx.powerLevels()
	need := levels.Invite
	candidates := tx.creators()
	for user, level := range levels.Users {
		if level >= need {
			candidates = append(candidates, user)
		}
	}
	for _, user := range candidates {
		m, err := tx.membership(user)
		if err != nil {
			return "", err
		}
		if m == spec.Join {
			return user, nil
		}
	}
	if levels.UsersDefault < need {
		return "", nil
	}
	if err := tx.Flush(tx.ctx); err != nil {
		return "", err
	}
	members, err := tx.MembersOf(tx.ctx, tx.room.num, spec.Join, 20)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if level, named := levels.Users[m.UserID]; !named || level >= need {
			return m.UserID, nil
		}
	}
	return "", nil
}

// powerLevels is the room's power levels, with the defaults of the specification where it has none.
func (tx *roomTx) powerLevels() gomatrixserverlib.PowerLevelContent {
	var levels gomatrixserverlib.PowerLevelContent
	levels.Defaults()
	if n := tx.room.state[store.StateKey{Type: spec.MRoomPowerLevels}]; n != nil {
		_ = tx.room.version.ParsePowerLevels(n.ev.Content(), &levels) // it was parsed when it was authorised
	}
	return levels
}

// creators are those who stand above all power levels (room version 12), or the creator where there are no power levels.
func (tx *roomTx) creators() []string {
	create := tx.room.state[store.StateKey{Type: spec.MRoomCreate}]
	if create == nil {
		return nil
	}
	hasLevels := tx.room.state[store.StateKey{Type: spec.MRoomPowerLevels}] != nil
	if !tx.room.version.PrivilegedCreators() && hasLevels {
		return nil
	}
	return creatorsOf(create.ev)
}

// PrivilegedCreators are those who stand above all power levels in rooms of a version; none before version 12.
func PrivilegedCreators(version string, create *store.Event) []string {
	ver, err := gomatrixserverlib.GetRoomVersion(gomatrixserverlib.RoomVersion(version))
	if err != nil || !ver.PrivilegedCreators() {
		return nil
	}
	return creatorsOf(create)
}

func creatorsOf(create *store.Event) []string {
	out := []string{create.Sender}
	for _, c := range gjson.GetBytes(create.JSON, "content.additional_creators").Array() {
		out = append(out, c.Str)
	}
	return out
}

// powerOf is a user's power level.
func (tx *roomTx) powerOf(user string) int64 {
	for _, c := range tx.creators() {
		if c == user {
			return gomatrixserverlib.CreatorPowerLevel
		}
	}
	levels := tx.powerLevels()
	return levels.UserLevel(spec.SenderID(user))
}
