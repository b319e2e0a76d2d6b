package sync

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/longpoll"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// Options make a Service.
type Options struct {
	Store *store.Store
	Rooms *room.Reader
	// NodeID tells the counters of this run of this node from those of others.
	NodeID string
	// NoticesUser is whom server notices come from; empty: nobody.
	NoticesUser string
	Log         *slog.Logger
}

// Service answers /sync.
type Service struct {
	Options
	hub      *hub
	typing   *ephemeral.Typing
	presence *ephemeral.Presence
}

// New starts to follow the database.
func New(ctx context.Context, o Options) (*Service, error) {
	h, err := startHub(ctx, o.Store, o.Log)
	if err != nil {
		return nil, err
	}
	return &Service{Options: o, hub: h}, nil
}

// SetEphemeral connects who types and who is there; presence may be nil. It is called once, before the first Sync.
func (s *Service) SetEphemeral(t *ephemeral.Typing, p *ephemeral.Presence) {
	s.typing, s.presence = t, p
}

// Close stops following.
func (s *Service) Close() { s.hub.close() }

// Committed takes a batch that this node wrote.
func (s *Service) Committed(b *store.Batch) { s.hub.committed(b) }

// LaneMoved says that another node wrote to a lane.
func (s *Service) LaneMoved(lane int) { s.hub.laneMoved(lane) }

// TypingChanged wakes the members of a room.
func (s *Service) TypingChanged(roomID string) { s.hub.typing(roomID) }

// Request is one call of /sync.
type Request struct {
	User, Device  string
	Since         string
	Filter        *filter.Filter
	FullState     bool
	UseStateAfter bool
	Timeout       time.Duration
	SetPresence   string
	// Turn lets the request be left while nothing happens; nil: it waits in place.
	Turn *longpoll.Turn
}

// maxTimeout bounds how long a request waits.
const maxTimeout = 5 * time.Minute

// Sync returns what is new for a device since its token, waiting up to the timeout for something. Without a token it is everything. The
// error is longpoll.ErrLeft if the request was left with its turn.
func (s *Service) Sync(ctx context.Context, req Request) (*Response, error) {
	var since *token.Sync
	if req.Since != "" {
		t, err := token.ParseSync(req.Since)
		if err != nil {
			return nil, err
		}
		since = &t
	}
	// Where another node has told the device more than this one has seen, going back would repeat events. A token of commits that are
	// gone is taken as what is left of it.
	if err := s.hub.reach(ctx, since); err != nil && !errors.Is(err, token.ErrUnknownPos) {
		return nil, err
	}
	absent := func() {}
	if s.presence.Enabled() {
		absent = s.presence.Syncing(req.User, req.Device, req.SetPresence)
	}
	ses, err := s.hub.session(ctx, req.User)
	if err != nil {
		absent()
		return nil, err
	}
	if req.Device != "" {
		s.hub.device(ses, req.Device)
		if since != nil {
			s.hub.acknowledge(ses, req.Device, since)
		}
	}
	res, seen, err := s.waitForNews(ctx, ses, req, since)
	if errors.Is(err, longpoll.ErrLeft) {
		req.Turn.Leave(&away{ses: ses, seen: seen, waiter: waiter{device: req.Device}, done: absent})
		return nil, err
	}
	absent()
	return res, err
}

// waitForNews also tells what of session.calls the answer takes account of.
func (s *Service) waitForNews(ctx context.Context, ses *session, req Request, since *token.Sync) (_ *Response, seen int64, _ error) {
	woken, done := ses.wait(req.Device)
	defer done()
	left := waitsFor(&req)
	deadline := time.NewTimer(left)
	defer deadline.Stop()
	last := left <= 0 || since == nil || req.FullState
	var patience <-chan time.Time
	if req.Turn != nil && !last {
		t := time.NewTimer(req.Turn.Patience)
		defer t.Stop()
		patience = t.C
	}
	for {
		if !last {
			s.pause(ctx, ses, req.Device, woken)
		}
		seen = ses.calls.Load()
		res, err := s.answer(ctx, ses, req, since)
		if err != nil || !res.empty() || last {
			ses.replied(req.Device)
			return res, seen, err
		}
		select {
		case <-woken:
		case <-deadline.C:
			last = true
		case <-patience:
			return nil, seen, longpoll.ErrLeft
		case <-ctx.Done():
			return res, seen, nil // the token has moved on all the same
		}
	}
}

// waitsFor is how long a request may wait from now on.
func waitsFor(req *Request) time.Duration {
	whole := min(max(req.Timeout, 0), maxTimeout)
	if req.Turn == nil {
		return whole
	}
	if req.Turn.Until.IsZero() {
		req.Turn.Until = time.Now().Add(whole)
	}
	return time.Until(req.Turn.Until)
}

// answer computes what is new.
func (s *Service) answer(ctx context.Context, ses *session, req Request, since *token.Sync) (*Response, error) {
	snap, err := s.hub.snapshot(ctx, ses)
	if err != nil {
		return nil, err
	}
	a := &answer{s: s, ses: ses, req: req, since: since, snap: snap, res: &Response{}}
	if err := a.build(ctx); err != nil {
		return nil, err
	}
	a.res.NextBatch = a.next.String()
	return a.res, nil
}
