package store

import "context"

// Dehydrated is a device that is asleep (MSC3814).
type Dehydrated struct {
	UserID, DeviceID string
	Data             []byte
}

// Dehydrated is a user's device that is asleep; ErrNotFound if there is none.
func (t *Tx) Dehydrated(ctx context.Context, userID string) (Dehydrated, error) {
	d := Dehydrated{UserID: userID}
	err := t.one(ctx, `SELECT device_id, data FROM dehydrated_devices WHERE user_id = $1`, []any{userID}, &d.DeviceID, &d.Data)
	return d, err
}

// AddDehydrated makes a device that is asleep. There must not be one, nor another device of its id.
func (t *LaneTx) AddDehydrated(ctx context.Context, d Dehydrated, name *string, now int64) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	if err := t.PutDevice(ctx, Device{UserID: d.UserID, ID: d.DeviceID, DisplayName: name, CreatedTS: now}); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO dehydrated_devices (user_id, device_id, data) VALUES ($1, $2, $3)`, d.UserID, d.DeviceID, d.Data)
	return err
}
