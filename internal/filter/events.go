package filter

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// Event is what filters look at.
type Event struct {
	Type    string
	Sender  string
	RoomID  string
	Content []byte // JSON object; looked at for contains_url only

	// Related reports whether some event that relates to this one was sent by one of the senders and has one of the relation types; an
	// empty list stands for any. It is asked only for filters with related_by_senders or related_by_rel_types; nil for no.
	Related func(senders, relTypes []string) bool
}

// Events filters by sender and type.
type Events struct {
	limit   int // 0 for none given
	senders set
	types   types
}

// RoomEvents filters the events of rooms.
type RoomEvents struct {
	Events
	LazyLoadMembers           bool
	IncludeRedundantMembers   bool
	UnreadThreadNotifications bool
	RelatedBySenders          []string
	RelatedByRelTypes         []string

	rooms       set
	containsURL *bool
}

// Limit gives the wanted number of events, or the given one if the filter names none, and never more than MaxLimit.
func (f *Events) Limit(otherwise int) int {
	if f == nil || f.limit == 0 {
		return min(otherwise, MaxLimit)
	}
	return min(f.limit, MaxLimit)
}

// PassesType reports whether events of this type are wanted.
func (f *Events) PassesType(eventType string) bool { return f == nil || f.types.has(eventType) }

// PassesSender reports whether events from this sender are wanted.
func (f *Events) PassesSender(sender string) bool { return f == nil || f.senders.has(sender) }

// Passes reports whether the event is wanted.
func (f *Events) Passes(e *Event) bool {
	return f == nil || f.types.has(e.Type) && f.senders.has(e.Sender)
}

// PassesNothing reports that no event can pass, so that none needs to be looked for.
func (f *Events) PassesNothing() bool {
	return f != nil && (f.senders.empty() || f.types.empty())
}

// Limit gives the wanted number of events, or the given one if the filter names none, and never more than MaxLimit.
func (f *RoomEvents) Limit(otherwise int) int { return f.events().Limit(otherwise) }

// PassesType reports whether events of this type are wanted.
func (f *RoomEvents) PassesType(eventType string) bool { return f.events().PassesType(eventType) }

// PassesSender reports whether events from this sender are wanted.
func (f *RoomEvents) PassesSender(sender string) bool { return f.events().PassesSender(sender) }

// PassesRoom reports whether events of this room are wanted.
func (f *RoomEvents) PassesRoom(room string) bool { return f == nil || f.rooms.has(room) }

// PassesAll reports that every event of every room passes.
func (f *RoomEvents) PassesAll() bool {
	return f == nil || f.senders.all() && f.types.all() && f.rooms.all() && f.containsURL == nil && !f.LooksAtRelations()
}

// PassesNothing reports that no event can pass, so that none needs to be looked for.
func (f *RoomEvents) PassesNothing() bool {
	return f.events().PassesNothing() || f != nil && f.rooms.empty()
}

// LooksAtRelations reports whether the filter asks Event.Related.
func (f *RoomEvents) LooksAtRelations() bool {
	return f != nil && (f.RelatedBySenders != nil || f.RelatedByRelTypes != nil)
}

// LazyMembers reports whether members are to be sent only with their events, and whether also those that were sent before.
func (f *RoomEvents) LazyMembers() (lazy, redundant bool) {
	if f == nil || !f.LazyLoadMembers {
		return false, false
	}
	return true, f.IncludeRedundantMembers
}

// ThreadCounts reports whether unread counts are wanted for each thread.
func (f *RoomEvents) ThreadCounts() bool { return f != nil && f.UnreadThreadNotifications }

// Passes reports whether the event is wanted.
func (f *RoomEvents) Passes(e *Event) bool {
	if f == nil {
		return true
	}
	return f.Events.Passes(e) && f.rooms.has(e.RoomID) && f.passesURL(e) && f.passesRelations(e)
}

// passesURL: "true" wants only events with a url key in their content, "false" only those without.
func (f *RoomEvents) passesURL(e *Event) bool {
	if f.containsURL == nil {
		return true
	}
	return *f.containsURL == hasURL(e.Content)
}

func (f *RoomEvents) passesRelations(e *Event) bool {
	if !f.LooksAtRelations() {
		return true
	}
	return e.Related != nil && e.Related(f.RelatedBySenders, f.RelatedByRelTypes)
}

func (f *RoomEvents) events() *Events {
	if f == nil {
		return nil
	}
	return &f.Events
}

func hasURL(content []byte) bool {
	return bytes.Contains(content, []byte("u")) && gjson.GetBytes(content, "url").Exists()
}
