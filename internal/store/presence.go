package store

import (
	"cmp"
	"context"
	"slices"
)

// Presence is what outlives a restart of a user's presence. Times are in milliseconds since 1970; 0 is never.
type Presence struct {
	UserID     string
	StatusMsg  string
	SetAt      int64 // when the user set StatusMsg
	LastActive int64
}

// SavePresence writes rows of which each part is kept only if it is newer than what is there: several nodes may write of one user.
func (s *Store) SavePresence(ctx context.Context, presence []Presence) error {
	// In one order, so that two nodes never wait for each other's rows.
	ordered := slices.SortedFunc(slices.Values(presence), func(a, b Presence) int { return cmp.Compare(a.UserID, b.UserID) })
	args := make([][]any, len(ordered))
	return s.Write(ctx, func(tx *Tx) error {
		for i, p := range ordered {
			args[i] = []any{p.UserID, p.StatusMsg, p.SetAt, p.LastActive}
		}
		return tx.execMany(ctx, `INSERT INTO presence (user_id, status_msg, set_at, last_active) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id) DO UPDATE SET
			status_msg = CASE WHEN excluded.set_at >= presence.set_at THEN excluded.status_msg ELSE presence.status_msg END,
			set_at = CASE WHEN excluded.set_at >= presence.set_at THEN excluded.set_at ELSE presence.set_at END,
			last_active = CASE WHEN excluded.last_active > presence.last_active THEN excluded.last_active ELSE presence.last_active END`, args)
	})
}

// LoadPresence returns what was saved of the users.
func (s *Store) LoadPresence(ctx context.Context, userIDs []string) (out []Presence, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		out, err = list(ctx, tx, scanPresence, `SELECT user_id, status_msg, set_at, last_active FROM presence WHERE user_id = ANY($1)`, userIDs)
		return err
	})
	return out, err
}

func scanPresence(rows Rows) (Presence, error) {
	var p Presence
	err := rows.Scan(&p.UserID, &p.StatusMsg, &p.SetAt, &p.LastActive)
	return p, err
}
