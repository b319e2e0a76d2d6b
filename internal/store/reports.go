package store

import "context"

// Report is what a user reported; of RoomID, EventID and UserID the ones that apply are not empty.
type Report struct {
	ID                      string
	Received                int64 // milliseconds
	Reporter                string
	RoomID, EventID, UserID string
	Reason                  string
	Score                   *int64
}

// AddReport keeps a report for the server's administrators.
func (t *Tx) AddReport(ctx context.Context, r Report) error {
	_, err := t.exec(ctx, `INSERT INTO reports (report_id, received_ts, reporter, room_id, event_id, user_id, reason, score)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, r.ID, r.Received, r.Reporter, null(r.RoomID), null(r.EventID), null(r.UserID), r.Reason, r.Score)
	return err
}

// Reports lists what was reported, the newest first, bounded by limit.
func (t *Tx) Reports(ctx context.Context, limit int) ([]Report, error) {
	return list(ctx, t, func(rows Rows) (Report, error) {
		var r Report
		var room, event, user *string
		err := rows.Scan(&r.ID, &r.Received, &r.Reporter, &room, &event, &user, &r.Reason, &r.Score)
		r.RoomID, r.EventID, r.UserID = str(room), str(event), str(user)
		return r, err
	}, `SELECT report_id, received_ts, reporter, room_id, event_id, user_id, reason, score FROM reports ORDER BY received_ts DESC, report_id LIMIT $1`, limit)
}
