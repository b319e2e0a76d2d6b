package filter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
)

func parse(t *testing.T, data string) *Filter {
	t.Helper()
	f, err := Parse([]byte(data))
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return f
}

func parseEvents(t *testing.T, data string) *RoomEvents {
	t.Helper()
	f, err := ParseRoomEvents([]byte(data))
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return f
}

func TestNoFilterPassesEverything(t *testing.T) {
	var none *Filter
	e := &Event{Type: "m.room.message", Sender: "@a:b", RoomID: "!r:b"}
	rooms := none.Rooms()
	for _, f := range []*RoomEvents{rooms.TimelineEvents(), rooms.StateEvents(), rooms.EphemeralEvents(), rooms.AccountDataEvents()} {
		lazy, redundant := f.LazyMembers()
		if !f.Passes(e) || !f.PassesAll() || f.PassesNothing() || !f.PassesRoom("!r:b") || lazy || redundant || f.ThreadCounts() {
			t.Error("a missing filter restricts something")
		}
		if f.Limit(7) != 7 {
			t.Error("a missing filter has a limit")
		}
	}
	if !none.PresenceEvents().Passes(e) || !none.AccountDataEvents().PassesType("x") || !rooms.PassesRoom("!r:b") || rooms.WantsLeft() {
		t.Error("a missing filter restricts something")
	}
	if none.EventFormat() != FormatClient || string(none.EventFields().Prune([]byte(`{"a":1}`))) != `{"a":1}` {
		t.Error("a missing filter changes events")
	}
	if string(none.Source()) != "{}" {
		t.Error("a missing filter is an empty one")
	}
}

func TestWholeFilter(t *testing.T) {
	const source = `{"room":{"state":{"types":["m.room.*"],"not_rooms":["!726s6s6q:example.com"],"lazy_load_members":true},` +
		`"timeline":{"limit":10,"types":["m.room.message"],"not_senders":["@spam:example.com"],"unread_thread_notifications":true},` +
		`"ephemeral":{"types":["m.receipt","m.typing"]},"include_leave":true,"not_rooms":["!no:example.com"]},` +
		`"presence":{"types":["m.presence"],"not_senders":["@alice:example.com"]},"event_format":"federation",` +
		`"event_fields":["type","content","sender"],"org.example.own":1}`
	f := parse(t, " "+source+"\n")
	if string(f.Source()) != source {
		t.Errorf("the source is %s", f.Source())
	}
	r := f.Rooms()
	for name, ok := range map[string]bool{
		"format":          f.EventFormat() == FormatFederation,
		"room":            r.PassesRoom("!yes:example.com") && !r.PassesRoom("!no:example.com"),
		"leave":           r.WantsLeft(),
		"state type":      r.StateEvents().PassesType("m.room.name") && !r.StateEvents().PassesType("m.space.child"),
		"state room":      !r.StateEvents().PassesRoom("!726s6s6q:example.com"),
		"timeline sender": !r.TimelineEvents().PassesSender("@spam:example.com"),
		"timeline limit":  r.TimelineEvents().Limit(20) == 10,
		"threads":         r.TimelineEvents().ThreadCounts() && !r.StateEvents().ThreadCounts(),
		"ephemeral":       r.EphemeralEvents().PassesType("m.typing") && !r.EphemeralEvents().PassesType("m.typin"),
		"presence":        !f.PresenceEvents().Passes(&Event{Type: "m.presence", Sender: "@alice:example.com"}),
		"account data":    f.AccountDataEvents() == nil,
	} {
		if !ok {
			t.Errorf("%s is not as the filter says", name)
		}
	}
	if lazy, redundant := r.StateEvents().LazyMembers(); !lazy || redundant {
		t.Error("members are to be loaded lazily")
	}
}

func TestRefused(t *testing.T) {
	many := `["` + strings.Repeat(`x","`, maxEntries+1) + `"]`
	for data, code := range map[string]string{
		``:                                    mxerr.NotJSON,
		`{`:                                   mxerr.NotJSON,
		`[]`:                                  mxerr.BadJSON,
		`null`:                                mxerr.BadJSON,
		`{"presence":"not_an_object"}`:        mxerr.BadJSON,
		`{"room":{"timeline":"x"}}`:           mxerr.BadJSON,
		`{"room":{"state":{"types":"x"}}}`:    mxerr.BadJSON,
		`{"room":{"timeline":{"limit":1.5}}}`: mxerr.BadJSON,
		`{"room":{"timeline":{"limit":-1}}}`:  mxerr.InvalidParam,
		`{"room":{"rooms":["x"]}}`:            mxerr.InvalidParam,
		`{"room":{"state":{"rooms":["x"]}}}`:  mxerr.InvalidParam,
		`{"presence":{"senders":["x"]}}`:      mxerr.InvalidParam,
		`{"event_format":"xml"}`:              mxerr.InvalidParam,
		`{"presence":{"types":` + many + `}}`: mxerr.InvalidParam,
		`{"event_fields":["` + strings.Repeat("a.", maxDepth+1) + `"]}`:               mxerr.InvalidParam,
		`{"presence":{"types":["` + strings.Repeat(`*x","`, maxWildcard+1) + `"]}}`:   mxerr.InvalidParam,
		`{"event_fields":["` + strings.Repeat(`a","`, maxFields+1) + `"]}`:            mxerr.InvalidParam,
		`{"presence":{"types":["` + strings.Repeat("x", MaxSize) + `"]}}`:             mxerr.TooLarge,
		`{"room":{"timeline":{"related_by_senders":["x"]}}}`:                          mxerr.InvalidParam,
		`{"room":{"account_data":{"limit":"10"}}}`:                                    mxerr.BadJSON,
		`{"room":{"ephemeral":{"contains_url":"yes"}}}`:                               mxerr.BadJSON,
		`{"room":{"ephemeral":{"not_senders":["` + strings.Repeat("x", 200) + `"]}}}`: mxerr.InvalidParam,
		`{"room":{"include_leave":1}}`:                                                mxerr.BadJSON,
		`{"event_format":1}`:                                                          mxerr.BadJSON,
		`{"room":{"timeline":{"types":["a"],"not_types":[1]}}}`:                       mxerr.BadJSON,
		`{"room":{"timeline":{"limit":99999999999999999999999}}}`:                     mxerr.BadJSON,
	} {
		_, err := Parse([]byte(data))
		if !mxerr.HasCode(err, code) {
			t.Errorf("%.80s: got %v, want %s", data, err, code)
		}
	}
}

func TestWrongTypeNamesThePlace(t *testing.T) {
	_, err := Parse([]byte(`{"room":{"state":{"types":"x"}}}`))
	if err == nil || !strings.Contains(err.Error(), "room.state.types") {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	for data, want := range map[string]int{
		`{}`:                DefaultTimelineLimit,
		`{"limit":null}`:    DefaultTimelineLimit,
		`{"limit":0}`:       1,
		`{"limit":3}`:       3,
		`{"limit":1000000}`: MaxLimit,
	} {
		if got := parseEvents(t, data).Limit(DefaultTimelineLimit); got != want {
			t.Errorf("%s: got %d, want %d", data, got, want)
		}
	}
}

func TestRoomEvents(t *testing.T) {
	e := Event{Type: "m.room.message", Sender: "@a:b", RoomID: "!r:b", Content: []byte(`{"body":"x","url":"mxc://a/b"}`)}
	plain := Event{Type: "m.room.name", Sender: "@c:b", RoomID: "!s:b", Content: []byte(`{"name":"x"}`)}
	for _, tc := range []struct {
		filter  string
		e, last bool
	}{
		{`{}`, true, true},
		{`{"types":[]}`, false, false},
		{`{"senders":[]}`, false, false},
		{`{"rooms":[]}`, false, false},
		{`{"not_types":[],"not_senders":[],"not_rooms":[]}`, true, true},
		{`{"types":["*"]}`, true, true},
		{`{"types":["m.room.message"]}`, true, false},
		{`{"types":["m.room.*"]}`, true, true},
		{`{"types":["m.room.*"],"not_types":["*.name"]}`, true, false},
		{`{"types":["m.room.message"],"not_types":["m.room.message"]}`, false, false},
		{`{"not_types":["*"]}`, false, false},
		{`{"types":["m.r??m.*"]}`, false, false},
		{`{"senders":["@a:b"]}`, true, false},
		{`{"senders":["@a:b","@c:b"],"not_senders":["@a:b"]}`, false, true},
		{`{"rooms":["!s:b"]}`, false, true},
		{`{"not_rooms":["!s:b"]}`, true, false},
		{`{"contains_url":true}`, true, false},
		{`{"contains_url":false}`, false, true},
		{`{"related_by_rel_types":["m.thread"]}`, false, false},
	} {
		f := parseEvents(t, tc.filter)
		if got := f.Passes(&e); got != tc.e {
			t.Errorf("%s on the message: %v", tc.filter, got)
		}
		if got := f.Passes(&plain); got != tc.last {
			t.Errorf("%s on the name: %v", tc.filter, got)
		}
	}
}

func TestRelated(t *testing.T) {
	var asked string
	e := Event{Related: func(senders, relTypes []string) bool {
		asked = fmt.Sprint(senders, relTypes)
		return slices.Contains(relTypes, "m.thread")
	}}
	if !parseEvents(t, `{"related_by_senders":["@a:b"],"related_by_rel_types":["m.thread"]}`).Passes(&e) || asked != "[@a:b] [m.thread]" {
		t.Errorf("asked for %s", asked)
	}
	if parseEvents(t, `{"related_by_senders":["@a:b"]}`).Passes(&e) {
		t.Error("the event has no such relation")
	}
}

func TestPrune(t *testing.T) {
	const event = `{"type":"m.room.message","content":{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$e"},"list":[{"a":1}]},"sender":"@a:b"}`
	for fields, want := range map[string]string{
		`[]`:                                  event,
		`["type"]`:                            `{"type":"m.room.message"}`,
		`["content.body"]`:                    `{"content":{"body":"x"}}`,
		`["sender","type"]`:                   `{"type":"m.room.message","sender":"@a:b"}`,
		`["content.m\\.relates_to.rel_type"]`: `{"content":{"m.relates_to":{"rel_type":"m.thread"}}}`,
		`["content.m.relates_to"]`:            `{"content":{}}`,
		`["content.list.a"]`:                  `{"content":{}}`,
		`["content.body","content"]`:          `{"content":` + event[len(`{"type":"m.room.message","content":`):len(event)-len(`,"sender":"@a:b"}`)] + `}`,
		`["type.deeper"]`:                     `{}`,
		`["absent"]`:                          `{}`,
	} {
		f := parse(t, `{"event_fields":`+fields+`}`)
		if got := string(f.EventFields().Prune([]byte(event))); got != want {
			t.Errorf("%s: got %s", fields, got)
		}
	}
	// The order of the paths makes no difference.
	a := parse(t, `{"event_fields":["content","content.body"]}`).EventFields().Prune([]byte(event))
	b := parse(t, `{"event_fields":["content.body","content"]}`).EventFields().Prune([]byte(event))
	if string(a) != string(b) {
		t.Errorf("%s differs from %s", a, b)
	}
}

// What is excluded never passes, what passes is included, and the shortcuts agree with the filter itself.
func TestProperties(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab*.")), 0, 4, -1)
	ids := func(sigil string) *rapid.Generator[string] {
		return rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 1, -1), func(s string) string { return sigil + s })
	}
	lists := func(entry *rapid.Generator[string]) *rapid.Generator[[]string] {
		return rapid.OneOf(rapid.Just[[]string](nil), rapid.SliceOfN(entry, 0, 3))
	}
	rapid.Check(t, func(t *rapid.T) {
		in := map[string][]string{
			"types": lists(letters).Draw(t, "types"), "not_types": lists(letters).Draw(t, "not_types"),
			"senders": lists(ids("@")).Draw(t, "senders"), "not_senders": lists(ids("@")).Draw(t, "not_senders"),
			"rooms": lists(ids("!")).Draw(t, "rooms"), "not_rooms": lists(ids("!")).Draw(t, "not_rooms"),
		}
		data, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseRoomEvents(data)
		if err != nil {
			t.Fatal(err)
		}
		e := &Event{
			Type:   rapid.StringOfN(rapid.RuneFrom([]rune("ab.")), 0, 4, -1).Draw(t, "type"),
			Sender: ids("@").Draw(t, "sender"), RoomID: ids("!").Draw(t, "room"),
		}
		passes := f.Passes(e)
		if passes && (slices.Contains(in["not_types"], e.Type) || slices.Contains(in["not_senders"], e.Sender) || slices.Contains(in["not_rooms"], e.RoomID)) {
			t.Fatal("what is excluded passes")
		}
		if passes && in["senders"] != nil && !slices.Contains(in["senders"], e.Sender) {
			t.Fatal("a sender passes who is not included")
		}
		if passes != (f.PassesType(e.Type) && f.PassesSender(e.Sender) && f.PassesRoom(e.RoomID)) {
			t.Fatal("the parts do not make the whole")
		}
		if passes && f.PassesNothing() || !passes && f.PassesAll() {
			t.Fatal("a shortcut is wrong")
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"room":{"timeline":{"limit":10,"types":["m.*"]}},"event_fields":["content.m\\.relates_to"]}`), []byte(`{"content":{"a":1}}`))
	f.Fuzz(func(t *testing.T, data, event []byte) {
		filter, err := Parse(data)
		if err != nil {
			return
		}
		if again, err := Parse(filter.Source()); err != nil || string(again.Source()) != string(filter.Source()) {
			t.Fatalf("%s does not read back: %v", filter.Source(), err)
		}
		filter.Rooms().TimelineEvents().Passes(&Event{Type: "m.room.message", Sender: "@a:b", RoomID: "!r:b", Content: event})
		pruned := filter.EventFields().Prune(event)
		if json.Valid(event) && !json.Valid(pruned) {
			t.Fatalf("%s became %s", event, pruned)
		}
	})
}

func TestErrorsAreForClients(t *testing.T) {
	_, err := Parse([]byte(`{"event_format":"xml"}`))
	var e *mxerr.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		t.Errorf("got %v", err)
	}
}

func BenchmarkPasses(b *testing.B) {
	f, err := ParseRoomEvents([]byte(`{"types":["m.room.message","m.room.encrypted","m.room.*"],"not_senders":["@spam:example.com"]}`))
	if err != nil {
		b.Fatal(err)
	}
	e := &Event{Type: "m.room.message", Sender: "@a:b", RoomID: "!r:b"}
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			f.Passes(e)
		}
	})
	b.Run("none", func(b *testing.B) {
		var none *RoomEvents
		for b.Loop() {
			none.Passes(e)
		}
	})
}
