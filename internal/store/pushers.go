package store

import "context"

// Pusher is where a device of a user wants to be told of events.
type Pusher struct {
	UserID            string
	AppID             string
	Pushkey           string
	DeviceID          string // of the device that made it
	Kind              string
	AppDisplayName    string
	DeviceDisplayName string
	ProfileTag        string // empty if there is none
	Lang              string
	Data              []byte // JSON object
	CreatedTS         int64
}

const pusherColumns = `p.user_id, p.app_id, p.pushkey, p.device_id, p.kind, p.app_display_name, p.device_display_name, p.profile_tag,
	p.lang, p.data, p.created_ts FROM pushers p `

func scanPusher(rows Rows) (Pusher, error) {
	var p Pusher
	var tag *string
	err := rows.Scan(&p.UserID, &p.AppID, &p.Pushkey, &p.DeviceID, &p.Kind, &p.AppDisplayName, &p.DeviceDisplayName, &tag,
		&p.Lang, &p.Data, &p.CreatedTS)
	p.ProfileTag = str(tag)
	return p, err
}

// PutPusher writes a pusher, in place of an earlier one of the user with the same app and key.
func (t *Tx) PutPusher(ctx context.Context, p Pusher) error {
	_, err := t.exec(ctx, `INSERT INTO pushers (user_id, app_id, pushkey, device_id, kind, app_display_name, device_display_name,
		profile_tag, lang, data, created_ts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (user_id, app_id, pushkey) DO UPDATE SET device_id = excluded.device_id, kind = excluded.kind,
		app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name,
		profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data`,
		p.UserID, p.AppID, p.Pushkey, p.DeviceID, p.Kind, p.AppDisplayName, p.DeviceDisplayName, null(p.ProfileTag), p.Lang, p.Data, p.CreatedTS)
	return err
}

// DeletePusher removes a user's pusher.
func (t *Tx) DeletePusher(ctx context.Context, userID, appID, pushkey string) error {
	_, err := t.exec(ctx, `DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, userID, appID, pushkey)
	return err
}

// DeletePushersOfOthers removes the pushers with this app and key of all users but the given one.
func (t *Tx) DeletePushersOfOthers(ctx context.Context, userID, appID, pushkey string) error {
	_, err := t.exec(ctx, `DELETE FROM pushers WHERE pushkey = $1 AND app_id = $2 AND user_id <> $3`, pushkey, appID, userID)
	return err
}

// Pushers is a user's pushers, the oldest first.
func (t *Tx) Pushers(ctx context.Context, userID string) ([]Pusher, error) {
	return list(ctx, t, scanPusher, `SELECT `+pusherColumns+`WHERE p.user_id = $1 ORDER BY p.created_ts, p.app_id, p.pushkey`, userID)
}
