package store

import "context"

// AccountData is one entry of a user's account data; RoomID is empty for global data.
type AccountData struct {
	UserID, RoomID, Type string
	Content              []byte
	Pos                  Pos
}

const accountDataColumns = `user_id, room_id, type, content, pos FROM account_data `

func scanAccountData(rows Rows) (AccountData, error) {
	var a AccountData
	err := rows.Scan(&a.UserID, &a.RoomID, &a.Type, &a.Content, &a.Pos)
	return a, err
}

// PutAccountData writes one entry, at the lane's next position.
func (t *LaneTx) PutAccountData(ctx context.Context, a AccountData) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	a.Pos = t.Next()
	t.batch.AccountData = append(t.batch.AccountData, a)
	_, err := t.exec(ctx, `INSERT INTO account_data (user_id, room_id, type, content, pos) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, room_id, type) DO UPDATE SET content = excluded.content, pos = excluded.pos`,
		a.UserID, a.RoomID, a.Type, a.Content, int64(a.Pos))
	return err
}

// AccountDataOf is one entry.
func (t *Tx) AccountDataOf(ctx context.Context, userID, roomID, typ string) (AccountData, error) {
	var a AccountData
	err := t.one(ctx, `SELECT `+accountDataColumns+`WHERE user_id = $1 AND room_id = $2 AND type = $3`, []any{userID, roomID, typ},
		&a.UserID, &a.RoomID, &a.Type, &a.Content, &a.Pos)
	return a, err
}

// AllAccountData is a user's account data, global and of all rooms.
func (t *Tx) AllAccountData(ctx context.Context, userID string) ([]AccountData, error) {
	return list(ctx, t, scanAccountData, `SELECT `+accountDataColumns+`WHERE user_id = $1`, userID)
}

// RoomAccountData is a user's account data of one room.
func (t *Tx) RoomAccountData(ctx context.Context, userID, roomID string) ([]AccountData, error) {
	return list(ctx, t, scanAccountData, `SELECT `+accountDataColumns+`WHERE user_id = $1 AND room_id = $2 ORDER BY type`, userID, roomID)
}

// LaneAccountData is a lane's account data whose newest value is in (from, to], in order.
func (t *Tx) LaneAccountData(ctx context.Context, from, to Pos) ([]AccountData, error) {
	return list(ctx, t, scanAccountData, `SELECT `+accountDataColumns+`WHERE pos > $1 AND pos <= $2 ORDER BY pos`, int64(from), int64(to))
}

// PutFilter stores a filter under the given id; the same id again is the same filter.
func (t *Tx) PutFilter(ctx context.Context, userID, filterID string, content []byte) error {
	_, err := t.exec(ctx, `INSERT INTO filters (user_id, filter_id, content) VALUES ($1, $2, $3) ON CONFLICT (user_id, filter_id)
		DO UPDATE SET content = excluded.content`, userID, filterID, content)
	return err
}

// Filter is a stored filter.
func (t *Tx) Filter(ctx context.Context, userID, filterID string) (content []byte, err error) {
	err = t.one(ctx, `SELECT content FROM filters WHERE user_id = $1 AND filter_id = $2`, []any{userID, filterID}, &content)
	return content, err
}

// CountAccountData counts a user's entries of account data, as far as limit.
func (t *Tx) CountAccountData(ctx context.Context, userID string, limit int) (n int, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM account_data WHERE user_id = $1 LIMIT $2) AS counted`, []any{userID, limit}, &n)
	return n, err
}

// CountFilters counts a user's filters, as far as limit.
func (t *Tx) CountFilters(ctx context.Context, userID string, limit int) (n int, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM filters WHERE user_id = $1 LIMIT $2) AS counted`, []any{userID, limit}, &n)
	return n, err
}
