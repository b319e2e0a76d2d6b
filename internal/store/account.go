package store

import (
	"context"
	"strings"
)

// User is an account.
type User struct {
	ID           string
	PasswordHash string // empty: no password login
	Type         string // a label that administrators give, such as bot; empty for people
	Guest        bool
	Admin        bool
	Locked       bool
	Suspended    bool
	Deactivated  bool
	Erased       bool
	CreatedTS    int64
}

const userColumns = `user_id, password_hash, user_type, guest, admin, locked, suspended, deactivated, erased, created_ts`

func (u *User) fields() []any {
	return []any{
		&u.ID, &u.PasswordHash, &u.Type, &u.Guest, &u.Admin, &u.Locked, &u.Suspended, &u.Deactivated, &u.Erased, &u.CreatedTS,
	}
}

// usersOf is userColumns where the table has another name in the query.
func usersOf(table string) string {
	return table + "." + strings.ReplaceAll(userColumns, ", ", ", "+table+".")
}

func scanUser(rows Rows) (User, error) {
	var u User
	err := rows.Scan(u.fields()...)
	return u, err
}

// InsertUser makes an account; ErrConflict if its id is taken.
func (t *Tx) InsertUser(ctx context.Context, u User) error {
	return t.insertNew(ctx, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		u.ID, u.PasswordHash, u.Type, u.Guest, u.Admin, u.Locked, u.Suspended, u.Deactivated, u.Erased, u.CreatedTS)
}

// insertNew runs an INSERT … ON CONFLICT DO NOTHING; ErrConflict if it added no row.
func (t *Tx) insertNew(ctx context.Context, sql string, args ...any) error {
	n, err := t.exec(ctx, sql, args...)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// User is an account.
func (t *Tx) User(ctx context.Context, userID string) (User, error) {
	var u User
	err := t.one(ctx, `SELECT `+userColumns+` FROM users WHERE user_id = $1`, []any{userID}, u.fields()...)
	return u, err
}

// LockUser is User for a transaction that changes what belongs to the user: until its end no other such transaction runs. It writes,
// so that even a change which turns out to be done already is acknowledged only after a commit that waited for replication.
func (t *Tx) LockUser(ctx context.Context, userID string) (User, error) {
	var u User
	err := t.one(ctx, `UPDATE users SET turn = turn + 1 WHERE user_id = $1 RETURNING `+userColumns, []any{userID}, u.fields()...)
	return u, err
}

// UpdateUser writes all of an account but its id, type, guest and creation time, which never change.
func (t *Tx) UpdateUser(ctx context.Context, u User) error {
	_, err := t.exec(ctx, `UPDATE users SET password_hash = $2, admin = $3, locked = $4, suspended = $5, deactivated = $6, erased = $7
		WHERE user_id = $1`, u.ID, u.PasswordHash, u.Admin, u.Locked, u.Suspended, u.Deactivated, u.Erased)
	return err
}

// Users lists at most limit accounts whose id comes after the given one, in the order of ids.
func (t *Tx) Users(ctx context.Context, after string, limit int) ([]User, error) {
	return list(ctx, t, scanUser, `SELECT `+userColumns+` FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2`, after, limit)
}

// EraseUser deletes what a user kept on the server beside events: profile, account data, filters, cross-signing keys, back-ups of room
// keys, and the e-mail addresses of single sign-on.
func (t *Tx) EraseUser(ctx context.Context, userID string) error {
	for _, q := range []string{
		`DELETE FROM profiles WHERE user_id = $1`, `DELETE FROM account_data WHERE user_id = $1`, `DELETE FROM filters WHERE user_id = $1`,
		`DELETE FROM cross_signing_keys WHERE user_id = $1`, `DELETE FROM key_signatures WHERE target_user = $1`,
		`DELETE FROM key_signatures WHERE signer = $1`, `UPDATE external_ids SET email = '' WHERE user_id = $1`,
		`INSERT INTO backup_garbage (user_id, version) SELECT user_id, version FROM backup_versions WHERE user_id = $1 AND NOT deleted
			ON CONFLICT DO NOTHING`,
		`UPDATE backup_versions SET deleted = TRUE, keys = 0 WHERE user_id = $1`,
	} {
		if _, err := t.exec(ctx, q, userID); err != nil {
			return err
		}
	}
	return nil
}
