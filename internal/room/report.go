package room

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Report keeps what a user finds inappropriate for the administrators (Client-Server API, "Reporting Content").
//
// Whether a reported room or user exists is not told: a report of what does not exist is not kept, and answered alike. An event can be
// reported only by who is in the room and may see it.
func (r *Reader) Report(ctx context.Context, report store.Report) error {
	report.ID, report.Received = rand.Text(), time.Now().UnixMilli()
	exists := true
	err := r.store.Read(ctx, func(tx *store.Tx) error {
		var err error
		switch {
		case report.EventID != "":
			err = r.reportable(ctx, tx, report)
		case report.RoomID != "":
			_, err = tx.RoomByID(ctx, report.RoomID)
		default:
			_, err = tx.User(ctx, report.UserID)
		}
		if errors.Is(err, store.ErrNotFound) {
			exists = false
			return nil
		}
		return err
	})
	if err != nil || !exists {
		return err
	}
	return r.store.Write(ctx, func(tx *store.Tx) error { return tx.AddReport(ctx, report) })
}

func (r *Reader) reportable(ctx context.Context, tx *store.Tx, report store.Report) error {
	v, _, err := r.event(ctx, tx, Who{User: report.Reporter}, report.RoomID, report.EventID)
	if err == nil && !v.Joined() {
		return errNoEvent
	}
	return err
}
