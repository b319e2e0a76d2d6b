package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// Bounds of what one request for notifications looks at; where it comes to one, the answer's token goes on from there.
const (
	notifyEvents = 1000
	notifyRooms  = 100
)

// NotificationsRequest asks what a user was notified about, the newest first.
type NotificationsRequest struct {
	User, Device string
	From         string // a token; empty: from now
	Limit        int
	Highlights   bool // those alone
}

// Notifications is the answer (Client-Server API, GET /notifications).
type Notifications struct {
	List []Notification `json:"notifications"`
	Next string         `json:"next_token,omitempty"`
}

// Notification is an event that a user's push rules notify about.
type Notification struct {
	Actions []push.Action   `json:"actions"`
	Event   json.RawMessage `json:"event"`
	Read    bool            `json:"read"`
	RoomID  string          `json:"room_id"`
	TS      int64           `json:"ts"`
}

// Notifications works out what the user's rules, as they are now, say of past events. Nothing of it is kept: it would have to be written
// for each member of a room at every event.
func (s *Service) Notifications(ctx context.Context, req NotificationsRequest) (*Notifications, error) {
	ses, err := s.hub.session(ctx, req.User)
	if err != nil {
		return nil, err
	}
	snap, err := s.hub.snapshot(ctx, ses)
	if err != nil {
		return nil, err
	}
	a := &answer{s: s, ses: ses, req: Request{User: req.User, Device: req.Device}, snap: snap, res: &Response{}}
	if err := a.loadIgnored(ctx); err != nil {
		return nil, err
	}
	from := slices.Clone(snap.now)
	if req.From != "" {
		t, err := token.ParseSync(req.From)
		if err != nil {
			return nil, err
		}
		for lane := range from {
			from[lane] = min(from[lane], t.Pos(lane))
		}
	}
	past, err := a.newPast(ctx, from)
	if err != nil {
		return nil, err
	}
	n := &notifier{answer: a, past: past, req: req, rooms: map[int64]*notifiedRoom{}, out: &Notifications{List: []Notification{}}}
	return n.out, n.walk(ctx)
}

// notifier collects the notifications of one answer.
type notifier struct {
	*answer
	past   *past
	req    NotificationsRequest
	rooms  map[int64]*notifiedRoom
	looked int
	out    *Notifications
}

// notifiedRoom is what decides on the events of a room.
type notifiedRoom struct {
	counter counter
	unread  *unread
	since   store.Pos // of the user's stay
	view    *room.View
}

func (n *notifier) walk(ctx context.Context) error {
	for len(n.out.List) < n.req.Limit && n.looked < notifyEvents && len(n.rooms) <= notifyRooms {
		r, err := n.past.top(ctx)
		if err != nil || r == nil {
			return err
		}
		n.looked++
		if err := n.look(ctx, r); err != nil {
			return err
		}
	}
	if lanes, ended := n.past.at(); !ended {
		n.out.Next = token.Sync{Lanes: lanes}.String()
	}
	return nil
}

// look looks at the newest event of a room and moves on over it.
func (n *notifier) look(ctx context.Context, r *roomPast) error {
	in, err := n.room(ctx, r.m)
	if err != nil {
		return err
	}
	ev := r.events[0]
	if ev.Pos < in.since {
		n.past.drop(r)
		return nil
	}
	if err := n.add(ctx, in, r.m, ev); err != nil {
		return err
	}
	return n.past.pass(ctx, r)
}

func (n *notifier) room(ctx context.Context, m *member) (*notifiedRoom, error) {
	if in := n.rooms[m.room]; in != nil {
		return in, nil
	}
	in := &notifiedRoom{}
	var err error
	if in.counter, err = n.counter(ctx, m); err != nil {
		return nil, err
	}
	if in.unread, err = n.loadUnread(ctx, m); err != nil {
		return nil, err
	}
	err = n.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if m.membership == "join" {
			if in.since, err = joinedAt(ctx, tx, m, n.req.User); err != nil {
				return err
			}
		}
		in.view, err = n.s.Rooms.SyncView(ctx, tx, n.who(), m.roomID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a room for its notifications: %w", err)
	}
	n.rooms[m.room] = in
	return in, nil
}

// add adds an event if the rules notify about it.
func (n *notifier) add(ctx context.Context, in *notifiedRoom, m *member, ev *store.Event) error {
	thread := mainThread
	if ev.RelType == "m.thread" {
		thread = ev.RelatesTo
	}
	if ev.Sender == n.req.User {
		in.unread.answered(thread, ev)
		return nil
	}
	if ev.RedactedBy != "" || slices.Contains(n.ignored, ev.Sender) {
		return nil
	}
	verdict := in.counter.rules.compiled.Evaluate(prepare(ev), in.counter.room)
	if !verdict.Notify || n.req.Highlights && !verdict.Highlight {
		return nil
	}
	var texts []json.RawMessage
	err := n.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		texts, err = in.view.Client(ctx, tx, []room.Seen{{Event: ev, Membership: m.membership}})
		return err
	})
	if err != nil {
		return fmt.Errorf("reading what belongs to an event: %w", err)
	}
	read := m.membership == "join" && in.unread.isRead(thread, ev.Pos)
	n.out.List = append(n.out.List, Notification{Actions: verdict.Actions, Event: texts[0], Read: read, RoomID: m.roomID, TS: ev.TS})
	return nil
}
