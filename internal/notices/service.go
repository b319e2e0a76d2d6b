package notices

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// Options are what a Service is made of.
type Options struct {
	Store    *store.Store
	Rooms    *room.Engine
	Accounts *account.Service
	// UserID is whom notices come from; empty: nobody, and nothing can be sent.
	UserID string
	// Name is what the user and the rooms are called.
	Name string
	// Skip tells of users who are no people, such as those of bridges: what is for all is not for them. nil: none.
	Skip   func(userID string) bool
	NodeID string
	Timing lease.Timing // zero: DefaultTiming
	Log    *slog.Logger
}

// DefaultTiming looks for notices every few seconds.
func DefaultTiming() lease.Timing {
	return lease.Timing{Renew: 4 * time.Second, StopAfter: 12 * time.Second, TakeAfter: 20 * time.Second}
}

// Service sends notices.
type Service struct {
	Options
	keeper *lease.Keeper[string]
	held   hold
	news   chan struct{} // a lease was got

	stop context.CancelFunc
	done sync.WaitGroup
}

// hold is the notice that this node may send, and until when.
type hold struct {
	mu    sync.Mutex
	id    string
	until time.Time
}

func (h *hold) set(id string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.id, h.until = id, until
}

func (h *hold) drop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.id == id {
		h.id = ""
	}
}

// mine is the notice that may be sent now; empty: none.
func (h *hold) mine() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Now().After(h.until) {
		return ""
	}
	return h.id
}

// Start makes a Service, which sends what waits.
func Start(ctx context.Context, o Options) *Service {
	if o.Timing == (lease.Timing{}) {
		o.Timing = DefaultTiming()
	}
	if o.Skip == nil {
		o.Skip = func(string) bool { return false }
	}
	s := &Service{Options: o, news: make(chan struct{}, 1)}
	s.keeper = &lease.Keeper[string]{
		What: "server notices", Table: table{}, Store: o.Store, NodeID: o.NodeID, Timing: o.Timing, Log: o.Log,
		Hold: func(id string, until time.Time, _ bool) {
			s.held.set(id, until)
			select {
			case s.news <- struct{}{}:
			default:
			}
		},
		Lost: s.held.drop,
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if o.UserID != "" {
		s.done.Go(func() { s.keeper.Run(ctx) })
		s.done.Go(func() { s.work(ctx) })
	}
	return s
}

// Close ends sending. Other nodes, or this one when it is back, go on.
func (s *Service) Close() {
	s.stop()
	s.done.Wait()
	if s.UserID != "" {
		s.keeper.Release()
	}
}

var (
	errOff     = mxerr.New(400, mxerr.Unknown, "Server notices are switched off on this server")
	errForeign = mxerr.InvalidParamf("Server notices can only be sent to local users")
)

// Event is an event for one user's server notices room.
type Event struct {
	To       string
	Type     string  // empty: m.room.message
	StateKey *string // nil: no state event
	Content  []byte
	TxnID    string // the same again is the same event; empty: none
}

// Send sends an event to one user, and returns its id.
func (s *Service) Send(ctx context.Context, e Event) (eventID string, err error) {
	if s.UserID == "" {
		return "", errOff
	}
	if err := s.checkReader(ctx, e.To); err != nil {
		return "", err
	}
	if e.Type == "" {
		e.Type = "m.room.message"
	}
	if err := s.Accounts.EnsureNoticesUser(ctx, s.UserID, s.Name); err != nil {
		return "", err
	}
	return s.send(ctx, e)
}

func (s *Service) checkReader(ctx context.Context, userID string) error {
	if !s.Accounts.IsLocal(userID) || userID == s.UserID {
		return errForeign
	}
	u, err := s.Accounts.User(ctx, userID)
	if err != nil {
		return err
	}
	if u.Deactivated {
		return mxerr.NotFoundf("The account %s is closed", userID)
	}
	return nil
}

// Queue asks for a notice to be sent in the background, to one user or to all, and returns its id.
func Queue(ctx context.Context, st *store.Store, n Notice) (id string, err error) {
	row := store.Notice{ID: n.ID, UserID: n.To, Content: []byte{}, Pin: n.Pin, CreatedTS: time.Now().UnixMilli()}
	if !n.Unpin {
		if row.Content, err = n.content(); err != nil {
			return "", err
		}
	}
	if row.ID == "" {
		row.ID = strings.ToLower(rand.Text()[:12])
	}
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddNotice(ctx, row) }); err != nil {
		return "", fmt.Errorf("asking for a notice: %w", err)
	}
	return row.ID, nil
}

// keepFor is how long it can be seen how a notice went.
const keepFor = 90 * 24 * time.Hour

// SweepEvery is how often Sweep is due.
const SweepEvery = 24 * time.Hour

// Sweep forgets notices that were sent long ago.
func (s *Service) Sweep(ctx context.Context) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error { return tx.SweepNotices(ctx, time.Now().Add(-keepFor).UnixMilli()) })
}

// table is the oldest notice as a lease (lease.Table): notices are sent one after the other, so that all users get them in the same order.
type table struct{}

// List implements lease.Table.
func (table) List(ctx context.Context, tx *store.Tx) ([]lease.Row[string], error) {
	n, err := tx.OldestNotice(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return []lease.Row[string]{{Key: n.ID, Holder: n.Holder, Turn: n.Turn}}, err
}

// Renew implements lease.Table.
func (table) Renew(ctx context.Context, tx *store.Tx, holder string) error {
	return tx.RenewNotices(ctx, holder)
}

// Take implements lease.Table.
func (table) Take(ctx context.Context, tx *store.Tx, id, holder string, turn int64) (bool, error) {
	return tx.TakeNotice(ctx, id, holder, turn)
}

// Release implements lease.Table.
func (table) Release(ctx context.Context, tx *store.Tx, _, holder string) error {
	return tx.ReleaseNotices(ctx, holder)
}

// ReleaseAll implements lease.Table.
func (table) ReleaseAll(ctx context.Context, tx *store.Tx, holder string) error {
	return tx.ReleaseNotices(ctx, holder)
}
