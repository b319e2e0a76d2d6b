package room

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// guestsMost bounds the guests who leave a room at once; whoever changes the setting once more makes others leave.
const guestsMost = 1000

// guestsLeave makes guests leave a room that was just closed to them (Client-Server API, "Guest Access", "Server behaviour").
func (tx *roomTx) guestsLeave(ev *store.Event) error {
	if ev.Type != "m.room.guest_access" || ev.StateKey == nil || *ev.StateKey != "" || gjson.GetBytes(ev.JSON, "content.guest_access").Str == "can_join" {
		return nil
	}
	if err := tx.Flush(tx.ctx); err != nil {
		return err
	}
	guests, err := tx.GuestsIn(tx.ctx, tx.room.num, guestsMost)
	if err != nil {
		return fmt.Errorf("reading a room's guests: %w", err)
	}
	for _, guest := range guests {
		if err := tx.changeMember(memberChange{sender: guest, target: guest, membership: spec.Leave}); err != nil {
			return err
		}
	}
	return nil
}

// InvitePermissionType is the type of the account data that say whether a user takes invites.
const InvitePermissionType = "m.invite_permission_config"

// InvitesBlocked reads such account data.
func InvitesBlocked(content []byte) bool {
	return gjson.GetBytes(content, "default_action").Str == "block"
}

var errInviteBlocked = mxerr.New(http.StatusForbidden, mxerr.InviteBlocked, "This user takes no invites")

// checkInvite refuses to invite who takes no invites (Client-Server API, "Invite permission").
func (tx *roomTx) checkInvite(p *proto) error {
	if p.Type != spec.MRoomMember || p.StateKey == nil || gjson.GetBytes(p.Content, "membership").Str != spec.Invite {
		return nil
	}
	if tx.e.notices != "" && p.Sender == tx.e.notices {
		return nil // what the server has to say reaches everybody
	}
	data, err := tx.AccountDataOf(tx.ctx, *p.StateKey, "", InvitePermissionType)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading who takes invites: %w", err)
	}
	if InvitesBlocked(data.Content) {
		return errInviteBlocked
	}
	return nil
}
