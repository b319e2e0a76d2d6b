package room

import (
	"context"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// LeaveAll makes a user leave all rooms, reject all invites and take back all knocks (Client-Server API, POST /account/deactivate). It may be
// repeated; a room that the user is not in any more is passed over.
func (e *Engine) LeaveAll(ctx context.Context, userID string) error {
	var rooms []store.Membership
	err := e.store.Read(ctx, func(tx *store.Tx) (err error) {
		rooms, err = tx.MembershipsOf(ctx, userID)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range rooms {
		switch m.Membership {
		case spec.Join, spec.Invite, spec.Knock:
		default:
			continue
		}
		err := e.Leave(ctx, MemberRequest{RoomID: m.RoomID, Sender: userID})
		if err != nil && !mxerr.HasCode(err, mxerr.Forbidden) {
			return err
		}
	}
	return nil
}
