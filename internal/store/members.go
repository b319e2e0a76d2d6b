package store

import "context"

// Membership is the newest membership of a user in a room.
type Membership struct {
	UserID     string
	Room       int64
	RoomID     string
	Membership string
	Pos        Pos // of the membership event
	Sender     string
	Forgotten  bool
}

const membershipColumns = `m.user_id, m.room, r.room_id, m.membership, m.pos, m.sender, m.forgotten FROM memberships m JOIN rooms r ON r.room = m.room `

func scanMembership(rows Rows) (Membership, error) {
	var m Membership
	err := rows.Scan(&m.UserID, &m.Room, &m.RoomID, &m.Membership, &m.Pos, &m.Sender, &m.Forgotten)
	return m, err
}

// MembershipsOf lists the rooms that a user has, or had, anything to do with.
func (t *Tx) MembershipsOf(ctx context.Context, userID string) ([]Membership, error) {
	return list(ctx, t, scanMembership, `SELECT `+membershipColumns+`WHERE m.user_id = $1`, userID)
}

// MembershipIn is the newest membership of a user in a room.
func (t *Tx) MembershipIn(ctx context.Context, userID string, room int64) (Membership, error) {
	var m Membership
	err := t.one(ctx, `SELECT `+membershipColumns+`WHERE m.user_id = $1 AND m.room = $2`, []any{userID, room},
		&m.UserID, &m.Room, &m.RoomID, &m.Membership, &m.Pos, &m.Sender, &m.Forgotten)
	return m, err
}

// MembersOf lists at most limit members of a room with the given membership, in the order in which they came to it.
func (t *Tx) MembersOf(ctx context.Context, room int64, membership string, limit int) ([]Membership, error) {
	return list(ctx, t, scanMembership, `SELECT `+membershipColumns+`WHERE m.room = $1 AND m.membership = $2 ORDER BY m.pos LIMIT $3`,
		room, membership, limit)
}

// ShareRoom tells whether two users are joined to a room together.
func (t *Tx) ShareRoom(ctx context.Context, a, b string) (bool, error) {
	var n int64
	err := t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM memberships x JOIN memberships y ON y.room = x.room AND y.user_id = $2
		AND y.membership = 'join' WHERE x.user_id = $1 AND x.membership = 'join' LIMIT 1) s`, []any{a, b}, &n)
	return n > 0, err
}

// SetForgotten marks a room that a user has left as forgotten.
func (t *Tx) SetForgotten(ctx context.Context, userID string, room int64) error {
	_, err := t.exec(ctx, `UPDATE memberships SET forgotten = TRUE WHERE user_id = $1 AND room = $2`, userID, room)
	return err
}

// GuestsIn lists at most limit guests who are in a room.
func (t *Tx) GuestsIn(ctx context.Context, room int64, limit int) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT m.user_id FROM memberships m JOIN users u ON u.user_id = m.user_id AND u.guest
		WHERE m.room = $1 AND m.membership = 'join' ORDER BY m.pos LIMIT $2`, room, limit)
}
