package room

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// annotationsOfOne bounds how many annotations of one event by one user are compared.
const annotationsOfOne = 1000

var (
	errNestedThread = mxerr.New(http.StatusBadRequest, mxerr.Unknown, "A thread cannot begin at an event that is itself related to another")
	errAnnotated    = mxerr.New(http.StatusBadRequest, mxerr.DuplicateAnnotation, "You have sent this annotation already")
)

// CheckRelation tells whether an event that is to be sent relates to another in a way that servers refuse: Client-Server API, "Validation
// of m.thread relationships" and "Avoiding duplicate annotations". What else may be wrong with it is found when it is sent.
func (r *Reader) CheckRelation(ctx context.Context, req SendRequest) error {
	if req.StateKey != nil || !bytes.Contains(req.Content, []byte("m.relates_to")) {
		return nil
	}
	rel := gjson.GetBytes(req.Content, `m\.relates_to`)
	target := rel.Get("event_id").Str
	if target == "" {
		return nil
	}
	switch rel.Get("rel_type").Str {
	case relThread:
		return r.checkThread(ctx, req, target)
	case "m.annotation":
		return r.checkAnnotation(ctx, req, target, rel.Get("key").Str)
	}
	return nil
}

// checkThread refuses threads on events that have a relation with a rel_type; a reply may begin a thread.
func (r *Reader) checkThread(ctx context.Context, req SendRequest, root string) error {
	return r.store.Read(ctx, func(tx *store.Tx) error {
		_, ev, err := r.event(ctx, tx, Who{User: req.Sender}, req.RoomID, root)
		switch {
		case errors.Is(err, errNoEvent):
			return nil
		case err != nil:
			return err
		case ev.RelType != "":
			return errNestedThread
		}
		return nil
	})
}

func (r *Reader) checkAnnotation(ctx context.Context, req SendRequest, target, key string) error {
	var mine []*store.Event
	err := r.store.Read(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.RelatedBySender(ctx, target, "m.annotation", req.Sender, annotationsOfOne)
		return err
	})
	if err != nil {
		return err
	}
	for _, ev := range mine {
		if ev.Type != req.Type || ev.RoomID != req.RoomID || gjson.GetBytes(ev.JSON, `content.m\.relates_to.key`).Str != key {
			continue
		}
		if ev.Device == req.Device && ev.TxnID == req.TxnID {
			return nil // the same request again
		}
		return errAnnotated
	}
	return nil
}
