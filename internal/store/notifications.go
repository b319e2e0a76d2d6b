package store

import "context"

// LastEventsIn maps each of the rooms to its newest event at or below a position; rooms without one are left out.
func (t *Tx) LastEventsIn(ctx context.Context, rooms []int64, to Pos) (map[int64]Pos, error) {
	rows, err := t.q.Query(ctx, `SELECT r.room, COALESCE((SELECT MAX(e.pos) FROM events e WHERE e.room = r.room AND e.pos <= $2), 0)
		FROM rooms r WHERE r.room = ANY($1)`, rooms, int64(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int64]Pos, len(rooms))
	for rows.Next() {
		var room int64
		var pos Pos
		if err := rows.Scan(&room, &pos); err != nil {
			return nil, err
		}
		if pos != 0 {
			out[room] = pos
		}
	}
	return out, rows.Err()
}
