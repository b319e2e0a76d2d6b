package store

import (
	"context"
	"slices"
)

// SetPublished puts a room into the public directory, or takes it out.
func (t *LaneTx) SetPublished(ctx context.Context, room int64, published bool) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE rooms SET published = $1 WHERE room = $2`, published, room)
	return err
}

// PublishedQuery selects from the public directory, whose order is by joined members, the largest rooms first.
type PublishedQuery struct {
	// Network: the directory of that network alone; AllNetworks: those of all networks and the server's own.
	Network     string
	AllNetworks bool
	// Types: room types to show, "" standing for rooms without one; nil: all.
	Types []string
	// Joined and Room are the place from which to go on; Room 0: from the start.
	Joined, Room int64
	Back         bool // towards the start
	Limit        int
}

// PublishedRooms lists rooms of the public directory after a place, or before it, in the directory's order.
func (t *Tx) PublishedRooms(ctx context.Context, q PublishedQuery) ([]*Room, error) {
	beyond, order := `r.joined < $4 OR (r.joined = $4 AND r.room > $3)`, `r.joined DESC, r.room`
	if q.Back {
		beyond, order = `r.joined > $4 OR (r.joined = $4 AND r.room < $3)`, `r.joined, r.room DESC`
	}
	args := []any{boolInt(q.Types != nil), noNil(q.Types), q.Room, q.Joined, q.Limit}
	rooms, err := list(ctx, t, scanRoom, `SELECT `+roomColumns+` FROM rooms r WHERE `+q.listed(`$6`)+` AND `+ofTypes+`
		AND (CAST($3 AS BIGINT) = 0 OR `+beyond+`) ORDER BY `+order+` LIMIT $5`, q.withNetwork(args)...)
	if q.Back {
		slices.Reverse(rooms)
	}
	return rooms, err
}

const ofTypes = `($1 = 0 OR COALESCE(r.room_type, '') = ANY($2))`

// listed is the condition for a room to be in the directory; network is where withNetwork puts that.
func (q PublishedQuery) listed(network string) string {
	const named = `EXISTS (SELECT 1 FROM appservice_rooms n WHERE n.room = r.room`
	switch {
	case q.Network != "":
		return named + ` AND n.instance_id = ` + network + `)`
	case q.AllNetworks:
		return `(r.published OR ` + named + `))`
	}
	return `r.published`
}

func (q PublishedQuery) withNetwork(args []any) []any {
	if q.Network == "" {
		return args
	}
	return append(args, q.Network)
}

// CountPublished is how many rooms the directory has, whatever the place.
func (t *Tx) CountPublished(ctx context.Context, q PublishedQuery) (n int64, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM rooms r WHERE `+q.listed(`$3`)+` AND `+ofTypes,
		q.withNetwork([]any{boolInt(q.Types != nil), noNil(q.Types)}), &n)
	return n, err
}

// RoomsByID returns those of the rooms that exist.
func (t *Tx) RoomsByID(ctx context.Context, ids []string) ([]*Room, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanRoom, `SELECT `+roomColumns+` FROM rooms r WHERE r.room_id = ANY($1)`, ids)
}

// MembershipsAmong is the newest memberships of a user in the given rooms.
func (t *Tx) MembershipsAmong(ctx context.Context, userID string, rooms []string) ([]Membership, error) {
	if len(rooms) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanMembership, `SELECT `+membershipColumns+`WHERE m.user_id = $1 AND r.room_id = ANY($2)`, userID, rooms)
}

// StateOfRooms is the current state event of one type, with an empty state key, of each of the rooms that has it.
func (t *Tx) StateOfRooms(ctx context.Context, rooms []int64, typ string) ([]*Event, error) {
	if len(rooms) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (SELECT MAX(s.pos) AS pos FROM state_log s WHERE s.room = ANY($1) AND s.type = $2
		AND s.state_key = '' GROUP BY s.room) n JOIN events e ON e.pos = n.pos JOIN rooms r ON r.room = e.room`, rooms, typ)
}

// StateOfType is the current state events of one type of a room, bounded by limit.
func (t *Tx) StateOfType(ctx context.Context, room int64, typ string, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (SELECT MAX(s.pos) AS pos FROM state_log s WHERE s.room = $1 AND s.type = $2
		GROUP BY s.state_key) n JOIN events e ON e.pos = n.pos JOIN rooms r ON r.room = e.room ORDER BY e.pos LIMIT $3`, room, typ, limit)
}

const mutual = ` FROM memberships a JOIN memberships b ON b.room = a.room AND b.user_id = $2 AND b.membership = 'join'
	JOIN rooms r ON r.room = a.room WHERE a.user_id = $1 AND a.membership = 'join'`

// MutualRooms lists at most limit rooms that two users are both in, by id, after the given one.
func (t *Tx) MutualRooms(ctx context.Context, a, b, after string, limit int) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT r.room_id`+mutual+` AND r.room_id > $3 ORDER BY r.room_id LIMIT $4`, a, b, after, limit)
}

// CountMutualRooms is how many rooms two users are both in.
func (t *Tx) CountMutualRooms(ctx context.Context, a, b string) (n int64, err error) {
	err = t.one(ctx, `SELECT COUNT(*)`+mutual, []any{a, b}, &n)
	return n, err
}

// noNil is a list that is written as an empty one, never as NULL.
func noNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
