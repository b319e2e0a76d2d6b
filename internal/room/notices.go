package room

import (
	"net/http"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// errNotice: Client-Server API, "Server Notices".
var errNotice = mxerr.New(http.StatusForbidden, mxerr.CannotLeaveServerNotice, "An invite to the room of server notices cannot be rejected")

// checkNotice keeps users from rejecting the invite to their server notices room. Who has joined may leave (Client-Server API, "Server
// Notices": "Servers should not prevent the user leaving the room after joining").
func (tx *roomTx) checkNotice(p *proto) error {
	if tx.e.notices == "" || p.Type != spec.MRoomMember || p.StateKey == nil || *p.StateKey != p.Sender ||
		gjson.GetBytes(p.Content, "membership").Str != spec.Leave || tx.creator() != tx.e.notices {
		return nil
	}
	now, err := tx.membership(p.Sender)
	if err != nil {
		return err
	}
	if now == spec.Invite {
		return errNotice
	}
	return nil
}

// creator is who made the room.
func (tx *roomTx) creator() string {
	n := tx.room.state[store.StateKey{Type: spec.MRoomCreate}]
	if n == nil {
		return ""
	}
	return n.ev.Sender
}
