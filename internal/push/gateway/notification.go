package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/store"
)

// The kinds of pushers.
const (
	KindHTTP    = "http"
	KindWebPush = "webpush" // MSC4174
)

const (
	prioHigh = "high"
	prioLow  = "low"
)

// formatIDOnly is the format that tells of an event no more than its id (Client-Server API, POST /pushers/set).
const formatIDOnly = "event_id_only"

// notification is the body of POST /_matrix/push/v1/notify (Push Gateway API), and without devices what browsers get.
type notification struct {
	EventID           string          `json:"event_id,omitempty"`
	RoomID            string          `json:"room_id,omitempty"`
	Type              string          `json:"type,omitempty"`
	Sender            string          `json:"sender,omitempty"`
	SenderDisplayName string          `json:"sender_display_name,omitempty"`
	RoomName          string          `json:"room_name,omitempty"`
	RoomAlias         string          `json:"room_alias,omitempty"`
	UserIsTarget      bool            `json:"user_is_target,omitempty"`
	Prio              string          `json:"prio,omitempty"`
	Content           json.RawMessage `json:"content,omitempty"`
	Counts            counts          `json:"counts"`
	Devices           []device        `json:"devices,omitempty"`

	tweaks map[string]json.RawMessage
}

type counts struct {
	Unread *int `json:"unread,omitempty"`
}

type device struct {
	AppID     string                     `json:"app_id"`
	Pushkey   string                     `json:"pushkey"`
	PushkeyTS int64                      `json:"pushkey_ts,omitempty"` // seconds
	Data      map[string]json.RawMessage `json:"data"`
	Tweaks    map[string]json.RawMessage `json:"tweaks,omitempty"`
}

// sendEvent tells a pusher of an event; sent is false if there was nothing left to tell.
func (s *Service) sendEvent(ctx context.Context, p store.Pusher, item store.PushItem) (out outcome, sent bool) {
	var n *notification
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		n, err = compose(ctx, tx, p, item)
		return err
	})
	if err != nil {
		s.Log.Warn("a notification could not be made; trying again", "user", p.UserID, "err", err)
		return outcome{failed: true}, false
	}
	if n == nil {
		return outcome{}, false
	}
	return s.deliver(ctx, p, n), true
}

// sendOther tells a pusher of the count alone, or asks its client to activate it.
func (s *Service) sendOther(ctx context.Context, p store.Pusher, item store.PushItem) outcome {
	if item.Pos == store.PushActivation {
		return s.sendActivation(ctx, p)
	}
	n := &notification{}
	err := s.Store.Read(ctx, func(tx *store.Tx) error {
		unread, err := tx.CountPushUnread(ctx, p.UserID, mostUnread)
		// "Counts whose value is zero should be omitted" (Push Gateway API), but gateways then leave the badge as it is: here zero is the
		// news itself.
		n.Counts.Unread = &unread
		return err
	})
	if err != nil {
		s.Log.Warn("a count could not be read; trying again", "user", p.UserID, "err", err)
		return outcome{failed: true}
	}
	return s.deliver(ctx, p, n)
}

func (s *Service) deliver(ctx context.Context, p store.Pusher, n *notification) outcome {
	if p.Kind == KindWebPush {
		return s.deliverWeb(ctx, p, n)
	}
	return s.deliverHTTP(ctx, p, n)
}

// compose makes the notification of an event; nil if the event is not to be told of any more.
func compose(ctx context.Context, tx *store.Tx, p store.Pusher, item store.PushItem) (*notification, error) {
	events, err := tx.EventsByPos(ctx, []store.Pos{item.Pos})
	if err != nil {
		return nil, err
	}
	if len(events) == 0 || events[0].RedactedBy != "" {
		return nil, nil
	}
	ev := events[0]
	unread, err := tx.CountPushUnread(ctx, p.UserID, mostUnread)
	if err != nil {
		return nil, err
	}
	n := &notification{EventID: ev.ID, RoomID: ev.RoomID, Prio: prioLow}
	if unread > 0 {
		n.Counts.Unread = &unread
	}
	highlight, err := n.setTweaks(item.Actions)
	if err != nil {
		return nil, err
	}
	// What may hold a mention, for all that the server knows, is urgent too: it is encrypted.
	if highlight || n.tweaks["sound"] != nil || ev.Type == "m.room.encrypted" {
		n.Prio = prioHigh
	}
	if gjson.GetBytes(p.Data, "format").Str == formatIDOnly {
		n.tweaks = nil
		return n, nil
	}
	return n, n.describe(ctx, tx, p, ev)
}

// setTweaks reads the actions of the rule that matched.
func (n *notification) setTweaks(stored []byte) (highlight bool, err error) {
	var actions []push.Action
	if err := json.Unmarshal(stored, &actions); err != nil {
		return false, fmt.Errorf("reading the actions of a push rule: %w", err)
	}
	n.tweaks = map[string]json.RawMessage{}
	for _, a := range actions {
		if a.Tweak == "" {
			continue
		}
		value := a.Value
		if value == nil {
			value = json.RawMessage("true") // Client-Server API, "Actions": a highlight without a value is true
		}
		n.tweaks[a.Tweak] = value
		highlight = highlight || a.Tweak == "highlight" && string(value) == "true"
	}
	return highlight, nil
}

// describe adds what the full format tells of an event.
func (n *notification) describe(ctx context.Context, tx *store.Tx, p store.Pusher, ev *store.Event) error {
	room, err := tx.RoomByNum(ctx, ev.Room)
	if err != nil {
		return err
	}
	n.Type, n.Sender, n.RoomName, n.RoomAlias = ev.Type, ev.Sender, room.Name, room.CanonicalAlias
	n.UserIsTarget = ev.Type == memberType && ev.StateKey != nil && *ev.StateKey == p.UserID
	if ev.Type != "m.room.encrypted" {
		n.Content = ev.Content()
	}
	member, err := tx.StateEventAt(ctx, ev.Room, store.StateKey{Type: memberType, Key: ev.Sender}, store.Latest)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		n.SenderDisplayName = gjson.GetBytes(member.JSON, "content.displayname").Str
	}
	return err
}

// maxAnswer bounds what is read of a gateway's answer.
const maxAnswer = 64 << 10

// deliverHTTP posts a notification to a push gateway.
func (s *Service) deliverHTTP(ctx context.Context, p store.Pusher, n *notification) outcome {
	one := device{AppID: p.AppID, Pushkey: p.Pushkey, PushkeyTS: p.UpdatedTS / 1000, Tweaks: n.tweaks}
	if err := json.Unmarshal(p.Data, &one.Data); err != nil {
		return outcome{gone: true} // nothing that POST /pushers/set lets in
	}
	delete(one.Data, "url")
	n.Devices = []device{one}
	body, err := json.Marshal(map[string]*notification{"notification": n})
	if err != nil {
		return outcome{failed: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, gjson.GetBytes(p.Data, "url").Str, bytes.NewReader(body))
	if err != nil {
		return outcome{gone: true}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		s.noteFailure(p, err)
		return outcome{failed: true}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil || resp.StatusCode != http.StatusOK {
		s.noteFailure(p, errors.Join(err, errors.New(resp.Status)))
		return outcome{failed: true, after: s.retryAfter(resp)}
	}
	var said struct {
		Rejected []string `json:"rejected"`
	}
	// An answer that cannot be read rejects nothing: the gateway took the notification.
	if json.Unmarshal(answer, &said) == nil && slices.Contains(said.Rejected, p.Pushkey) {
		s.Log.Info("a push gateway rejected a pusher", "user", p.UserID, "app", p.AppID)
		return outcome{gone: true}
	}
	return outcome{}
}

// noteFailure logs a failed attempt, without the URL, which may hold a secret.
func (s *Service) noteFailure(p store.Pusher, err error) {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	s.Log.Debug("a push was not taken; it is tried again", "host", p.Host, "failures", p.Failures+1, "err", err)
}

// retryAfter is how long a gateway asks to be left alone.
func (s *Service) retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 32)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, s.Timing.RetryMost)
}
