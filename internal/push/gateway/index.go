package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of the index; what is dropped is read again when it is needed.
const (
	mostRooms = 10_000
	mostRules = 50_000
	// mostChanges is how many users with new pushers are looked up one by one.
	mostChanges = 1000
)

const (
	rulesType   = "m.push_rules"
	ignoredType = "m.ignored_user_list"
	memberType  = "m.room.member"
)

// index is what following needs of the database, in memory: who in a room has pushers, what rules look at in a room, and the rules. It is
// owned by the goroutine that follows, and brought up to date before anything is evaluated.
type index struct {
	rooms *lru.LRU[int64, *pushedRoom]
	rules *lru.LRU[string, *userRules]
	seen  map[int]store.Pos // of each lane, up to where changes of rules are known
	turns map[int]int64     // of each lane, up to where pushers are known
}

// pushedRoom is a room and its members who have pushers, by the position of their membership.
type pushedRoom struct {
	members map[string]store.Pos
	info    *push.Room // nil: to be read
}

type userRules struct {
	compiled *push.Compiled
	ignored  []string
}

func newIndex() *index {
	rooms, errRooms := lru.NewLRU[int64, *pushedRoom](mostRooms, nil)
	rules, errRules := lru.NewLRU[string, *userRules](mostRules, nil)
	if errRooms != nil || errRules != nil {
		panic("gateway: bad bounds") // the bounds are constants
	}
	return &index{rooms: rooms, rules: rules, seen: map[int]store.Pos{}, turns: map[int]int64{}}
}

// reset forgets everything.
func (x *index) reset(lanes []store.PushLane) {
	x.rooms.Purge()
	x.rules.Purge()
	for _, l := range lanes {
		x.seen[l.Lane], x.turns[l.Lane] = l.Now, l.PusherTurn
	}
}

// refresh drops what has changed since the last time.
func (x *index) refresh(ctx context.Context, tx *store.Tx, lanes []store.PushLane) error {
	for _, l := range lanes {
		if l.Now > x.seen[l.Lane] {
			users, err := tx.GlobalAccountDataChanged(ctx, x.seen[l.Lane], l.Now, rulesType, ignoredType)
			if err != nil {
				return fmt.Errorf("reading whose push rules changed: %w", err)
			}
			for _, user := range users {
				x.rules.Remove(user)
			}
			x.seen[l.Lane] = l.Now
		}
		if l.PusherTurn > x.turns[l.Lane] {
			if err := x.refreshPushers(ctx, tx, l.Lane); err != nil {
				return fmt.Errorf("reading who set pushers: %w", err)
			}
		}
	}
	return nil
}

func (x *index) refreshPushers(ctx context.Context, tx *store.Tx, lane int) error {
	users, last, err := tx.PusherChanges(ctx, lane, x.turns[lane], mostChanges)
	if err != nil || len(users) == 0 {
		return err
	}
	if len(users) == mostChanges { // the rest is found in the next round
		x.rooms.Purge()
	}
	joined, err := tx.JoinedBy(ctx, users)
	if err != nil {
		return err
	}
	for _, m := range joined {
		if r, ok := x.rooms.Peek(m.Room); ok {
			r.join(m.UserID, m.Pos)
		}
	}
	x.turns[lane] = last
	return nil
}

func (r *pushedRoom) join(user string, pos store.Pos) { r.members[user] = max(r.members[user], pos) }

// leave takes a member out, unless a newer membership is known.
func (r *pushedRoom) leave(user string, pos store.Pos) {
	if at, ok := r.members[user]; ok && at < pos {
		delete(r.members, user)
	}
}

// room is a room as it is now.
func (x *index) room(ctx context.Context, tx *store.Tx, num int64) (*pushedRoom, error) {
	if r, ok := x.rooms.Get(num); ok {
		return r, nil
	}
	members, err := tx.PushedMembers(ctx, num)
	if err != nil {
		return nil, fmt.Errorf("reading which members have pushers: %w", err)
	}
	r := &pushedRoom{members: make(map[string]store.Pos, len(members))}
	for _, m := range members {
		r.members[m.UserID] = m.Pos
	}
	x.rooms.Add(num, r)
	return r, nil
}

// roomInfo is what push rules look at in a room.
func roomInfo(ctx context.Context, tx *store.Tx, num int64) (*push.Room, error) {
	r, err := tx.RoomByNum(ctx, num)
	if err != nil {
		return nil, err
	}
	create, err := tx.StateEventAt(ctx, num, store.StateKey{Type: "m.room.create"}, store.Latest)
	if err != nil {
		return nil, err
	}
	var levels []byte
	ev, err := tx.StateEventAt(ctx, num, store.StateKey{Type: "m.room.power_levels"}, store.Latest)
	switch {
	case err == nil:
		levels = ev.Content()
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return &push.Room{Members: int(r.Joined), MayNotify: mayNotify(room.PrivilegedCreators(r.Version, create), levels)}, nil
}

// mayNotify makes the function that tells whether a sender has the power for a kind of notification.
func mayNotify(creators []string, levels []byte) func(sender, key string) bool {
	var power struct {
		Users   map[string]int64 `json:"users"`
		Default int64            `json:"users_default"`
	}
	_ = json.Unmarshal(levels, &power) // what cannot be read gives nobody power
	return func(sender, key string) bool {
		if slices.Contains(creators, sender) {
			return true
		}
		has, ok := power.Users[sender]
		if !ok {
			has = power.Default
		}
		return has >= push.NotificationLevel(levels, key)
	}
}

// rulesOf gives the rules of each of the users, of whom there may be more than the index keeps.
func (x *index) rulesOf(ctx context.Context, tx *store.Tx, users []string) (map[string]*userRules, error) {
	out := make(map[string]*userRules, len(users))
	var missing []string
	for _, user := range users {
		if r, ok := x.rules.Get(user); ok {
			out[user] = r
		} else {
			missing = append(missing, user)
			out[user] = &userRules{}
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	data, err := tx.GlobalAccountData(ctx, missing, rulesType, ignoredType)
	if err != nil {
		return nil, fmt.Errorf("reading push rules: %w", err)
	}
	for _, d := range data {
		if d.Type == ignoredType {
			out[d.UserID].ignored = room.IgnoredUsers(d.Content)
			continue
		}
		if out[d.UserID].compiled, err = push.CompileStored(d.UserID, d.Content); err != nil {
			return nil, fmt.Errorf("reading the push rules of %s: %w", d.UserID, err)
		}
	}
	for _, user := range missing {
		if out[user].compiled == nil {
			out[user].compiled = push.Compile(user, nil)
		}
		x.rules.Add(user, out[user])
	}
	return out, nil
}

// membershipIn is the membership that a membership event gives.
func membershipIn(ev *store.Event) string { return gjson.GetBytes(ev.JSON, "content.membership").Str }

// wasJoined tells whether a user was in a room at a position.
func wasJoined(ctx context.Context, tx *store.Tx, num int64, user string, at store.Pos) (bool, error) {
	ev, err := tx.StateEventAt(ctx, num, store.StateKey{Type: memberType, Key: user}, at)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && membershipIn(ev) == "join", err
}
