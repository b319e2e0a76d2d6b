package store

import "context"

// ProfileField is one field of a user's profile; Value is JSON.
type ProfileField struct {
	Name  string
	Value []byte
}

// Profile lists a user's fields, in the order of their names.
func (t *Tx) Profile(ctx context.Context, userID string) ([]ProfileField, error) {
	return list(ctx, t, scanProfileField, `SELECT field, value FROM profiles WHERE user_id = $1 ORDER BY field`, userID)
}

func scanProfileField(rows Rows) (ProfileField, error) {
	var f ProfileField
	err := rows.Scan(&f.Name, &f.Value)
	return f, err
}

// PutProfileField sets one field.
func (t *Tx) PutProfileField(ctx context.Context, userID string, f ProfileField) error {
	_, err := t.exec(ctx, `INSERT INTO profiles (user_id, field, value, folded) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value, folded = excluded.folded`, userID, f.Name, f.Value, folded(f))
	return err
}

// DeleteProfileField removes one field, if it is there.
func (t *Tx) DeleteProfileField(ctx context.Context, userID, name string) error {
	_, err := t.exec(ctx, `DELETE FROM profiles WHERE user_id = $1 AND field = $2`, userID, name)
	return err
}
