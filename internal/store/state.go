package store

import "context"

// StateKey names one entry of a room's state.
type StateKey struct{ Type, Key string }

// newestState selects, of each (type, state_key), the newest entry at or below $2. GROUP BY with MAX is understood by both databases. The
// plus keeps the condition from choosing the index by position, which has the entries of all types mixed.
const (
	newestState = `SELECT MAX(s.pos) AS pos FROM state_log s WHERE s.room = $1 AND +s.pos <= $2 `
	ofEachKey   = ` GROUP BY s.type, s.state_key`
	fromNewest  = `) n JOIN events e ON e.pos = n.pos JOIN rooms r ON r.room = e.room`
)

// StateAt is a room's whole state at a position.
func (t *Tx) StateAt(ctx context.Context, room int64, at Pos) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (`+newestState+ofEachKey+fromNewest, room, int64(at))
}

// StateAtWithoutMembers is StateAt, less the members, over which it does not walk.
func (t *Tx) StateAtWithoutMembers(ctx context.Context, room int64, at Pos) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (`+newestState+`AND s.type < 'm.room.member'`+ofEachKey+
		` UNION ALL `+newestState+`AND s.type > 'm.room.member'`+ofEachKey+fromNewest, room, int64(at))
}

// MembersAt is the membership events of a room's state at a position; of the given users only, unless users is nil.
func (t *Tx) MembersAt(ctx context.Context, room int64, at Pos, users []string) ([]*Event, error) {
	const members = newestState + `AND s.type = 'm.room.member'`
	if users == nil {
		return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (`+members+ofEachKey+fromNewest, room, int64(at))
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (`+members+` AND s.state_key = ANY($3)`+ofEachKey+fromNewest,
		room, int64(at), users)
}

// StateEventAt is one entry of a room's state at a position.
func (t *Tx) StateEventAt(ctx context.Context, room int64, key StateKey, at Pos) (*Event, error) {
	return first(list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM events e JOIN rooms r ON r.room = e.room WHERE e.pos =
		(SELECT MAX(s.pos) FROM state_log s WHERE s.room = $1 AND s.type = $2 AND s.state_key = $3 AND s.pos <= $4)`,
		room, key.Type, key.Key, int64(at)))
}

// StateHistory is every value that one entry of the state had in (from, to], oldest first, bounded by limit.
func (t *Tx) StateHistory(ctx context.Context, room int64, key StateKey, from, to Pos, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM state_log s JOIN events e ON e.pos = s.pos JOIN rooms r ON r.room = e.room
		WHERE s.room = $1 AND s.type = $2 AND s.state_key = $3 AND s.pos > $4 AND s.pos <= $5 ORDER BY s.pos LIMIT $6`,
		room, key.Type, key.Key, int64(from), int64(to), limit)
}

// StateBetween is what changed of a room's state in (from, to]: the newest entry of each (type, state_key) that changed.
func (t *Tx) StateBetween(ctx context.Context, room int64, from, to Pos) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (SELECT MAX(s.pos) AS pos FROM state_log s WHERE s.room = $1
		AND s.pos <= $2 AND s.pos > $3`+ofEachKey+fromNewest+` ORDER BY e.pos`,
		room, int64(to), int64(from))
}
