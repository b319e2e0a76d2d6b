package store

import "context"

// Alias is a name of a room.
type Alias struct {
	Alias   string
	Room    int64
	RoomID  string
	Creator string
}

const aliasColumns = `a.alias, a.room, r.room_id, a.creator FROM aliases a JOIN rooms r ON r.room = a.room `

func scanAlias(rows Rows) (*Alias, error) {
	var a Alias
	err := rows.Scan(&a.Alias, &a.Room, &a.RoomID, &a.Creator)
	return &a, err
}

// AliasByName finds an alias.
func (t *Tx) AliasByName(ctx context.Context, alias string) (*Alias, error) {
	return first(list(ctx, t, scanAlias, `SELECT `+aliasColumns+`WHERE a.alias = $1`, alias))
}

// AliasesByName returns those of the aliases that exist.
func (t *Tx) AliasesByName(ctx context.Context, aliases []string) ([]*Alias, error) {
	if len(aliases) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanAlias, `SELECT `+aliasColumns+`WHERE a.alias = ANY($1)`, aliases)
}

// AliasesOf lists a room's aliases, bounded by limit.
func (t *Tx) AliasesOf(ctx context.Context, room int64, limit int) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT a.alias FROM aliases a WHERE a.room = $1 ORDER BY a.alias LIMIT $2`, room, limit)
}

// DeleteAlias removes an alias of a room and tells whether it was there.
func (t *LaneTx) DeleteAlias(ctx context.Context, alias string, room int64) (found bool, err error) {
	if err := t.save(ctx); err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `DELETE FROM aliases WHERE alias = $1 AND room = $2`, alias, room)
	return n > 0, err
}
