package store

import (
	"context"
	"time"
)

// findRoomsTime bounds the reading of the rooms of users whose devices changed.
const findRoomsTime = 5 * time.Second

// ToDevice is a message to one device. A device gets at most one at each position.
type ToDevice struct {
	UserID, DeviceID string
	Pos              Pos
	Sender, Type     string
	Content          []byte
}

func scanToDeviceName(rows Rows) (ToDevice, error) {
	var m ToDevice
	err := rows.Scan(&m.UserID, &m.DeviceID, &m.Pos)
	return m, err
}

func scanToDevice(rows Rows) (ToDevice, error) {
	var m ToDevice
	err := rows.Scan(&m.Pos, &m.Sender, &m.Type, &m.Content)
	return m, err
}

// AddToDevice queues messages, at most one for each device, for those of the devices that exist.
func (t *LaneTx) AddToDevice(messages []ToDevice) {
	pos := t.Next()
	for _, m := range messages {
		t.batch.ToDevice = append(t.batch.ToDevice, ToDevice{UserID: m.UserID, DeviceID: m.DeviceID, Pos: pos})
		t.writeLater(`INSERT INTO to_device (user_id, device_id, pos, sender, type, content)
			SELECT d.user_id, d.device_id, CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), $6 FROM devices d WHERE d.user_id = $1 AND d.device_id = $2`,
			m.UserID, m.DeviceID, int64(pos), m.Sender, m.Type, m.Content)
	}
}

// ToDeviceFor returns a device's messages in (from, to], in order, at most limit.
func (t *Tx) ToDeviceFor(ctx context.Context, userID, deviceID string, from, to Pos, limit int) ([]ToDevice, error) {
	return list(ctx, t, scanToDevice, `SELECT pos, sender, type, content FROM to_device WHERE user_id = $1 AND device_id = $2
		AND pos > $3 AND pos <= $4 ORDER BY pos LIMIT $5`, userID, deviceID, int64(from), int64(to), limit)
}

// CountToDevice counts the messages that wait for a device, as far as limit.
func (t *Tx) CountToDevice(ctx context.Context, userID, deviceID string, limit int) (n int, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM to_device WHERE user_id = $1 AND device_id = $2 LIMIT $3) AS counted`,
		[]any{userID, deviceID, limit}, &n)
	return n, err
}

// Acknowledged says that a device has its messages up to a position.
type Acknowledged struct {
	UserID, DeviceID string
	Pos              Pos
}

// DropToDevice deletes messages that devices have.
func (t *Tx) DropToDevice(ctx context.Context, acks []Acknowledged) error {
	rows := make([][]any, len(acks))
	for i, a := range acks {
		rows[i] = []any{a.UserID, a.DeviceID, int64(a.Pos)}
	}
	return t.execMany(ctx, `DELETE FROM to_device WHERE user_id = $1 AND device_id = $2 AND pos <= $3`, rows)
}

// DeviceIDs returns the ids of the users' devices.
func (t *Tx) DeviceIDs(ctx context.Context, users []string) (map[string][]string, error) {
	rows, err := t.q.Query(ctx, `SELECT user_id, device_id FROM devices WHERE user_id = ANY($1)`, users)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		var user, device string
		if err := rows.Scan(&user, &device); err != nil {
			return nil, err
		}
		out[user] = append(out[user], device)
	}
	return out, rows.Err()
}

// findSent looks up which of a batch's requests to send to devices are done.
func (t *LaneTx) findSent(batch []*job) []read {
	t.sent = map[string]bool{}
	var keys []string
	for _, j := range batch {
		if j.sendKey != "" {
			keys = append(keys, j.sendKey)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return []read{{
		sql: `SELECT txn_key FROM to_device_txns WHERE txn_key = ANY($1)`, args: []any{keys},
		row: func(rows Rows) error {
			var key string
			err := rows.Scan(&key)
			t.sent[key] = true
			return err
		},
	}}
}

func (t *LaneTx) isSent(key string) bool { return t.sent[key] }

func (t *LaneTx) markSent(key string, now int64) {
	t.sent[key] = true
	t.writeLater(`INSERT INTO to_device_txns (txn_key, ts) VALUES ($1, $2)`, key, now)
}

// ForgetSent forgets requests to send to devices that were made before the given time, at most limit, and returns how many.
func (t *Tx) ForgetSent(ctx context.Context, before int64, limit int) (int64, error) {
	return t.exec(ctx, `DELETE FROM to_device_txns WHERE txn_key IN (SELECT txn_key FROM to_device_txns WHERE ts < $1 LIMIT $2)`, before, limit)
}
