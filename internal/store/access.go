package store

import "context"

// AccessPoint names, for an event, the state events by which it is decided whether a user may see it: the user's own membership and the
// room's history visibility, each as they stood with the event and just before it. 0: there was none.
type AccessPoint struct {
	Pos                          Pos
	Member, MemberBefore         Pos
	Visibility, VisibilityBefore Pos
}

// AccessAt finds the access points of the events at the given positions, in no order.
func (t *Tx) AccessAt(ctx context.Context, room int64, userID string, positions []Pos) ([]AccessPoint, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	const (
		member = `COALESCE((SELECT MAX(s.pos) FROM state_log s WHERE s.room = $1 AND s.type = 'm.room.member' AND s.state_key = $2 AND s.pos `
		shown  = `COALESCE((SELECT MAX(s.pos) FROM state_log s WHERE s.room = $1 AND s.type = 'm.room.history_visibility' AND s.state_key = ''
			AND s.pos `
	)
	return list(ctx, t, scanAccess, `SELECT e.pos, `+
		member+`<= e.pos), 0), `+member+`< e.pos), 0), `+shown+`<= e.pos), 0), `+shown+`< e.pos), 0)
		FROM events e WHERE e.room = $1 AND e.pos = ANY($3)`, room, userID, nums(positions))
}

func scanAccess(rows Rows) (AccessPoint, error) {
	var p AccessPoint
	err := rows.Scan(&p.Pos, &p.Member, &p.MemberBefore, &p.Visibility, &p.VisibilityBefore)
	return p, err
}

func nums(positions []Pos) []int64 {
	out := make([]int64, len(positions))
	for i, p := range positions {
		out[i] = int64(p)
	}
	return out
}

// AccessChange is the nearest position after at (or, going back, at or before it) at which a user's membership or the room's history visibility
// changed; 0 if there is none.
func (t *Tx) AccessChange(ctx context.Context, room int64, userID string, at Pos, back bool) (pos Pos, err error) {
	pick := `SELECT COALESCE(MIN(s.pos), 0) FROM state_log s WHERE s.room = $1 AND s.pos > $2 AND `
	if back {
		pick = `SELECT COALESCE(MAX(s.pos), 0) FROM state_log s WHERE s.room = $1 AND s.pos <= $2 AND `
	}
	var a, b Pos
	if err := t.one(ctx, pick+`s.type = 'm.room.member' AND s.state_key = $3`, []any{room, int64(at), userID}, &a); err != nil {
		return 0, err
	}
	if err := t.one(ctx, pick+`s.type = 'm.room.history_visibility' AND s.state_key = ''`, []any{room, int64(at)}, &b); err != nil {
		return 0, err
	}
	switch {
	case a == 0 || b == 0:
		return max(a, b), nil
	case back:
		return max(a, b), nil
	}
	return min(a, b), nil
}

// StateHistoryBack is the values that one entry of the state had at or before to, newest first, bounded by limit.
func (t *Tx) StateHistoryBack(ctx context.Context, room int64, key StateKey, to Pos, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM state_log s JOIN events e ON e.pos = s.pos JOIN rooms r ON r.room = e.room
		WHERE s.room = $1 AND s.type = $2 AND s.state_key = $3 AND s.pos <= $4 ORDER BY s.pos DESC LIMIT $5`,
		room, key.Type, key.Key, int64(to), limit)
}

// JoinedMemberEvents is the membership events of those who are in a room now.
func (t *Tx) JoinedMemberEvents(ctx context.Context, room int64) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM memberships m JOIN events e ON e.pos = m.pos JOIN rooms r ON r.room = e.room
		WHERE m.room = $1 AND m.membership = 'join'`, room)
}

// EventTime is the position and time of the first event of a room at or after a position; ErrNotFound if there is none.
func (t *Tx) EventTime(ctx context.Context, room int64, from Pos) (pos Pos, ts int64, err error) {
	err = t.one(ctx, `SELECT e.pos, e.ts FROM events e WHERE e.room = $1 AND e.pos >= $2 ORDER BY e.pos LIMIT 1`, []any{room, int64(from)}, &pos, &ts)
	return pos, ts, err
}
