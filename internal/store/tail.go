package store

import "context"

// LaneBatch reads what was added to a lane after from, of all kinds, at most about the given number of positions.
func (t *Tx) LaneBatch(ctx context.Context, lane int, from Pos, most int64) (*Batch, error) {
	b := &Batch{Lane: lane, From: from}
	if err := t.one(ctx, `SELECT pos FROM lanes WHERE lane = $1`, []any{lane}, &b.To); err != nil {
		return nil, err
	}
	if b.To <= from {
		b.To = from
		return b, nil
	}
	t.saw(b.To)
	b.To = min(b.To, from+Pos(most))
	err := t.laneToDevice(ctx, b)
	if err != nil {
		return nil, err
	}
	if b.Events, err = t.LaneEvents(ctx, from, b.To); err != nil {
		return nil, err
	}
	if b.Receipts, err = t.LaneReceipts(ctx, from, b.To); err != nil {
		return nil, err
	}
	if b.AccountData, err = t.LaneAccountData(ctx, from, b.To); err != nil {
		return nil, err
	}
	return b, t.laneKeys(ctx, b)
}

// LastIn maps each of the rooms to the position of its newest event or receipt.
func (t *Tx) LastIn(ctx context.Context, rooms []int64) (map[int64]Pos, error) {
	rows, err := t.q.Query(ctx, `SELECT r.room, COALESCE((SELECT MAX(e.pos) FROM events e WHERE e.room = r.room), 0),
		COALESCE((SELECT MAX(c.pos) FROM receipts c WHERE c.room = r.room), 0) FROM rooms r WHERE r.room = ANY($1)`, rooms)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int64]Pos, len(rooms))
	for rows.Next() {
		var room int64
		var event, receipt Pos
		if err := rows.Scan(&room, &event, &receipt); err != nil {
			return nil, err
		}
		out[room] = max(event, receipt)
	}
	return out, rows.Err()
}
