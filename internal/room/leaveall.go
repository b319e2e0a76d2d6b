package room

import (
	"context"
	"slices"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// LeaveAll makes a user leave all rooms, reject all invites and take back all knocks (Client-Server API, POST /account/deactivate). It may be
// repeated; a room that the user is not in any more is passed over.
func (e *Engine) LeaveAll(ctx context.Context, userID string) error {
	return e.inRoomsOf(ctx, userID, []string{spec.Join, spec.Invite, spec.Knock}, func(m store.Membership) error {
		return e.Leave(ctx, MemberRequest{RoomID: m.RoomID, Sender: userID, closing: true})
	})
}

// inRoomsOf does something in each room where the user has one of the memberships. Rooms whose rules forbid it are passed over.
func (e *Engine) inRoomsOf(ctx context.Context, userID string, memberships []string, do func(store.Membership) error) error {
	var rooms []store.Membership
	err := e.store.Read(ctx, func(tx *store.Tx) (err error) {
		rooms, err = tx.MembershipsOf(ctx, userID)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range rooms {
		if !slices.Contains(memberships, m.Membership) {
			continue
		}
		if err := do(m); err != nil && !mxerr.HasCode(err, mxerr.Forbidden) {
			return err
		}
	}
	return nil
}
