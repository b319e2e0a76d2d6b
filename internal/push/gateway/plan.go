package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/store"
)

const mainThread = "main"

// plan is what follows for pushing from what was added to a lane in (from, to].
type plan struct {
	tx       *store.Tx
	index    *index
	lane     int
	from, to store.Pos
	now      int64

	unread   []store.PushUnread
	queue    []store.PushQueued
	read     []reading
	redacted []store.Pos
}

// reading is a user's reading of a room, or of one thread of it, up to a position.
type reading struct {
	user   string
	room   int64
	thread string // empty: all
	upTo   store.Pos
}

func (p *plan) empty() bool { return len(p.unread)+len(p.read)+len(p.redacted) == 0 }

func (p *plan) make(ctx context.Context) error {
	events, err := p.tx.LaneEvents(ctx, p.from, p.to)
	if err != nil {
		return err
	}
	for _, ev := range events {
		if err := p.event(ctx, ev); err != nil {
			return fmt.Errorf("event %s: %w", ev.ID, err)
		}
	}
	receipts, err := p.tx.LaneReceipts(ctx, p.from, p.to)
	if err != nil {
		return err
	}
	for _, c := range receipts {
		if c.Type != "m.read" && c.Type != "m.read.private" {
			continue
		}
		r, err := p.index.room(ctx, p.tx, c.Room)
		if err != nil {
			return err
		}
		if _, ok := r.members[c.UserID]; ok {
			p.read = append(p.read, reading{c.UserID, c.Room, c.ThreadID, c.EventPos})
		}
	}
	return nil
}

// event looks at one event.
func (p *plan) event(ctx context.Context, ev *store.Event) error {
	r, err := p.index.room(ctx, p.tx, ev.Room)
	if err != nil {
		return err
	}
	if ev.IsState() {
		r.info = nil
	}
	users := slices.Sorted(maps.Keys(r.members))
	if ev.IsState() && ev.Type == memberType {
		if users, err = p.member(ctx, r, ev, users); err != nil {
			return err
		}
	}
	if len(users) == 0 {
		return nil
	}
	if ev.Type == "m.room.redaction" {
		if err := p.redaction(ctx, ev); err != nil {
			return err
		}
	}
	p.answered(r, ev)
	if ev.RedactedBy != "" {
		return nil
	}
	return p.notify(ctx, r, ev, users)
}

// member moves a user in or out of a room, and gives those who may be notified of it: among them who is invited.
func (p *plan) member(ctx context.Context, r *pushedRoom, ev *store.Event, users []string) ([]string, error) {
	target, membership := *ev.StateKey, membershipIn(ev)
	before, err := wasJoined(ctx, p.tx, ev.Room, target, ev.Pos-1)
	if err != nil {
		return nil, err
	}
	if membership == "join" && before { // a change of name
		if _, ok := r.members[target]; ok {
			r.join(target, ev.Pos)
		}
		return users, nil
	}
	found, err := p.tx.UsersWithPushers(ctx, []string{target})
	if err != nil {
		return nil, err
	}
	if membership != "join" {
		r.leave(target, ev.Pos)
	}
	if len(found) == 0 {
		return users, nil
	}
	if membership == "invite" {
		return append(users, target), nil
	}
	// To join is to see an invitation, to leave is to be done with the room.
	p.read = append(p.read, reading{user: target, room: ev.Room, upTo: ev.Pos})
	if membership == "join" {
		r.join(target, ev.Pos)
	}
	return users, nil
}

func (p *plan) redaction(ctx context.Context, ev *store.Event) error {
	id := gjson.GetBytes(ev.JSON, "content.redacts").Str
	if id == "" {
		id = gjson.GetBytes(ev.JSON, "redacts").Str // room versions before 11
	}
	target, err := p.tx.EventByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && target.Room == ev.Room && target.RedactedBy != "" {
		p.redacted = append(p.redacted, target.Pos)
	}
	return err
}

// answered takes what a user sends as a sign that all before it in its thread was read, as /sync does (Client-Server API, "Marking
// notifications as read"). Memberships do not count: the server writes them into every room when the user changes a name.
func (p *plan) answered(r *pushedRoom, ev *store.Event) {
	if _, ok := r.members[ev.Sender]; ok && ev.Type != memberType {
		p.read = append(p.read, reading{ev.Sender, ev.Room, threadOf(ev), ev.Pos})
	}
}

func threadOf(ev *store.Event) string {
	if ev.RelType == "m.thread" {
		return ev.RelatesTo
	}
	return mainThread
}

// notify evaluates the rules of the users.
func (p *plan) notify(ctx context.Context, r *pushedRoom, ev *store.Event, users []string) (err error) {
	if r.info == nil {
		if r.info, err = roomInfo(ctx, p.tx, ev.Room); err != nil {
			return fmt.Errorf("reading a room for push rules: %w", err)
		}
	}
	rules, err := p.index.rulesOf(ctx, p.tx, users)
	if err != nil {
		return err
	}
	prepared := push.Event{
		ID: ev.ID, Type: ev.Type, Sender: ev.Sender, RoomID: ev.RoomID, StateKey: ev.StateKey, Content: ev.Content(),
	}.Prepare()
	notified := map[string][]byte{}
	var names []string
	for _, user := range users {
		if slices.Contains(rules[user].ignored, ev.Sender) {
			continue
		}
		info := r.info
		if rules[user].compiled.LooksForName() {
			if info, err = p.named(ctx, r.info, ev, user); err != nil {
				return err
			}
		}
		verdict := rules[user].compiled.Evaluate(prepared, info)
		if !verdict.Notify {
			continue
		}
		if r.members[user] > ev.Pos { // joined, or changed its name, since
			if in, err := wasJoined(ctx, p.tx, ev.Room, user, ev.Pos); err != nil || !in {
				if err != nil {
					return err
				}
				continue
			}
		}
		if notified[user], err = json.Marshal(verdict.Actions); err != nil {
			return err
		}
		names = append(names, user)
	}
	if len(names) == 0 {
		return nil
	}
	return p.enqueue(ctx, ev, names, notified)
}

// named is a room as it is for one user, with what that user was called in it at an event.
func (p *plan) named(ctx context.Context, info *push.Room, ev *store.Event, user string) (*push.Room, error) {
	own := *info
	member, err := p.tx.StateEventAt(ctx, ev.Room, store.StateKey{Type: memberType, Key: user}, ev.Pos)
	if errors.Is(err, store.ErrNotFound) {
		return &own, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what a user is called in a room: %w", err)
	}
	own.DisplayName = gjson.GetBytes(member.JSON, "content.displayname").Str
	return &own, nil
}

// enqueue adds an event for the users, with the actions of each.
func (p *plan) enqueue(ctx context.Context, ev *store.Event, users []string, actions map[string][]byte) error {
	pushers, err := p.tx.PushersOf(ctx, users)
	if err != nil {
		return fmt.Errorf("reading pushers: %w", err)
	}
	has := map[string]bool{}
	stale := ev.TS < p.now-staleAfter.Milliseconds()
	for _, one := range pushers {
		if !has[one.UserID] {
			has[one.UserID] = true
			p.unread = append(p.unread, store.PushUnread{
				UserID: one.UserID, Pos: ev.Pos, Room: ev.Room, ThreadID: threadOf(ev), TS: p.now, Actions: actions[one.UserID],
			})
		}
		if one.Activated && !stale {
			p.queue = append(p.queue, queued(one, ev.Pos, p.now))
		}
	}
	return nil
}

func queued(p store.Pusher, pos store.Pos, now int64) store.PushQueued {
	return store.PushQueued{UserID: p.UserID, AppID: p.AppID, Pushkey: p.Pushkey, Pos: pos, TS: now}
}

// write writes the plan, and tells whether anything waits for a pusher now. What is read is dealt with after what came, since it is
// bounded by a position.
func (p *plan) write(ctx context.Context, tx *store.Tx) (waits bool, err error) {
	if err := tx.AddPushUnread(ctx, p.unread); err != nil {
		return false, err
	}
	fell, err := p.writeRead(ctx, tx)
	if err != nil {
		return false, err
	}
	queue := slices.Clone(p.queue) // the transaction may run again
	if len(fell) > 0 {
		pushers, err := tx.PushersOf(ctx, slices.Sorted(maps.Keys(fell)))
		if err != nil {
			return false, err
		}
		now := time.Now().UnixMilli()
		for _, one := range pushers {
			if one.Activated {
				queue = append(queue, queued(one, store.PushBadge, now))
			}
		}
	}
	return len(queue) > 0, tx.QueuePush(ctx, queue)
}

// writeRead tells whose count of what is unread fell.
func (p *plan) writeRead(ctx context.Context, tx *store.Tx) (map[string]bool, error) {
	out := map[string]bool{}
	for _, r := range p.read {
		fell, err := tx.PushRead(ctx, r.user, r.room, r.thread, r.upTo)
		if err != nil {
			return nil, err
		}
		if fell {
			out[r.user] = true
		}
	}
	for _, pos := range p.redacted {
		users, err := tx.PushRedacted(ctx, pos)
		if err != nil {
			return nil, err
		}
		for _, user := range users {
			out[user] = true
		}
	}
	return out, nil
}
