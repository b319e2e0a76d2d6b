package store

import (
	"context"
	"fmt"
)

// SlidingConn names a sliding sync connection: one of a device.
type SlidingConn struct{ UserID, DeviceID, ConnID string }

// SlidingState is what a connection has been sent, as of one answer.
type SlidingState struct {
	SlidingConn
	ID      string
	Parent  string // the state that the request came with; empty for the first of a connection
	TS      int64  // milliseconds
	Content []byte
}

// Bounds of the states that are kept: the answers to one request that was sent again and again, and the connections of a device.
const (
	slidingSiblings = 8
	slidingConns    = 20
)

const ofConn = ` WHERE user_id = $1 AND device_id = $2 AND conn_id = $3 `

// PutSlidingState stores a state. Of the connection only the parent, which the client has confirmed by coming back with it, and what
// else was made from that are kept.
func (t *Tx) PutSlidingState(ctx context.Context, s SlidingState) error {
	conn := []any{s.UserID, s.DeviceID, s.ConnID}
	_, err := t.exec(ctx, `DELETE FROM sliding_states`+ofConn+`AND state_id <> $4 AND parent <> $4`, append(conn, s.Parent)...)
	if err != nil {
		return fmt.Errorf("dropping older states of a connection: %w", err)
	}
	_, err = t.exec(ctx, `DELETE FROM sliding_states`+ofConn+`AND parent = $4 AND state_id NOT IN (SELECT k.state_id FROM sliding_states k
		WHERE k.user_id = $1 AND k.device_id = $2 AND k.conn_id = $3 AND k.parent = $4 ORDER BY k.ts DESC LIMIT $5)`,
		append(conn, s.Parent, slidingSiblings-1)...)
	if err != nil {
		return fmt.Errorf("dropping older states of a connection: %w", err)
	}
	_, err = t.exec(ctx, `INSERT INTO sliding_states (user_id, device_id, conn_id, state_id, parent, ts, content)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, append(conn, s.ID, s.Parent, s.TS, s.Content)...)
	if err != nil || s.Parent != "" {
		return err
	}
	return t.boundSlidingConns(ctx, s.UserID, s.DeviceID)
}

// boundSlidingConns drops the connections of a device that were used the longest time ago.
func (t *Tx) boundSlidingConns(ctx context.Context, userID, deviceID string) error {
	_, err := t.exec(ctx, `DELETE FROM sliding_states WHERE user_id = $1 AND device_id = $2 AND conn_id NOT IN (SELECT k.conn_id
		FROM sliding_states k WHERE k.user_id = $1 AND k.device_id = $2 GROUP BY k.conn_id ORDER BY MAX(k.ts) DESC LIMIT $3)`,
		userID, deviceID, slidingConns)
	return err
}

// SlidingState is a stored state of a connection; ErrNotFound if it is no longer kept.
func (t *Tx) SlidingState(ctx context.Context, c SlidingConn, id string) (SlidingState, error) {
	s := SlidingState{SlidingConn: c, ID: id}
	err := t.one(ctx, `SELECT parent, ts, content FROM sliding_states`+ofConn+`AND state_id = $4`,
		[]any{c.UserID, c.DeviceID, c.ConnID, id}, &s.Parent, &s.TS, &s.Content)
	return s, err
}

// TouchSlidingState notes that a state is still in use.
func (t *Tx) TouchSlidingState(ctx context.Context, c SlidingConn, id string, ts int64) error {
	_, err := t.exec(ctx, `UPDATE sliding_states SET ts = $5`+ofConn+`AND state_id = $4`, c.UserID, c.DeviceID, c.ConnID, id, ts)
	return err
}

// DropSlidingStates deletes at most limit states that were last used before a time, and tells how many there were.
func (t *Tx) DropSlidingStates(ctx context.Context, before int64, limit int) (int64, error) {
	rows, err := list(ctx, t, scanSlidingName, `SELECT user_id, device_id, conn_id, state_id FROM sliding_states WHERE ts < $1
		ORDER BY ts LIMIT $2`, before, limit)
	if err != nil {
		return 0, err
	}
	return int64(len(rows)), t.execMany(ctx, `DELETE FROM sliding_states`+ofConn+`AND state_id = $4`, rows)
}

func scanSlidingName(rows Rows) ([]any, error) {
	var user, device, conn, id string
	err := rows.Scan(&user, &device, &conn, &id)
	return []any{user, device, conn, id}, err
}

// Glance is what ordering and filtering a list of rooms needs of one.
type Glance struct {
	Room      int64
	Pos       Pos   // of the newest event
	TS        int64 // of that event
	Type      string
	Encrypted bool
}

func scanGlance(rows Rows) (Glance, error) {
	var g Glance
	var typ, encryption *string
	err := rows.Scan(&g.Room, &g.Pos, &g.TS, &typ, &encryption)
	g.Type, g.Encrypted = str(typ), encryption != nil
	return g, err
}

// Glances looks at each of the rooms.
func (t *Tx) Glances(ctx context.Context, rooms []int64) ([]Glance, error) {
	return list(ctx, t, scanGlance, `SELECT r.room, e.pos, e.ts, r.room_type, r.encryption FROM rooms r JOIN events e ON e.pos =
		(SELECT MAX(n.pos) FROM events n WHERE n.room = r.room) WHERE r.room = ANY($1)`, rooms)
}

// EventTimes maps positions to the times of their events.
func (t *Tx) EventTimes(ctx context.Context, positions []Pos) (map[Pos]int64, error) {
	out := make(map[Pos]int64, len(positions))
	if len(positions) == 0 {
		return out, nil
	}
	nums := make([]int64, len(positions))
	for i, p := range positions {
		nums[i] = int64(p)
	}
	rows, err := t.q.Query(ctx, `SELECT pos, ts FROM events WHERE pos = ANY($1)`, nums)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var pos Pos
		var ts int64
		if err := rows.Scan(&pos, &ts); err != nil {
			return nil, err
		}
		out[pos] = ts
	}
	return out, rows.Err()
}

// NewestOfTypes is the time of a room's newest event, at or below a position, of one of the types; ErrNotFound if there is none.
func (t *Tx) NewestOfTypes(ctx context.Context, room int64, types []string, to Pos) (ts int64, err error) {
	err = t.one(ctx, `SELECT e.ts FROM events e WHERE e.room = $1 AND e.type = ANY($2) AND e.pos <= $3 ORDER BY e.pos DESC LIMIT 1`,
		[]any{room, types, int64(to)}, &ts)
	return ts, err
}

// StateOfTypes is what a room's state at a position has of some types.
func (t *Tx) StateOfTypes(ctx context.Context, room int64, at Pos, types []string) ([]*Event, error) {
	if len(types) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (`+newestState+`AND s.type = ANY($3)`+ofEachKey+fromNewest,
		room, int64(at), types)
}

// AccountDataOfTypes is what a user's account data has of some types, global and of all rooms.
func (t *Tx) AccountDataOfTypes(ctx context.Context, userID string, types []string) ([]AccountData, error) {
	return list(ctx, t, scanAccountData, `SELECT `+accountDataColumns+`WHERE user_id = $1 AND type = ANY($2)`, userID, types)
}
