package e2e

import (
	"github.com/tidwall/gjson"
)

// Esc escapes an identifier for a path into a body.
func Esc(id string) string { return gjson.Escape(id) }

// In is the path of a room in a sync: In("join", room, "timeline.events").
func In(section, room, rest string) string { return "rooms." + section + "." + Esc(room) + "." + rest }

// Pick returns the members of an array that satisfy a condition.
func Pick(array gjson.Result, ok func(gjson.Result) bool) []gjson.Result {
	var found []gjson.Result
	for _, e := range array.Array() {
		if ok(e) {
			found = append(found, e)
		}
	}
	return found
}

// ByID is a condition on an event's id.
func ByID(id string) func(gjson.Result) bool {
	return func(e gjson.Result) bool { return e.Get("event_id").String() == id }
}

// ByType is a condition on an event's type.
func ByType(eventType string) func(gjson.Result) bool {
	return func(e gjson.Result) bool { return e.Get("type").String() == eventType }
}

// ByState is a condition on an event's type and state key.
func ByState(eventType, key string) func(gjson.Result) bool {
	return func(e gjson.Result) bool {
		return e.Get("type").String() == eventType && e.Get("state_key").Exists() && e.Get("state_key").String() == key
	}
}

// IDs returns the event ids of an array.
func IDs(array gjson.Result) []string {
	var ids []string
	for _, e := range array.Array() {
		ids = append(ids, e.Get("event_id").String())
	}
	return ids
}

// HasTimeline is a sync in which a joined room's timeline has such an event.
func HasTimeline(room string, ok func(gjson.Result) bool) func(gjson.Result) bool {
	return func(r gjson.Result) bool { return len(Pick(r.Get(In("join", room, "timeline.events")), ok)) > 0 }
}

// HasEphemeral is a sync in which a joined room has such an ephemeral event.
func HasEphemeral(room string, ok func(gjson.Result) bool) func(gjson.Result) bool {
	return func(r gjson.Result) bool { return len(Pick(r.Get(In("join", room, "ephemeral.events")), ok)) > 0 }
}

// HasSection is a sync in which a room is in a section: join, invite, knock or leave.
func HasSection(section, room string) func(gjson.Result) bool {
	return func(r gjson.Result) bool { return r.Get("rooms." + section + "." + Esc(room)).Exists() }
}
