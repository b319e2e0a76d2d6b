package store

import (
	"context"
	"fmt"
)

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
	UpdatedTS         int64
	Version           int64  // another one whenever the pusher is set
	Host              string // where its notifications go to
	// Activated is false until the client has sent AckToken back, if the kind of pusher asks for that.
	Activated    bool
	AckToken     string
	AckExpiresTS int64
	Queued       int64 // counts what was put into its queue
	Failures     int64 // attempts since the last success
}

const pusherColumns = `p.user_id, p.app_id, p.pushkey, p.device_id, p.kind, p.app_display_name, p.device_display_name, p.profile_tag,
	p.lang, p.data, p.created_ts, p.updated_ts, p.version, p.host, p.activated, p.ack_token, p.ack_expires_ts, p.queued, p.failures
	FROM pushers p `

func scanPusher(rows Rows) (Pusher, error) {
	var p Pusher
	var tag, ack *string
	err := rows.Scan(&p.UserID, &p.AppID, &p.Pushkey, &p.DeviceID, &p.Kind, &p.AppDisplayName, &p.DeviceDisplayName, &tag,
		&p.Lang, &p.Data, &p.CreatedTS, &p.UpdatedTS, &p.Version, &p.Host, &p.Activated, &ack, &p.AckExpiresTS, &p.Queued, &p.Failures)
	p.ProfileTag, p.AckToken = str(tag), str(ack)
	return p, err
}

// PutPusher writes a pusher, in place of an earlier one of the user with the same app and key. What waits for it is tried at once.
func (t *Tx) PutPusher(ctx context.Context, p Pusher) error {
	if err := t.notePusher(ctx, p.UserID); err != nil { // first, as following locks first the lane and then pushers
		return err
	}
	// While a user has no pusher, nobody keeps account of what is unread.
	if _, err := t.exec(ctx, `DELETE FROM push_unread WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM pushers p WHERE p.user_id = $1)`,
		p.UserID); err != nil {
		return fmt.Errorf("clearing what was unread: %w", err)
	}
	_, err := t.exec(ctx, `INSERT INTO pushers (user_id, app_id, pushkey, device_id, kind, app_display_name, device_display_name,
		profile_tag, lang, data, created_ts, updated_ts, version, host, lane, activated, ack_token, ack_expires_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (user_id, app_id, pushkey) DO UPDATE SET device_id = excluded.device_id, kind = excluded.kind,
		app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name,
		profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data, updated_ts = excluded.updated_ts,
		version = excluded.version, host = excluded.host, lane = excluded.lane, activated = excluded.activated,
		ack_token = excluded.ack_token, ack_expires_ts = excluded.ack_expires_ts, failures = 0,
		due_ts = CASE WHEN pushers.due_ts IS NULL THEN NULL ELSE 0 END`,
		p.UserID, p.AppID, p.Pushkey, p.DeviceID, p.Kind, p.AppDisplayName, p.DeviceDisplayName, null(p.ProfileTag), p.Lang, p.Data,
		p.CreatedTS, p.UpdatedTS, p.Version, p.Host, t.laneOf(p.UserID), p.Activated, null(p.AckToken), p.AckExpiresTS)
	return err
}

// notePusher lets whoever pushes know that a user has a new pusher.
func (t *Tx) notePusher(ctx context.Context, userID string) error {
	var turn int64
	lane := t.laneOf(userID)
	err := t.one(ctx, `INSERT INTO push_lanes (lane, holder, turn, pos, pusher_turn) SELECT l.lane, '', 0, l.pos, 1 FROM lanes l
		WHERE l.lane = $1 ON CONFLICT (lane) DO UPDATE SET pusher_turn = push_lanes.pusher_turn + 1 RETURNING pusher_turn`,
		[]any{lane}, &turn)
	if err != nil {
		return fmt.Errorf("noting a new pusher: %w", err)
	}
	_, err = t.exec(ctx, `INSERT INTO pusher_changes (user_id, lane, turn) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET lane = excluded.lane, turn = excluded.turn`, userID, lane, turn)
	return err
}

// DeletePusher removes a user's pusher, and what waits for it.
func (t *Tx) DeletePusher(ctx context.Context, userID, appID, pushkey string) error {
	if _, err := t.exec(ctx, `DELETE FROM push_queue WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, userID, appID, pushkey); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, userID, appID, pushkey)
	return err
}

// DeletePusherVersion removes a pusher unless it was set again since it had the given version. What waits for it is left to SweepPush.
func (t *Tx) DeletePusherVersion(ctx context.Context, p Pusher) error {
	_, err := t.exec(ctx, `DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3 AND version = $4`,
		p.UserID, p.AppID, p.Pushkey, p.Version)
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

// ActivatePusher marks a pusher as one that its client has confirmed, unless it was set again since it had the given version.
func (t *Tx) ActivatePusher(ctx context.Context, p Pusher) error {
	_, err := t.exec(ctx, `UPDATE pushers SET activated = TRUE, ack_token = NULL WHERE user_id = $1 AND app_id = $2 AND pushkey = $3
		AND version = $4`, p.UserID, p.AppID, p.Pushkey, p.Version)
	return err
}
