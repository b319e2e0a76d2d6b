package sync

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestAppendJSONIsMarshal(t *testing.T) {
	events := &EventBatch{Events: []json.RawMessage{json.RawMessage(`{"a":"<\n>"}`), json.RawMessage(`{"b":[1,2]}`)}}
	none := &EventBatch{Events: []json.RawMessage{}}
	timeline := &Timeline{Events: events.Events, Limited: true, PrevBatch: "t1"}
	for _, r := range []*Response{
		{NextBatch: "s1"},
		{NextBatch: `"`, AccountData: events, Presence: none, ToDevice: events, DeviceLists: &DeviceLists{}, UnusedFallback: []string{"x"}},
		{NextBatch: "s", OneTimeKeys: map[string]int{"signed_curve25519": 50}, Rooms: &Rooms{
			Join: map[string]*JoinedRoom{
				"!a": {Timeline: timeline, State: events, Unread: &Counts{1, 2}, Threads: map[string]*Counts{"$t": {3, 4}}},
				"!b": {Summary: &Summary{Heroes: []string{"@a:x"}, Joined: 2}, StateAfter: none, Ephemeral: events, AccountData: events},
				"!c": {},
			},
			Invite: map[string]*InvitedRoom{"!d": {State: *events}},
			Knock:  map[string]*KnockedRoom{"!e": {State: *events}},
			Leave:  map[string]*LeftRoom{"!f": {Timeline: timeline, State: none}},
		}},
	} {
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if err := json.Unmarshal(want, &b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
