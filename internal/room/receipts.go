package room

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Receipts writes how far users have read (Client-Server API, "Receipts" and "Fully read markers").
type Receipts struct {
	store  *store.Store
	reader *Reader
}

// NewReceipts makes a Receipts.
func NewReceipts(r *Reader) *Receipts { return &Receipts{store: r.store, reader: r} }

// The kinds of receipts.
const (
	ReceiptRead      = "m.read"
	ReceiptPrivate   = "m.read.private"
	ReceiptFullyRead = "m.fully_read" // kept as account data of the room
)

// mainThread is the thread id for what is in no thread.
const mainThread = "main"

// ReceiptRequest says that a user has read up to an event.
type ReceiptRequest struct {
	RoomID, User string
	Type         string
	EventID      string
	ThreadID     string // empty: not threaded
}

// Send writes a receipt. One that is behind an earlier one of its kind changes nothing.
func (r *Receipts) Send(ctx context.Context, req ReceiptRequest) error {
	if req.Type == ReceiptFullyRead {
		return r.setFullyRead(ctx, req)
	}
	ev, err := r.readEvent(ctx, req)
	if err != nil {
		return err
	}
	receipt := store.Receipt{
		Room: ev.Room, RoomID: ev.RoomID, UserID: req.User, Type: req.Type, ThreadID: req.ThreadID, EventID: ev.ID, EventPos: ev.Pos,
		TS: time.Now().UnixMilli(),
	}
	return r.store.RoomLane(ev.Room).Do(ctx, func(tx *store.LaneTx) error {
		earlier, err := tx.ReceiptsOf(ctx, ev.Room, req.User)
		if err != nil {
			return fmt.Errorf("reading receipts: %w", err)
		}
		for _, e := range earlier {
			if e.Type == req.Type && e.ThreadID == req.ThreadID && e.EventPos >= ev.Pos {
				return nil
			}
		}
		return tx.PutReceipt(ctx, receipt)
	})
}

// readEvent finds the event of a receipt, which its sender must be able to see, and checks that it belongs to the thread.
func (r *Receipts) readEvent(ctx context.Context, req ReceiptRequest) (ev *store.Event, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.reader.view(ctx, tx, Who{User: req.User}, req.RoomID)
		if err != nil {
			return err
		}
		if !v.Joined() {
			return errNotInRoom
		}
		seen, err := v.eventByID(ctx, tx, req.EventID)
		if err != nil {
			return err
		}
		ev = seen.Event
		if req.ThreadID == "" {
			return nil
		}
		return checkInThread(ctx, tx, ev, req.ThreadID)
	})
	return ev, err
}

// threadHops bounds how many relations are followed to the thread that an event is in (Client-Server API, "Threaded read receipts").
const threadHops = 3

var errOtherThread = mxerr.InvalidParamf("The event is not in the thread that thread_id names")

// checkInThread: an event is in a thread if it, or what it relates to, belongs to it; the root itself counts for its thread too, since a
// client may show it there. Everything else is in the main timeline.
func checkInThread(ctx context.Context, tx *store.Tx, ev *store.Event, thread string) error {
	for range threadHops {
		switch {
		case ev.ID == thread:
			return nil
		case ev.RelType == relThread:
			return sameThread(ev.RelatesTo, thread)
		case ev.RelatesTo == "":
			return sameThread(mainThread, thread)
		}
		parent, err := tx.EventByID(ctx, ev.RelatesTo)
		if errors.Is(err, store.ErrNotFound) || err == nil && parent.Room != ev.Room {
			return sameThread(mainThread, thread)
		}
		if err != nil {
			return fmt.Errorf("following relations: %w", err)
		}
		ev = parent
	}
	if ev.ID == thread {
		return nil
	}
	return sameThread(mainThread, thread)
}

func sameThread(is, want string) error {
	if is != want {
		return errOtherThread
	}
	return nil
}

// setFullyRead moves the fully-read marker, but not back.
func (r *Receipts) setFullyRead(ctx context.Context, req ReceiptRequest) error {
	ev, err := r.readEvent(ctx, req)
	if err != nil {
		return err
	}
	content, err := marshal(map[string]string{"event_id": ev.ID})
	if err != nil {
		return err
	}
	return r.store.UserLane(req.User).Do(ctx, func(tx *store.LaneTx) error {
		ahead, err := fullyReadAhead(ctx, tx, req, ev.Pos)
		if err != nil || ahead {
			return err
		}
		return tx.PutAccountData(ctx, store.AccountData{UserID: req.User, RoomID: req.RoomID, Type: ReceiptFullyRead, Content: content})
	})
}

func fullyReadAhead(ctx context.Context, tx *store.LaneTx, req ReceiptRequest, pos store.Pos) (bool, error) {
	data, err := tx.AccountDataOf(ctx, req.User, req.RoomID, ReceiptFullyRead)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the fully-read marker: %w", err)
	}
	now, err := tx.EventByID(ctx, eventIDIn(data.Content))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && now.RoomID == req.RoomID && now.Pos >= pos, err
}
