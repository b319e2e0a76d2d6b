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

// relAnnotation is the relation of a reaction to what it reacts to.
const relAnnotation = "m.annotation"

// annotationsOfOne bounds how many annotations of one event by one user are compared.
const annotationsOfOne = 1000

var (
	errNestedThread = mxerr.New(http.StatusBadRequest, mxerr.Unknown, "A thread cannot begin at an event that is itself related to another")
	errAnnotated    = mxerr.New(http.StatusBadRequest, mxerr.DuplicateAnnotation, "You have sent this annotation already")
)

// CheckRelation tells whether an event that is to be sent relates to another in a way that servers refuse: Client-Server API, "Validation
// of m.thread relationships". What else may be wrong with it, such as a second annotation, is found when it is sent.
func (r *Reader) CheckRelation(ctx context.Context, req SendRequest) error {
	if req.StateKey != nil || !bytes.Contains(req.Content, []byte("m.relates_to")) {
		return nil
	}
	rel := gjson.GetBytes(req.Content, `m\.relates_to`)
	target := rel.Get("event_id").Str
	if target == "" {
		return nil
	}
	if rel.Get("rel_type").Str == relThread {
		return r.checkThread(ctx, req, target)
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

// checkAnnotation refuses an annotation that the sender has made before. It runs in the room's lane, so that of several at one time only
// one is made.
func (tx *roomTx) checkAnnotation(req SendRequest) error {
	if req.StateKey != nil || !bytes.Contains(req.Content, []byte(relAnnotation)) {
		return nil
	}
	rel := gjson.GetBytes(req.Content, `m\.relates_to`)
	target, key := rel.Get("event_id").Str, rel.Get("key").Str
	if target == "" || rel.Get("rel_type").Str != relAnnotation {
		return nil
	}
	if err := tx.Flush(tx.ctx); err != nil { // one of the same batch counts as well
		return err
	}
	mine, err := tx.RelatedBySender(tx.ctx, target, relAnnotation, req.Sender, annotationsOfOne)
	if err != nil {
		return err
	}
	for _, ev := range mine {
		if ev.Type == req.Type && ev.RoomID == req.RoomID && gjson.GetBytes(ev.JSON, `content.m\.relates_to.key`).Str == key {
			return errAnnotated
		}
	}
	return nil
}
