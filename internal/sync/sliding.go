package sync

import (
	"context"
	"fmt"
	stdsync "sync"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// slidingAnswer is the work of answering one request of sliding sync once.
//
// A position that the client holds names two things: how far it has seen every lane, as a token of /sync does, and the stored state of
// the connection, which tells of each room whether it was sent, and by which rules. A new state is only stored where a room came in, fell
// behind or had its rules changed; the position of a client that follows its rooms moves on without a write.
type slidingAnswer struct {
	s      *Service
	ses    *session
	req    *SlidingRequest
	conn   *slidingConn
	state  *sentState
	since  *token.Sync // nil: the first request of the connection
	snap   *snapshot
	common *answer // what there is beside rooms, as in /sync
	direct directData
	last   map[int64]store.Pos // how far the rooms have got that the window cannot tell of

	matched map[int64]*matched

	mu   stdsync.Mutex // guards what follows while rooms are read side by side
	next *sentState
	res  *SlidingResponse
	// starts is where the timeline that a room is sent with begins, for those that are sent as if for the first time.
	starts map[int64]store.Pos
}

// SlidingSync answers one request of sliding sync (MSC4186), waiting up to the timeout for news.
func (s *Service) SlidingSync(ctx context.Context, req SlidingRequest) (*SlidingResponse, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	pos, since, err := parsePos(req.Pos)
	if err != nil {
		return nil, err
	}
	if s.presence.Enabled() {
		defer s.presence.Syncing(req.User, req.Device, req.SetPresence)()
	}
	ses, err := s.hub.session(ctx, req.User)
	if err != nil {
		return nil, err
	}
	if req.Device != "" {
		s.hub.device(ses, req.Device)
	}
	c := ses.sliding.conn(store.SlidingConn{UserID: req.User, DeviceID: req.Device, ConnID: req.ConnID})
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := s.hub.reach(ctx, since); err != nil {
		return nil, err
	}
	state, err := c.state(ctx, s.Store, pos.State)
	if err != nil {
		return nil, err
	}
	c.members.begin(req.Pos)
	s.acknowledgeSliding(ses, &req)
	return s.slidingNews(ctx, ses, c, &req, state, since)
}

// parsePos reads a position; without one it is the first request of a connection.
func parsePos(text string) (token.Sliding, *token.Sync, error) {
	if text == "" {
		return token.Sliding{}, nil, nil
	}
	pos, err := token.ParseSliding(text)
	if err != nil {
		return pos, nil, token.ErrUnknownPos
	}
	return pos, &pos.Sync, nil
}

// slidingNews waits for news as waitForNews does.
func (s *Service) slidingNews(ctx context.Context, ses *session, c *slidingConn, req *SlidingRequest, state *sentState, since *token.Sync) (*SlidingResponse, error) {
	woken, done := ses.wait(req.Device)
	defer done()
	deadline := time.NewTimer(min(max(req.Timeout, 0), maxTimeout))
	defer deadline.Stop()
	paced := req.Device + "/" + req.ConnID
	last := req.Timeout <= 0 || since == nil
	for {
		if !last {
			s.pause(ctx, ses, paced, woken)
		}
		c.members.retry()
		res, next, err := s.slidingOnce(ctx, ses, c, req, state, since)
		if ctx.Err() != nil {
			// The client has gone, or has sent another request meanwhile: nothing was sent, and the position stays what it was.
			return &SlidingResponse{Pos: req.Pos, Lists: map[string]SlidingCount{}, Rooms: map[string]*SlidingRoom{}}, nil
		}
		if err != nil {
			return nil, err
		}
		if res.news || last {
			ses.replied(paced)
			return res, s.finish(ctx, c, res, state, next)
		}
		select {
		case <-woken:
		case <-deadline.C:
			last = true
		case <-ctx.Done():
		}
	}
}

// finish stores what the connection will have been sent, and gives the answer its position.
func (s *Service) finish(ctx context.Context, c *slidingConn, res *SlidingResponse, state *sentState, next token.Sync) error {
	// Once begun it is brought to its end, though the client may leave.
	held, err := c.save(context.WithoutCancel(ctx), s.Store, state, res.next)
	if err != nil {
		return err
	}
	res.Pos = token.Sliding{State: held.id, Sync: next}.String()
	c.members.end(res.Pos)
	return nil
}

func (s *Service) slidingOnce(ctx context.Context, ses *session, c *slidingConn, req *SlidingRequest, state *sentState, since *token.Sync) (*SlidingResponse, token.Sync, error) {
	snap, err := s.hub.snapshot(ctx, ses)
	if err != nil {
		return nil, token.Sync{}, err
	}
	x := &slidingAnswer{
		s: s, ses: ses, req: req, conn: c, state: state, since: since, snap: snap, next: state.clone(),
		res: &SlidingResponse{TxnID: req.TxnID, Rooms: map[string]*SlidingRoom{}}, starts: map[int64]store.Pos{},
	}
	x.common = &answer{s: s, ses: ses, req: Request{User: req.User, Device: req.Device}, since: since, snap: snap, res: &Response{}}
	if err := x.build(ctx); err != nil {
		return nil, token.Sync{}, err
	}
	x.next.bound(func(num int64) bool { return x.matched[num] != nil })
	x.res.next = x.next
	x.res.news = x.res.news || len(x.res.Rooms) > 0
	return x.res, x.common.next, nil
}

func (x *slidingAnswer) build(ctx context.Context) error {
	a := x.common
	a.next = token.Sync{Node: x.s.NodeID}
	for _, p := range x.snap.now {
		a.next.Lanes = append(a.next.Lanes, p.Seq())
	}
	if err := a.accountData(ctx); err != nil {
		return err
	}
	a.typing()
	a.next.Presence = x.presenceSeen()
	if err := a.loadIgnored(ctx); err != nil {
		return err
	}
	var err error
	if x.direct, err = x.directData(ctx); err != nil {
		return err
	}
	if x.last, err = a.lastInOld(ctx); err != nil {
		return err
	}
	if err := x.match(ctx); err != nil {
		return fmt.Errorf("finding the rooms of lists: %w", err)
	}
	var works []func(context.Context) error
	for _, m := range x.matched {
		if work := x.roomWork(m); work != nil {
			works = append(works, work)
		}
	}
	if err := runAll(ctx, works); err != nil {
		return err
	}
	x.leaveBehind()
	return x.extensions(ctx)
}

// presenceSeen passes the counter of presence on, which sliding sync does not tell of.
func (x *slidingAnswer) presenceSeen() int64 {
	if x.since == nil {
		return 0
	}
	return x.since.Presence
}

// leaveBehind notes of each room that is not matched now whether something happened that the client was not told of.
func (x *slidingAnswer) leaveBehind() {
	for num, sent := range x.state.rooms {
		if x.matched[num] != nil || !x.common.moved(num, x.last) {
			continue
		}
		sent = x.next.rooms[num]
		sent.room.fallBehind(x.common.from(num))
		sent.receipts.fallBehind(x.common.from(num))
		x.next.rooms[num] = sent
	}
}

// from is how far a room was sent.
func (x *slidingAnswer) from(num int64, s stream) store.Pos { return s.from(x.common.from(num)) }

// sinceIn is the client's position for one stream of a room: nil if it was not sent.
func (x *slidingAnswer) sinceIn(s stream) *token.Sync {
	switch {
	case !s.sent || x.since == nil:
		return nil
	case s.behind == 0:
		return x.since
	}
	at := *x.since
	at.Lanes = append([]int64(nil), x.since.Lanes...)
	lane := s.behind.Lane()
	for len(at.Lanes) <= lane {
		at.Lanes = append(at.Lanes, 0)
	}
	at.Lanes[lane] = s.behind.Seq()
	return &at
}

// changed tells whether one of the newest values of the user's global account data is of the given type.
func (x *slidingAnswer) changed(eventType string) bool {
	for _, d := range x.common.data[""] {
		if d.Type == eventType {
			return true
		}
	}
	return false
}

// setRoom notes what a room is sent with, and what of it has been sent then.
func (x *slidingAnswer) setRoom(m *matched, out *SlidingRoom, sent sentRoom) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if sent == (sentRoom{}) {
		delete(x.next.rooms, m.room)
	} else {
		x.next.rooms[m.room] = sent
	}
	if out == nil {
		return
	}
	out.Membership = m.membership
	out.Lists = m.lists
	x.res.Rooms[m.roomID] = out
}
