package store

import (
	"context"
	"fmt"
)

// DeviceKeys are the identity keys of a device.
type DeviceKeys struct {
	UserID, DeviceID string
	JSON             []byte
	// DisplayName is the device's; nil if it has none. It is not written.
	DisplayName *string
}

// KeyChange says that the one-time or fallback keys of a device changed.
type KeyChange struct {
	UserID, DeviceID string
	Pos              Pos
}

func scanKeyChange(rows Rows) (KeyChange, error) {
	var c KeyChange
	err := rows.Scan(&c.UserID, &c.DeviceID, &c.Pos)
	return c, err
}

// PutDeviceKeys writes a device's identity keys.
func (t *LaneTx) PutDeviceKeys(ctx context.Context, k DeviceKeys) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO device_keys (user_id, device_id, json) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, device_id) DO UPDATE SET json = excluded.json`, k.UserID, k.DeviceID, k.JSON)
	return err
}

// DeviceKeysOf returns the identity keys of the users' devices, in no order.
func (t *Tx) DeviceKeysOf(ctx context.Context, users []string) ([]DeviceKeys, error) {
	return list(ctx, t, scanDeviceKeys, `SELECT k.user_id, k.device_id, k.json, d.display_name FROM device_keys k
		JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id WHERE k.user_id = ANY($1)`, users)
}

func scanDeviceKeys(rows Rows) (DeviceKeys, error) {
	var k DeviceKeys
	err := rows.Scan(&k.UserID, &k.DeviceID, &k.JSON, &k.DisplayName)
	return k, err
}

// DeviceKeys is a device's identity keys.
func (t *Tx) DeviceKeys(ctx context.Context, userID, deviceID string) (json []byte, err error) {
	err = t.one(ctx, `SELECT json FROM device_keys WHERE user_id = $1 AND device_id = $2`, []any{userID, deviceID}, &json)
	return json, err
}

// deleteKeys removes all that belongs to devices of a user and tells those who see them. It takes the user's lane, so that nothing is
// added behind its back.
func (t *Tx) deleteKeys(ctx context.Context, userID string, devices []string) error {
	if err := t.takeLane(ctx, t.laneOf(userID)); err != nil {
		return err
	}
	had, err := t.exec(ctx, `DELETE FROM device_keys WHERE user_id = $1 AND device_id = ANY($2)`, userID, devices)
	if err != nil {
		return fmt.Errorf("deleting device keys: %w", err)
	}
	for _, q := range []string{
		`DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM claimed_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM fallback_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM key_changes WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM to_device WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM key_signatures WHERE target_user = $1 AND target_key = ANY($2)`,
		`DELETE FROM dehydrated_devices WHERE user_id = $1 AND device_id = ANY($2)`,
	} {
		if _, err := t.exec(ctx, q, userID, devices); err != nil {
			return fmt.Errorf("deleting the keys of devices: %w", err)
		}
	}
	if had == 0 {
		return nil
	}
	return t.ChangeDeviceList(ctx, userID)
}
