package store

import "context"

// AddAlias points an alias at a room; ErrConflict if the alias is taken.
func (t *LaneTx) AddAlias(ctx context.Context, alias string, room int64, creator string) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO aliases (alias, room, creator) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, alias, room, creator)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	return nil
}

// MoveAliases points all aliases of one room at another.
func (t *LaneTx) MoveAliases(ctx context.Context, from, to int64) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE aliases SET room = $1 WHERE room = $2`, to, from)
	return err
}
