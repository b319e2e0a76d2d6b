package sync

import (
	"encoding/json"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/store"
)

func drawSent(t *rapid.T) *sentState {
	stream := rapid.Custom(func(t *rapid.T) stream {
		return stream{sent: rapid.Bool().Draw(t, "sent"), behind: store.Pos(rapid.Int64Range(0, 1<<58).Draw(t, "behind"))}
	})
	room := rapid.Custom(func(t *rapid.T) sentRoom {
		return sentRoom{
			room: stream.Draw(t, "room"), data: stream.Draw(t, "data"), receipts: stream.Draw(t, "receipts"), dm: rapid.Bool().Draw(t, "dm"),
			whole: rapid.Bool().Draw(t, "whole"), limit: rapid.IntRange(0, 1000).Draw(t, "limit"),
			wants: rapid.SampledFrom([]string{"", "{}", `{"l":true}`}).Draw(t, "wants"),
		}
	})
	return &sentState{
		id: "a", global: rapid.Bool().Draw(t, "global"),
		rooms: rapid.MapOfN(rapid.Int64Range(1, 1<<58), room, 0, 50).Draw(t, "rooms"),
	}
}

func TestSentStateIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSent(t)
		text := want.encode()
		got, err := decodeSent("a", text)
		if err != nil || got.global != want.global || !maps.Equal(got.rooms, want.rooms) {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
		if cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut"); cut < len(text) {
			if _, err := decodeSent("a", text[:cut]); err == nil {
				t.Fatalf("%d bytes of %d were taken for a whole state", cut, len(text))
			}
		}
	})
}

func FuzzSentState(f *testing.F) {
	f.Add((&sentState{rooms: map[int64]sentRoom{7: {room: live, limit: 20, wants: "{}"}}}).encode())
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = decodeSent("a", text) // must not panic, nor take much memory
	})
}

func TestRequiredState(t *testing.T) {
	type want struct {
		eventType, key string
		has            bool
	}
	for text, cases := range map[string][]want{
		`[["*","*"]]`:                                {{"m.room.name", "", true}, {memberType, bob, true}},
		`[["*","*"],["m.room.member","$LAZY"]]`:      {{"m.room.name", "", true}, {memberType, bob, false}},
		`[["m.room.member","$ME"]]`:                  {{memberType, alice, true}, {memberType, bob, false}, {"m.room.name", "", false}},
		`[["m.room.name",""],["m.space.child","*"]]`: {{"m.room.name", "", true}, {"m.room.name", "x", false}, {"m.space.child", "!a", true}},
		`[]`:                                   {{"m.room.name", "", false}},
		`{}`:                                   {{"m.room.name", "", false}},
		`{"include":[{}],"lazy_members":true}`: {{"m.room.name", "", true}, {memberType, bob, false}},
		`{"include":[{"type":"a"},{"state_key":"k"}],"exclude":[{"type":"b"}]}`: {{"a", "x", true}, {"c", "k", true}, {"b", "k", false}, {"c", "x", false}},
	} {
		var c SlidingConfig
		if err := json.Unmarshal([]byte(`{"required_state":`+text+`}`), &c); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := c.check(alice); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var config roomConfig
		config.add(c)
		for _, ws := range []wants{config.wants, parseWants(config.key())} {
			for _, w := range cases {
				if got := ws.has(w.eventType, w.key); got != w.has {
					t.Errorf("%s has (%s, %s): %v", text, w.eventType, w.key, got)
				}
			}
		}
	}
}
