package room

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2"
	"github.com/matrix-org/gomatrixserverlib"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Options make an Engine.
type Options struct {
	Store  *store.Store
	Signer *Signer
	// DefaultVersion is the room version of new rooms whose creator does not ask for one.
	DefaultVersion string
	// Encryption says which new rooms are encrypted by default; empty: none.
	Encryption Encryption
	// NoticesUser is whom server notices come from; empty: nobody. An invite to a room that this user made cannot be rejected.
	NoticesUser string
	// Committed is told of each batch that this node wrote, right after it is durable; it must not block.
	Committed func(*store.Batch)
	Log       *slog.Logger
}

// Engine writes events.
type Engine struct {
	store      *store.Store
	signer     *Signer
	version    gomatrixserverlib.RoomVersion
	encryption Encryption
	notices    string // user id
	committed  func(*store.Batch)
	log        *slog.Logger
	lanes      []*laneCache
	created    atomic.Int64              // when the last room was made
	nums       *lru.Cache[string, int64] // room id → number, which never changes
}

// knownRooms bounds the memory for room ids that were looked up.
const knownRooms = 100_000

// NewEngine makes the engine and takes over the lanes of the store.
func NewEngine(o Options) (*Engine, error) {
	nums, err := lru.New[string, int64](knownRooms)
	if err != nil {
		return nil, err
	}
	if !gomatrixserverlib.StableRoomVersion(gomatrixserverlib.RoomVersion(o.DefaultVersion)) {
		return nil, errors.New("default_room_version: not a stable room version: " + o.DefaultVersion)
	}
	e := &Engine{
		store: o.Store, signer: o.Signer, version: gomatrixserverlib.RoomVersion(o.DefaultVersion), encryption: o.Encryption,
		notices: o.NoticesUser, committed: o.Committed, log: o.Log, nums: nums,
	}
	for i := range o.Store.Lanes() {
		c := newLaneCache(e)
		e.lanes = append(e.lanes, c)
		o.Store.Lane(i).SetHooks(c)
	}
	return e, nil
}

// ServerName is the name in the ids of this server's users and rooms.
func (e *Engine) ServerName() string { return e.signer.ServerName }

// DefaultVersion is the room version of new rooms.
func (e *Engine) DefaultVersion() string { return string(e.version) }

var errNotInRoom = mxerr.Forbiddenf("You are not in this room")

// Resolve finds the number of a room.
func (e *Engine) Resolve(ctx context.Context, roomID string) (num int64, ok bool, err error) {
	if num, ok = e.nums.Get(roomID); ok {
		return num, true, nil
	}
	err = e.store.Read(ctx, func(tx *store.Tx) error {
		r, err := tx.RoomByID(ctx, roomID)
		if err == nil {
			num = r.Num
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	e.nums.Add(roomID, num)
	return num, true, nil
}

// SendRequest is an event to be sent to a room.
type SendRequest struct {
	RoomID   string
	Sender   string
	Device   string
	Type     string
	StateKey *string // nil: a message event
	Content  []byte
	TxnID    string // empty: none
	TS       int64  // of application services; 0: now
}

// Send authorises and appends an event and returns its id once it is durable. The same transaction id from the same device gives the
// same event id; state that is already as asked for gives the id of the event that made it so.
func (e *Engine) Send(ctx context.Context, req SendRequest) (string, error) {
	if req.Type == "m.room.redaction" && req.StateKey == nil {
		return e.sendRedaction(ctx, req)
	}
	key := txnKey(req.Sender, req.Device, "send", req.RoomID, req.Type, req.TxnID)
	var id string
	err := e.inRoom(ctx, req.RoomID, key, func(tx *roomTx) error {
		if id = tx.Repeat(); id != "" {
			return nil
		}
		p := &proto{Type: req.Type, StateKey: req.StateKey, Sender: req.Sender, Content: req.Content, TS: req.TS}
		if old := tx.unchanged(p); old != "" {
			id = old
			return nil
		}
		// Client-Server API, "Avoiding duplicate annotations".
		if err := tx.checkAnnotation(req); err != nil {
			return err
		}
		ev, err := tx.append(p, origin{device: req.Device, txnID: req.TxnID, txnKey: key})
		if err != nil {
			return err
		}
		id = ev.ID
		return tx.guestsLeave(ev)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// txnKey names a request: a transaction id counts for one device and one endpoint (Client-Server API, "Transaction identifiers").
// It is nil where there is no transaction id.
func txnKey(user, device, endpoint, roomID, detail, txnID string) []byte {
	if txnID == "" {
		return nil
	}
	h := sha256.New()
	for _, part := range []string{user, device, endpoint, roomID, detail, txnID} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return h.Sum(nil)[:16]
}

// roomTx is a job of a lane that works on one room.
type roomTx struct {
	*store.LaneTx
	ctx   context.Context //nolint:containedctx // lives as long as the job
	e     *Engine
	cache *laneCache
	room  *roomState
}

// inRoom runs fn in the lane of an existing room. For whoever is not in it, a room that does not exist is a room that one is not in.
func (e *Engine) inRoom(ctx context.Context, roomID string, txnKey []byte, fn func(tx *roomTx) error) error {
	num, ok, err := e.Resolve(ctx, roomID)
	if err != nil {
		return err
	}
	if !ok {
		return errNotInRoom
	}
	return e.inRoomNum(ctx, num, txnKey, fn)
}

func (e *Engine) inRoomNum(ctx context.Context, num int64, txnKey []byte, fn func(tx *roomTx) error) error {
	return e.store.RoomLane(num).DoOnce(ctx, txnKey, func(lt *store.LaneTx) error {
		tx := &roomTx{LaneTx: lt, ctx: ctx, e: e, cache: e.lanes[lt.Lane()]}
		return tx.cache.guard(func() error {
			rs, err := tx.cache.load(ctx, lt, num)
			if err != nil {
				return err
			}
			tx.room = rs
			return fn(tx)
		})
	})
}

func nowMS() int64 { return time.Now().UnixMilli() }
