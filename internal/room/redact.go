package room

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// RedactRequest is a redaction (Client-Server API, "Redactions").
type RedactRequest struct {
	RoomID, Target string
	Sender, Device string
	TxnID          string
	Content        json.RawMessage // reason and other fields; may be empty
	TS             int64
	OwnOnly        bool // the sender may redact nobody else's events: the account is suspended
}

// errSuspended: Client-Server API, "Account suspension".
var errSuspended = mxerr.New(http.StatusForbidden, mxerr.UserSuspended, "This account is suspended: it can redact its own events only")

// Redact prunes an event and appends the redaction, whose id it returns.
func (e *Engine) Redact(ctx context.Context, req RedactRequest) (string, error) {
	if reason := gjson.GetBytes(req.Content, "reason"); reason.Exists() && reason.Type != gjson.String {
		return "", mxerr.BadJSONf("reason must be a string")
	}
	key := txnKey(req.Sender, req.Device, "redact", req.RoomID, req.Target, req.TxnID)
	var id string
	err := e.inRoom(ctx, req.RoomID, key, func(tx *roomTx) error {
		if id = tx.Repeat(); id != "" {
			return nil
		}
		var err error
		id, err = tx.redact(req, key)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// sendRedaction is a redaction that came through the endpoint for sending.
func (e *Engine) sendRedaction(ctx context.Context, req SendRequest) (string, error) {
	target := gjson.GetBytes(req.Content, "redacts").Str
	if target == "" {
		return "", mxerr.MissingParamf("A redaction needs redacts, the id of an event")
	}
	return e.Redact(ctx, RedactRequest{
		RoomID: req.RoomID, Target: target, Sender: req.Sender, Device: req.Device, TxnID: req.TxnID, Content: req.Content, TS: req.TS,
	})
}

func (tx *roomTx) redact(req RedactRequest, key []byte) (string, error) {
	if now, err := tx.membership(req.Sender); err != nil {
		return "", err
	} else if now != spec.Join {
		return "", errNotInRoom
	}
	target, err := tx.redactable(req)
	if err != nil {
		return "", err
	}
	content := req.Content
	if len(content) == 0 {
		content = json.RawMessage("{}")
	}
	p := &proto{Type: spec.MRoomRedaction, Sender: req.Sender, TS: req.TS}
	if redactsInContent(string(tx.room.version.Version())) {
		content, err = sjson.SetBytes(content, "redacts", req.Target)
	} else {
		content, err = sjson.DeleteBytes(content, "redacts")
		p.Redacts = req.Target
	}
	if err != nil {
		return "", mxerr.BadJSONf("The content of the redaction does not have the right form")
	}
	p.Content = content
	ev, err := tx.append(p, origin{device: req.Device, txnID: req.TxnID, txnKey: key})
	if err != nil {
		return "", err
	}
	return ev.ID, tx.prune(target, ev.ID)
}

// redactsInContent: room version 11 moved redacts from the top of the event into its content.
func redactsInContent(version string) bool { return version == "11" || version == "12" }

// redactable finds the event and checks that the sender may redact it: their own, or any with the power to.
func (tx *roomTx) redactable(req RedactRequest) (*store.Event, error) {
	if err := tx.Flush(tx.ctx); err != nil {
		return nil, err
	}
	target, err := tx.EventByID(tx.ctx, req.Target)
	if errors.Is(err, store.ErrNotFound) || (err == nil && target.Room != tx.room.num) {
		return nil, mxerr.NotFoundf("No such event in this room")
	}
	if err != nil {
		return nil, err
	}
	if target.Sender != req.Sender && req.OwnOnly {
		return nil, errSuspended
	}
	if target.Sender != req.Sender && tx.powerOf(req.Sender) < tx.powerLevels().Redact {
		return nil, mxerr.Forbiddenf("You may not redact this event")
	}
	return target, keepsEncryption(target)
}

// prune takes from an event what its redaction takes.
func (tx *roomTx) prune(target *store.Event, redaction string) error {
	if target.RedactedBy != "" {
		return nil
	}
	pruned, err := tx.room.version.RedactEventJSON(target.JSON)
	if err != nil {
		return err
	}
	if err := tx.RedactEvent(tx.ctx, target.Pos, pruned, redaction); err != nil {
		return err
	}
	if target.IsState() {
		// It may be part of what is remembered of the room; the next job loads the room anew.
		tx.cache.rooms.Remove(tx.room.num)
	}
	return nil
}
