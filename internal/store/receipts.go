package store

import "context"

// Receipt tells how far a user has read a room, or one thread of it.
type Receipt struct {
	Room     int64
	RoomID   string
	UserID   string
	Type     string // m.read, m.read.private
	ThreadID string // "": not threaded; "main"; or the id of the thread's root
	EventID  string
	EventPos Pos
	TS       int64
	Pos      Pos
}

const receiptColumns = `c.room, r.room_id, c.user_id, c.receipt_type, c.thread_id, c.event_id, c.event_pos, c.ts, c.pos
	FROM receipts c JOIN rooms r ON r.room = c.room `

func scanReceipt(rows Rows) (Receipt, error) {
	var c Receipt
	err := rows.Scan(&c.Room, &c.RoomID, &c.UserID, &c.Type, &c.ThreadID, &c.EventID, &c.EventPos, &c.TS, &c.Pos)
	return c, err
}

// PutReceipt writes a receipt at the room's lane's next position, in place of an earlier one of its kind.
func (t *LaneTx) PutReceipt(ctx context.Context, c Receipt) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	c.Pos = t.Next()
	t.batch.Receipts = append(t.batch.Receipts, c)
	_, err := t.exec(ctx, `INSERT INTO receipts (room, user_id, receipt_type, thread_id, event_id, event_pos, ts, pos)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (room, user_id, receipt_type, thread_id) DO UPDATE SET
		event_id = excluded.event_id, event_pos = excluded.event_pos, ts = excluded.ts, pos = excluded.pos`,
		c.Room, c.UserID, c.Type, c.ThreadID, c.EventID, int64(c.EventPos), c.TS, int64(c.Pos))
	return err
}

// ReceiptsIn is a room's receipts that are newer than from, bounded by limit, newest first.
func (t *Tx) ReceiptsIn(ctx context.Context, room int64, from Pos, limit int) ([]Receipt, error) {
	return list(ctx, t, scanReceipt, `SELECT `+receiptColumns+`WHERE c.room = $1 AND c.pos > $2 ORDER BY c.pos DESC LIMIT $3`,
		room, int64(from), limit)
}

// ReceiptsOf is a user's own receipts in a room.
func (t *Tx) ReceiptsOf(ctx context.Context, room int64, userID string) ([]Receipt, error) {
	return list(ctx, t, scanReceipt, `SELECT `+receiptColumns+`WHERE c.room = $1 AND c.user_id = $2`, room, userID)
}

// LaneReceipts is a lane's receipts whose newest value is in (from, to], in order.
func (t *Tx) LaneReceipts(ctx context.Context, from, to Pos) ([]Receipt, error) {
	return list(ctx, t, scanReceipt, `SELECT `+receiptColumns+`WHERE c.pos > $1 AND c.pos <= $2 ORDER BY c.pos`, int64(from), int64(to))
}
