package store

import (
	"context"
	"errors"
)

// Device is one login of a user that lasts.
type Device struct {
	UserID, ID   string
	DisplayName  *string
	CreatedTS    int64
	LastSeenTS   int64
	LastSeenIP   string
	LastSeenWith string // the User-Agent
}

const deviceColumns = `user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip, user_agent`

func (d *Device) fields() []any {
	return []any{&d.UserID, &d.ID, &d.DisplayName, &d.CreatedTS, &d.LastSeenTS, &d.LastSeenIP, &d.LastSeenWith}
}

func scanDevice(rows Rows) (Device, error) {
	var d Device
	err := rows.Scan(d.fields()...)
	return d, err
}

// PutDevice makes a device; of one that is already there only the fields of the last use change.
func (t *Tx) PutDevice(ctx context.Context, d Device) error {
	_, err := t.exec(ctx, `INSERT INTO devices (`+deviceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (user_id, device_id) DO UPDATE SET last_seen_ts = excluded.last_seen_ts, last_seen_ip = excluded.last_seen_ip,
		user_agent = excluded.user_agent`, d.UserID, d.ID, d.DisplayName, d.CreatedTS, d.LastSeenTS, d.LastSeenIP, d.LastSeenWith)
	return err
}

// Devices lists a user's devices, in the order in which they were made.
func (t *Tx) Devices(ctx context.Context, userID string) ([]Device, error) {
	return list(ctx, t, scanDevice, `SELECT `+deviceColumns+` FROM devices WHERE user_id = $1 ORDER BY created_ts, device_id`, userID)
}

// Device is one device of a user.
func (t *Tx) Device(ctx context.Context, userID, deviceID string) (Device, error) {
	var d Device
	err := t.one(ctx, `SELECT `+deviceColumns+` FROM devices WHERE user_id = $1 AND device_id = $2`, []any{userID, deviceID}, d.fields()...)
	return d, err
}

// RenameDevice sets a device's display name; ErrNotFound if there is no such device.
func (t *Tx) RenameDevice(ctx context.Context, userID, deviceID, name string) error {
	n, err := t.exec(ctx, `UPDATE devices SET display_name = $3 WHERE user_id = $1 AND device_id = $2`, userID, deviceID, name)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	// The name is part of what others see of a device that has keys.
	_, err = t.DeviceKeys(ctx, userID, deviceID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.ChangeDeviceList(ctx, userID)
}

// DeleteDevices deletes devices with all that goes with them, and returns the hashes of their access tokens. Ids of no device are
// passed over.
func (t *Tx) DeleteDevices(ctx context.Context, userID string, ids []string) (revoked [][]byte, err error) {
	if err := t.deleteKeys(ctx, userID, ids); err != nil {
		return nil, err
	}
	revoked, err = t.deleteTokens(ctx, userID, ids)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM pushers WHERE user_id = $1 AND device_id = ANY($2)`, userID, ids); err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM sliding_states WHERE user_id = $1 AND device_id = ANY($2)`, userID, ids); err != nil {
		return nil, err
	}
	_, err = t.exec(ctx, `DELETE FROM devices WHERE user_id = $1 AND device_id = ANY($2)`, userID, ids)
	return revoked, err
}

// NoteSeen moves the last use of devices on, never back.
func (t *Tx) NoteSeen(ctx context.Context, seen []Device) error {
	rows := make([][]any, 0, len(seen))
	for _, d := range seen {
		rows = append(rows, []any{d.UserID, d.ID, d.LastSeenTS, d.LastSeenIP, d.LastSeenWith})
	}
	return t.execMany(ctx, `UPDATE devices SET last_seen_ts = $3, last_seen_ip = $4, user_agent = $5
		WHERE user_id = $1 AND device_id = $2 AND last_seen_ts < $3`, rows)
}
