package store

import (
	"context"
	"fmt"
)

// OneTimeKey is a one-time or fallback key of a device.
type OneTimeKey struct {
	UserID, DeviceID string
	Algorithm, KeyID string
	JSON             []byte
	Used             bool // of a fallback key
}

// ClaimedKey is what is remembered of a key that was given out.
type ClaimedKey struct {
	Algorithm, KeyID string
	Hash             []byte // of its JSON
}

func scanOneTimeKey(rows Rows) (OneTimeKey, error) {
	var k OneTimeKey
	err := rows.Scan(&k.UserID, &k.DeviceID, &k.Algorithm, &k.KeyID, &k.JSON)
	return k, err
}

// OneTimeKeys are the unclaimed keys of a device, without order.
func (t *Tx) OneTimeKeys(ctx context.Context, userID, deviceID string) ([]OneTimeKey, error) {
	return list(ctx, t, scanOneTimeKey, `SELECT user_id, device_id, algorithm, key_id, json FROM one_time_keys
		WHERE user_id = $1 AND device_id = $2`, userID, deviceID)
}

// ClaimedKeys are those of the key ids that were given out.
func (t *Tx) ClaimedKeys(ctx context.Context, userID, deviceID string, keyIDs []string) ([]ClaimedKey, error) {
	return list(ctx, t, scanClaimedKey, `SELECT algorithm, key_id, hash FROM claimed_keys
		WHERE user_id = $1 AND device_id = $2 AND key_id = ANY($3)`, userID, deviceID, keyIDs)
}

func scanClaimedKey(rows Rows) (ClaimedKey, error) {
	var k ClaimedKey
	err := rows.Scan(&k.Algorithm, &k.KeyID, &k.Hash)
	return k, err
}

// AddOneTimeKeys adds keys of one device, behind those that are there. A key whose id is taken is ErrConflict.
func (t *LaneTx) AddOneTimeKeys(ctx context.Context, userID, deviceID string, keys []OneTimeKey) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	pos := t.changeKeys(userID, deviceID)
	rows := make([][]any, len(keys))
	for i, k := range keys {
		ord := fmt.Sprintf("%016x%04x", int64(pos), i)
		rows[i] = []any{ord, userID, deviceID, k.Algorithm, k.KeyID, k.JSON}
	}
	return t.execMany(ctx, `INSERT INTO one_time_keys (ord, user_id, device_id, algorithm, key_id, json)
		VALUES ($1, $2, $3, $4, $5, $6)`, rows)
}

// changeKeys takes a position for a change of a device's one-time or fallback keys.
func (t *LaneTx) changeKeys(userID, deviceID string) Pos {
	pos := t.Next()
	t.batch.KeyChanges = append(t.batch.KeyChanges, KeyChange{UserID: userID, DeviceID: deviceID, Pos: pos})
	t.writeLater(`INSERT INTO key_changes (user_id, device_id, pos) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, device_id) DO UPDATE SET pos = excluded.pos`, userID, deviceID, int64(pos))
	return pos
}

// OldestOneTimeKeys names, for each device of the users that has keys of the algorithm, the one that comes next.
func (t *Tx) OldestOneTimeKeys(ctx context.Context, users []string, algorithm string) ([]NextKey, error) {
	// One look into the index a device, however many keys it has.
	return list(ctx, t, scanNextKey, `SELECT user_id, device_id, ord FROM (SELECT d.user_id, d.device_id, (SELECT k.ord FROM one_time_keys k
		WHERE k.user_id = d.user_id AND k.device_id = d.device_id AND k.algorithm = $2 ORDER BY k.ord LIMIT 1) AS ord
		FROM devices d WHERE d.user_id = ANY($1)) AS next WHERE ord IS NOT NULL`, users, algorithm)
}

// NextKey is the place of the key of a device that is given out next.
type NextKey struct{ UserID, DeviceID, Ord string }

func scanNextKey(rows Rows) (NextKey, error) {
	var k NextKey
	err := rows.Scan(&k.UserID, &k.DeviceID, &k.Ord)
	return k, err
}

// TakeOneTimeKeys gives keys out: they are gone, and what hash makes of each is remembered.
func (t *LaneTx) TakeOneTimeKeys(ctx context.Context, ords []string, hash func(json []byte) []byte) ([]OneTimeKey, error) {
	// The only statement of this job that writes at once; it needs no savepoint, for nothing that comes after it can fail.
	keys, err := list(ctx, &t.Tx, scanOneTimeKey,
		`DELETE FROM one_time_keys WHERE ord = ANY($1) RETURNING user_id, device_id, algorithm, key_id, json`, ords)
	if err != nil {
		return nil, fmt.Errorf("taking one-time keys: %w", err)
	}
	for _, k := range keys {
		t.changeKeys(k.UserID, k.DeviceID)
		t.writeLater(`INSERT INTO claimed_keys (user_id, device_id, algorithm, key_id, hash) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (user_id, device_id, algorithm, key_id) DO UPDATE SET hash = excluded.hash`,
			k.UserID, k.DeviceID, k.Algorithm, k.KeyID, hash(k.JSON))
	}
	return keys, nil
}

// PutFallbackKey replaces a device's fallback key of an algorithm.
func (t *LaneTx) PutFallbackKey(ctx context.Context, k OneTimeKey) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	t.changeKeys(k.UserID, k.DeviceID)
	_, err := t.exec(ctx, `INSERT INTO fallback_keys (user_id, device_id, algorithm, key_id, json, used) VALUES ($1, $2, $3, $4, $5, FALSE)
		ON CONFLICT (user_id, device_id, algorithm) DO UPDATE SET key_id = excluded.key_id, json = excluded.json, used = excluded.used`,
		k.UserID, k.DeviceID, k.Algorithm, k.KeyID, k.JSON)
	return err
}

// FallbackKeys are the fallback keys of the users' devices.
func (t *Tx) FallbackKeys(ctx context.Context, users []string) ([]OneTimeKey, error) {
	return list(ctx, t, scanFallbackKey, `SELECT user_id, device_id, algorithm, key_id, json, used FROM fallback_keys
		WHERE user_id = ANY($1)`, users)
}

func scanFallbackKey(rows Rows) (OneTimeKey, error) {
	var k OneTimeKey
	err := rows.Scan(&k.UserID, &k.DeviceID, &k.Algorithm, &k.KeyID, &k.JSON, &k.Used)
	return k, err
}

// UseFallbackKey marks a fallback key as given out.
func (t *LaneTx) UseFallbackKey(k OneTimeKey) {
	t.changeKeys(k.UserID, k.DeviceID)
	t.writeLater(`UPDATE fallback_keys SET used = TRUE WHERE user_id = $1 AND device_id = $2 AND algorithm = $3 AND key_id = $4`,
		k.UserID, k.DeviceID, k.Algorithm, k.KeyID)
}

// KeyCounts is how many one-time keys of each algorithm a device has, and for which algorithms an unused fallback key.
type KeyCounts struct {
	OneTime        map[string]int
	UnusedFallback []string
}

// KeyCounts counts a device's keys.
func (t *Tx) KeyCounts(ctx context.Context, userID, deviceID string) (KeyCounts, error) {
	out := KeyCounts{OneTime: map[string]int{}, UnusedFallback: []string{}}
	counts, err := list(ctx, t, scanCount, `SELECT algorithm, COUNT(*) FROM one_time_keys WHERE user_id = $1 AND device_id = $2
		GROUP BY algorithm`, userID, deviceID)
	if err != nil {
		return out, fmt.Errorf("counting one-time keys: %w", err)
	}
	for _, c := range counts {
		out.OneTime[c.name] = c.n
	}
	unused, err := list(ctx, t, scanOne[string], `SELECT algorithm FROM fallback_keys WHERE user_id = $1 AND device_id = $2 AND NOT used
		ORDER BY algorithm`, userID, deviceID)
	if err != nil {
		return out, fmt.Errorf("looking for fallback keys: %w", err)
	}
	out.UnusedFallback = append(out.UnusedFallback, unused...)
	return out, nil
}

type count struct {
	name string
	n    int
}

func scanCount(rows Rows) (count, error) {
	var c count
	err := rows.Scan(&c.name, &c.n)
	return c, err
}
