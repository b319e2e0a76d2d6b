package store

import (
	"context"
	"errors"
)

// BackupVersion is a back-up of a user's room keys.
type BackupVersion struct {
	UserID    string
	Version   int64
	Algorithm string
	AuthData  []byte
	Etag      int64 // grows with every change of the keys
	Keys      int64 // how many there are
	Deleted   bool
}

const backupColumns = `user_id, version, algorithm, auth_data, etag, keys, deleted FROM backup_versions `

func (b *BackupVersion) fields() []any {
	return []any{&b.UserID, &b.Version, &b.Algorithm, &b.AuthData, &b.Etag, &b.Keys, &b.Deleted}
}

// LatestBackup is the newest of a user's back-ups that is not deleted.
func (t *Tx) LatestBackup(ctx context.Context, userID string) (BackupVersion, error) {
	var b BackupVersion
	err := t.one(ctx, `SELECT `+backupColumns+`WHERE user_id = $1 AND NOT deleted ORDER BY version DESC LIMIT 1`, []any{userID}, b.fields()...)
	return b, err
}

// Backup is one back-up, be it deleted or not.
func (t *Tx) Backup(ctx context.Context, userID string, version int64) (BackupVersion, error) {
	var b BackupVersion
	err := t.one(ctx, `SELECT `+backupColumns+`WHERE user_id = $1 AND version = $2`, []any{userID, version}, b.fields()...)
	return b, err
}

// AddBackup makes a back-up with the next version, which it returns. The user is locked (LockUser), here and in all that follows.
func (t *Tx) AddBackup(ctx context.Context, b BackupVersion) (version int64, err error) {
	err = t.one(ctx, `INSERT INTO backup_versions (user_id, version, algorithm, auth_data, etag, keys, deleted)
		SELECT CAST($1 AS TEXT), COALESCE(MAX(version), 0) + 1, CAST($2 AS TEXT), $3, 0, 0, FALSE FROM backup_versions WHERE user_id = $1
		RETURNING version`, []any{b.UserID, b.Algorithm, b.AuthData}, &version)
	return version, err
}

// UpdateBackup writes a back-up's auth_data, etag and number of keys.
func (t *Tx) UpdateBackup(ctx context.Context, b BackupVersion) error {
	_, err := t.exec(ctx, `UPDATE backup_versions SET auth_data = $3, etag = $4, keys = $5 WHERE user_id = $1 AND version = $2`,
		b.UserID, b.Version, b.AuthData, b.Etag, b.Keys)
	return err
}

// DeleteBackup deletes a back-up. Its keys can no longer be reached, and go bit by bit (DropBackupGarbage).
func (t *Tx) DeleteBackup(ctx context.Context, userID string, version int64) error {
	if _, err := t.exec(ctx, `UPDATE backup_versions SET deleted = TRUE, keys = 0 WHERE user_id = $1 AND version = $2`, userID, version); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO backup_garbage (user_id, version) VALUES ($1, $2) ON CONFLICT DO NOTHING`, userID, version)
	return err
}

// DropBackupGarbage deletes about limit keys of deleted back-ups, and tells whether there may be more.
func (t *Tx) DropBackupGarbage(ctx context.Context, limit int) (more bool, err error) {
	var b BackupVersion
	err = t.one(ctx, `SELECT user_id, version FROM backup_garbage ORDER BY user_id, version LIMIT 1`, nil, &b.UserID, &b.Version)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `DELETE FROM backup_keys WHERE user_id = $1 AND version = $2 AND session_id IN
		(SELECT session_id FROM backup_keys WHERE user_id = $1 AND version = $2 LIMIT $3)`, b.UserID, b.Version, limit)
	if err != nil || n > 0 {
		return true, err
	}
	_, err = t.exec(ctx, `DELETE FROM backup_garbage WHERE user_id = $1 AND version = $2`, b.UserID, b.Version)
	return true, err
}

// BackupKey is an encrypted room key in a back-up.
type BackupKey struct {
	RoomID, SessionID string
	FirstIndex        int64 // first_message_index
	Forwarded         int64 // forwarded_count
	Verified          bool  // is_verified
	Data              []byte
}

const backupKeyColumns = `room_id, session_id, first_message_index, forwarded_count, is_verified, session_data FROM backup_keys `

func scanBackupKey(rows Rows) (BackupKey, error) {
	var k BackupKey
	err := rows.Scan(&k.RoomID, &k.SessionID, &k.FirstIndex, &k.Forwarded, &k.Verified, &k.Data)
	return k, err
}

// BackupKeysOf are those keys of a back-up that have one of the session ids.
func (t *Tx) BackupKeysOf(ctx context.Context, userID string, version int64, sessions []string) ([]BackupKey, error) {
	return list(ctx, t, scanBackupKey, `SELECT `+backupKeyColumns+`WHERE user_id = $1 AND version = $2 AND session_id = ANY($3)`,
		userID, version, sessions)
}

// BackupKeysAfter lists at most limit keys of a back-up, in the order of rooms and sessions, after the given one. roomID narrows it to a
// room, unless it is empty.
func (t *Tx) BackupKeysAfter(ctx context.Context, userID string, version int64, roomID string, after BackupKey, limit int) ([]BackupKey, error) {
	if roomID != "" {
		return list(ctx, t, scanBackupKey, `SELECT `+backupKeyColumns+`WHERE user_id = $1 AND version = $2 AND room_id = $3 AND session_id > $4
			ORDER BY session_id LIMIT $5`, userID, version, roomID, after.SessionID, limit)
	}
	return list(ctx, t, scanBackupKey, `SELECT `+backupKeyColumns+`WHERE user_id = $1 AND version = $2 AND (room_id, session_id) > ($3, $4)
		ORDER BY room_id, session_id LIMIT $5`, userID, version, after.RoomID, after.SessionID, limit)
}

// PutBackupKeys writes keys, in place of those with the same room and session.
func (t *Tx) PutBackupKeys(ctx context.Context, userID string, version int64, keys []BackupKey) error {
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{userID, version, k.RoomID, k.SessionID, k.FirstIndex, k.Forwarded, k.Verified, k.Data}
	}
	return t.execMany(ctx, `INSERT INTO backup_keys (user_id, version, room_id, session_id, first_message_index, forwarded_count, is_verified,
		session_data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, version, room_id, session_id) DO UPDATE SET
		first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count, is_verified = excluded.is_verified,
		session_data = excluded.session_data`, rows)
}

// DeleteBackupKeys deletes keys of a back-up and returns how many: all, those of a room, or one.
func (t *Tx) DeleteBackupKeys(ctx context.Context, userID string, version int64, roomID, sessionID string) (int64, error) {
	return t.exec(ctx, `DELETE FROM backup_keys WHERE user_id = $1 AND version = $2 AND ($3 = '' OR room_id = $3) AND ($4 = '' OR session_id = $4)`,
		userID, version, roomID, sessionID)
}
