package store

import "context"

// What a first look at many rooms reads of all of them at once.

// historyOfEach bounds the values of one entry of the state that are read of a room, on average over the rooms.
const historyOfEach = 100

// EntriesIn is the present value of some entries of the state, those with an empty state key, in each of the rooms.
func (t *Tx) EntriesIn(ctx context.Context, rooms []int64, types []string) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (SELECT MAX(s.pos) AS pos FROM state_log s
		WHERE s.room = ANY($1) AND s.type = ANY($2) AND s.state_key = '' GROUP BY s.room, s.type`+fromNewest, rooms, types)
}

// HistoryIn is the values that one entry of the state had in each of the rooms, newest first.
func (t *Tx) HistoryIn(ctx context.Context, rooms []int64, key StateKey) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM state_log s JOIN events e ON e.pos = s.pos JOIN rooms r ON r.room = e.room
		WHERE s.room = ANY($1) AND s.type = $2 AND s.state_key = $3 ORDER BY s.pos DESC LIMIT $4`, rooms, key.Type, key.Key, historyOfEach*len(rooms))
}

// ReceiptsOfIn is a user's own receipts in the rooms.
func (t *Tx) ReceiptsOfIn(ctx context.Context, rooms []int64, userID string) ([]Receipt, error) {
	return list(ctx, t, scanReceipt, `SELECT `+receiptColumns+`WHERE c.room = ANY($1) AND c.user_id = $2`, rooms, userID)
}
