package room

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/matrix-org/gomatrixserverlib"

	"bongsu.org/bongsu/internal/store"
)

// client puts events of a timeline into the form for clients, with all that belongs beside them: what they replaced or were redacted by,
// and what relates to them.
func (v *View) client(ctx context.Context, tx *store.Tx, seen []Seen) ([]json.RawMessage, error) {
	bundles, err := v.bundle(ctx, tx, seen)
	if err != nil {
		return nil, fmt.Errorf("reading what relates to events: %w", err)
	}
	return v.clientWith(ctx, tx, seen, bundles)
}

// clientOne is client for a single event.
func (v *View) clientOne(ctx context.Context, tx *store.Tx, ev Seen) (json.RawMessage, error) {
	out, err := v.client(ctx, tx, []Seen{ev})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// clientState puts state events into the form for clients. Lists of state may be long: what they replaced is left out.
func (v *View) clientState(ctx context.Context, tx *store.Tx, events []*store.Event) ([]json.RawMessage, error) {
	redactions, err := related(ctx, tx, events, func(ev *store.Event) []string { return []string{ev.RedactedBy} })
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := make([]json.RawMessage, len(events))
	for i, ev := range events {
		u := Unsigned{TxnID: v.txnID(ev), ReplacesState: ev.Replaces, RedactedBecause: because(redactions[ev.RedactedBy], now)}
		out[i] = AppendClient(nil, ev, u, FormatOptions{Now: now})
	}
	return out, nil
}

func (v *View) clientWith(ctx context.Context, tx *store.Tx, seen []Seen, bundles map[string]json.RawMessage) ([]json.RawMessage, error) {
	events := make([]*store.Event, len(seen))
	for i, s := range seen {
		events[i] = s.Event
	}
	others, err := related(ctx, tx, events, func(ev *store.Event) []string { return []string{ev.RedactedBy, ev.Replaces} })
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := make([]json.RawMessage, len(seen))
	for i, s := range seen {
		u := Unsigned{
			Membership: s.Membership, TxnID: v.txnID(s.Event), ReplacesState: s.Replaces, Relations: bundles[s.ID],
			RedactedBecause: because(others[s.RedactedBy], now),
		}
		if before := others[s.Replaces]; before != nil {
			u.PrevContent, u.PrevSender = before.Content(), before.Sender
		}
		out[i] = AppendClient(nil, s.Event, u, FormatOptions{Now: now})
	}
	return out, nil
}

// txnID is shown to the device that sent the event alone (Client-Server API, "Transaction identifiers").
func (v *View) txnID(ev *store.Event) string {
	if ev.Sender != v.User || ev.Device != v.Device || v.Device == "" {
		return ""
	}
	return ev.TxnID
}

func because(redaction *store.Event, now time.Time) json.RawMessage {
	if redaction == nil {
		return nil
	}
	return AppendClient(nil, redaction, Unsigned{}, FormatOptions{Now: now})
}

// related loads the events that the given ones name, in one query.
func related(ctx context.Context, tx *store.Tx, events []*store.Event, names func(*store.Event) []string) (map[string]*store.Event, error) {
	var ids []string
	for _, ev := range events {
		for _, id := range names(ev) {
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	found, err := tx.EventsByID(ctx, slices.Compact(ids))
	if err != nil {
		return nil, fmt.Errorf("reading redactions and earlier state: %w", err)
	}
	out := make(map[string]*store.Event, len(found))
	for _, ev := range found {
		out[ev.ID] = ev
	}
	return out, nil
}

// wants tells whether the user is to be sent an event that may be seen: all but messages of ignored users.
func (v *View) wants(ev *store.Event) bool {
	return ev.IsState() || len(v.Ignored) == 0 || !slices.Contains(v.Ignored, ev.Sender)
}

// redacted is the event as it would be after a redaction.
func redacted(version string, ev *store.Event) (*store.Event, error) {
	ver, err := gomatrixserverlib.GetRoomVersion(gomatrixserverlib.RoomVersion(version))
	if err != nil {
		return nil, err
	}
	out := *ev
	out.JSON, err = ver.RedactEventJSON(ev.JSON)
	return &out, err
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
