package store

import "context"

// Chore is what an acknowledged change of an account still brings about in rooms.
type Chore struct {
	UserID, Kind string
	Turn         int64
}

// AddChore asks for a chore. Its turn tells this request from others for the same chore.
func (t *Tx) AddChore(ctx context.Context, c Chore) error {
	_, err := t.exec(ctx, `INSERT INTO chores (user_id, kind, turn) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, kind) DO UPDATE SET turn = excluded.turn`, c.UserID, c.Kind, c.Turn)
	return err
}

// Chores lists at most limit chores that are to be done.
func (t *Tx) Chores(ctx context.Context, limit int) ([]Chore, error) {
	return list(ctx, t, scanChore, `SELECT user_id, kind, turn FROM chores ORDER BY user_id, kind LIMIT $1`, limit)
}

// Chore is one chore that is to be done.
func (t *Tx) Chore(ctx context.Context, userID, kind string) (Chore, error) {
	c := Chore{UserID: userID, Kind: kind}
	err := t.one(ctx, `SELECT turn FROM chores WHERE user_id = $1 AND kind = $2`, []any{userID, kind}, &c.Turn)
	return c, err
}

func scanChore(rows Rows) (Chore, error) {
	var c Chore
	err := rows.Scan(&c.UserID, &c.Kind, &c.Turn)
	return c, err
}

// ChoreDone ends a chore, unless it was asked for again since it was read.
func (t *Tx) ChoreDone(ctx context.Context, c Chore) error {
	_, err := t.exec(ctx, `DELETE FROM chores WHERE user_id = $1 AND kind = $2 AND turn = $3`, c.UserID, c.Kind, c.Turn)
	return err
}
