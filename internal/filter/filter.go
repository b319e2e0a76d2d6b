// Package filter holds the filters by which clients say what they want of /sync, /messages and their like.
//
// A filter is parsed and checked once (Parse, ParseRoomEvents) and then only asked. A filter that was not given is a nil pointer: every
// method works on nil and lets everything pass, at no cost. Filters are immutable once parsed and may be used by many goroutines.
//
// The package never looks anything up: what an event does not carry itself, its caller tells.
//
// Client-Server API, "Filtering".
package filter

import "encoding/json"

// Bounds on what a client may send.
const (
	MaxSize     = 64 << 10 // bytes of a filter's JSON
	maxEntries  = 2000     // entries of one list
	maxFields   = 200      // event_fields
	maxDepth    = 16       // names in one path of event_fields
	maxWildcard = 100      // types with a wildcard in one list
)

// The number of events where a filter names none, and the most it can have.
const (
	DefaultTimelineLimit = 10
	MaxLimit             = 1000
)

// Format is the form in which events are sent.
type Format string

// The forms of events.
const (
	FormatClient     Format = "client"
	FormatFederation Format = "federation"
)

// Filter is a whole filter, as for /sync.
type Filter struct {
	Fields      *Fields // event_fields; nil for all
	Format      Format
	Presence    *Events
	AccountData *Events
	Room        Room

	source json.RawMessage
}

// Room is the part of a filter for rooms.
type Room struct {
	IncludeLeave bool // also rooms that the user has left
	Ephemeral    *RoomEvents
	State        *RoomEvents
	Timeline     *RoomEvents
	AccountData  *RoomEvents

	rooms set
}

// Source gives the filter's JSON, as the client sent it, without white space.
func (f *Filter) Source() json.RawMessage {
	if f == nil {
		return json.RawMessage("{}")
	}
	return f.source
}

// EventFormat gives the form in which to send events.
func (f *Filter) EventFormat() Format {
	if f == nil {
		return FormatClient
	}
	return f.Format
}

// EventFields gives the pruning of events; nil for none.
func (f *Filter) EventFields() *Fields {
	if f == nil {
		return nil
	}
	return f.Fields
}

// PresenceEvents gives the filter for presence.
func (f *Filter) PresenceEvents() *Events {
	if f == nil {
		return nil
	}
	return f.Presence
}

// AccountDataEvents gives the filter for account data that belongs to no room.
func (f *Filter) AccountDataEvents() *Events {
	if f == nil {
		return nil
	}
	return f.AccountData
}

// Rooms gives the part for rooms; nil for no filter.
func (f *Filter) Rooms() *Room {
	if f == nil {
		return nil
	}
	return &f.Room
}

// PassesRoom reports whether the room is wanted at all. It comes before the filters for what is in a room.
func (r *Room) PassesRoom(room string) bool { return r == nil || r.rooms.has(room) }

// WantsLeft reports whether rooms that the user has left are wanted.
func (r *Room) WantsLeft() bool { return r != nil && r.IncludeLeave }

// TimelineEvents gives the filter for the timeline.
func (r *Room) TimelineEvents() *RoomEvents {
	if r == nil {
		return nil
	}
	return r.Timeline
}

// StateEvents gives the filter for state.
func (r *Room) StateEvents() *RoomEvents {
	if r == nil {
		return nil
	}
	return r.State
}

// EphemeralEvents gives the filter for typing and receipts.
func (r *Room) EphemeralEvents() *RoomEvents {
	if r == nil {
		return nil
	}
	return r.Ephemeral
}

// AccountDataEvents gives the filter for a room's account data.
func (r *Room) AccountDataEvents() *RoomEvents {
	if r == nil {
		return nil
	}
	return r.AccountData
}
