package push

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

const (
	bob  = "@bob:example.org"
	room = "!room:example.org"
)

func text(body string) Event {
	content, err := json.Marshal(map[string]any{"msgtype": "m.text", "body": body, "m.mentions": map[string]any{}})
	if err != nil {
		panic(err)
	}
	return Event{Type: "m.room.message", Sender: bob, RoomID: room, Content: content}
}

func message(content string) Event {
	return Event{Type: "m.room.message", Sender: bob, RoomID: room, Content: []byte(content)}
}

func state(kind, key, content string) Event {
	return Event{Type: kind, Sender: bob, RoomID: room, StateKey: &key, Content: []byte(content)}
}

func group() *Room {
	return &Room{Members: 5, DisplayName: "Alice", MayNotify: func(sender, key string) bool { return sender == bob && key == "room" }}
}

func TestDefaultRules(t *testing.T) {
	powerless := group()
	powerless.MayNotify = func(string, string) bool { return false }
	pair := &Room{Members: 2}
	for _, tc := range []struct {
		name  string
		event Event
		room  *Room
		want  string // rule/notify/highlight/sound
	}{
		{"message in a group", text("hello"), group(), ".m.rule.message notify"},
		{"message between two", text("hello"), pair, ".m.rule.room_one_to_one notify default"},
		{"encrypted in a group", Event{Type: "m.room.encrypted", Sender: bob, Content: []byte(`{}`)}, group(), ".m.rule.encrypted notify"},
		{"encrypted between two", Event{Type: "m.room.encrypted", Sender: bob, Content: []byte(`{}`)}, pair,
			".m.rule.encrypted_room_one_to_one notify default"},
		{"notice", message(`{"msgtype":"m.notice","body":"beep"}`), group(), ".m.rule.suppress_notices"},
		{"own message", Event{Type: "m.room.message", Sender: alice, Content: []byte(`{"body":"x"}`)}, group(), ""},
		{"invite for me", state("m.room.member", alice, `{"membership":"invite"}`), group(), ".m.rule.invite_for_me notify default"},
		{"invite for another", state("m.room.member", "@carol:example.org", `{"membership":"invite"}`), group(), ".m.rule.member_event"},
		{"join", state("m.room.member", bob, `{"membership":"join"}`), group(), ".m.rule.member_event"},
		{"mention", message(`{"body":"you","m.mentions":{"user_ids":["@x:y","@alice:example.org"]}}`), group(),
			".m.rule.is_user_mention notify highlight default"},
		{"mention with escapes", message(`{"body":"you","m\u002ementions":{"user_ids":["\u0040alice:example.org"]}}`), group(),
			".m.rule.is_user_mention notify highlight default"},
		{"mention of another", message(`{"body":"you","m.mentions":{"user_ids":["@Alice:example.org"]}}`), group(), ".m.rule.message notify"},
		{"name in the text only", message(`{"body":"hello Alice"}`), group(), ".m.rule.message notify"},
		{"room mention", message(`{"body":"all","m.mentions":{"room":true}}`), group(), ".m.rule.is_room_mention notify highlight"},
		{"room mention as text", message(`{"body":"all","m.mentions":{"room":"true"}}`), group(), ".m.rule.message notify"},
		{"room mention without power", message(`{"body":"all","m.mentions":{"room":true}}`), powerless, ".m.rule.message notify"},
		{"tombstone", state("m.room.tombstone", "", `{}`), group(), ".m.rule.tombstone notify highlight"},
		{"tombstone as message", Event{Type: "m.room.tombstone", Sender: bob, Content: []byte(`{}`)}, group(), ""},
		{"reaction", Event{Type: "m.reaction", Sender: bob, Content: []byte(`{"m.relates_to":{"rel_type":"m.annotation"}}`)}, group(),
			".m.rule.reaction"},
		{"server acl", state("m.room.server_acl", "", `{}`), group(), ".m.rule.room.server_acl"},
		{"edit", message(`{"body":"* x","m.relates_to":{"rel_type":"m.replace","event_id":"$e"}}`), group(), ".m.rule.suppress_edits"},
		{"call", Event{Type: "m.call.invite", Sender: bob, Content: []byte(`{}`)}, group(), ".m.rule.call notify ring"},
		{"topic", state("m.room.topic", "", `{"topic":"x"}`), group(), ""},
		{"content that is no object", message(`[]`), group(), ".m.rule.message notify"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := say(Compile(alice, nil).Evaluate(tc.event.Prepare(), tc.room)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func say(r Result) string {
	words := []string{r.RuleID}
	if r.Notify {
		words = append(words, "notify")
	}
	if r.Highlight {
		words = append(words, "highlight")
	}
	if r.Sound != "" {
		words = append(words, r.Sound)
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

func TestConditions(t *testing.T) {
	topic := state("m.room.topic", "", `{"topic":"Lunch plans","n":1,"yes":true,"none":null,"big":9007199254740991,
		"list":["#a:b",1,null,{"x":1}],"m.federate":true,"deep":{"er":"x"},"empty":""}`)
	for _, tc := range []struct {
		condition string
		event     Event
		want      bool
	}{
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, topic, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"LUNCH PLANS"}`, topic, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunch"}`, topic, false},
		{`{"kind":"event_match","key":"content.none","pattern":"*"}`, topic, false},
		{`{"kind":"event_match","key":"content.absent","pattern":"*"}`, topic, false},
		{`{"kind":"event_match","key":"content.empty","pattern":""}`, topic, true},
		{`{"kind":"event_match","key":"content.topic","pattern":""}`, topic, false},
		{`{"kind":"event_match","key":"content.n","pattern":"1"}`, topic, false},
		{`{"kind":"event_match","key":"type","pattern":"m.room.*"}`, topic, true},
		{`{"kind":"event_match","key":"sender","pattern":"@bob:*"}`, topic, true},
		{`{"kind":"event_match","key":"room_id","pattern":"!room:example.org"}`, topic, true},
		{`{"kind":"event_match","key":"state_key","pattern":""}`, topic, true},
		{`{"kind":"event_match","key":"state_key","pattern":"*"}`, text("x"), false},
		{`{"kind":"event_match","key":"content","pattern":"*"}`, topic, false},
		{`{"kind":"event_match","key":"content.deep.er","pattern":"X"}`, topic, true},
		{`{"kind":"event_match","key":"content.body","pattern":"cake"}`, text("Piece of CAKE?"), true},
		{`{"kind":"event_match","key":"content.body","pattern":"cake"}`, text("pancake"), false},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":true}`, topic, true},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":"true"}`, topic, false},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":1}`, topic, false},
		{`{"kind":"event_property_is","key":"content.n","value":1}`, topic, true},
		{`{"kind":"event_property_is","key":"content.n","value":"1"}`, topic, false},
		{`{"kind":"event_property_is","key":"content.big","value":9007199254740991}`, topic, true},
		{`{"kind":"event_property_is","key":"content.none","value":null}`, topic, true},
		{`{"kind":"event_property_is","key":"content.absent","value":null}`, topic, false},
		{`{"kind":"event_property_is","key":"content.topic","value":"lunch plans"}`, topic, false},
		{`{"kind":"event_property_is","key":"type","value":"m.room.topic"}`, topic, true},
		{`{"kind":"event_property_contains","key":"content.list","value":"#a:b"}`, topic, true},
		{`{"kind":"event_property_contains","key":"content.list","value":":b"}`, topic, false},
		{`{"kind":"event_property_contains","key":"content.list","value":1}`, topic, true},
		{`{"kind":"event_property_contains","key":"content.list","value":null}`, topic, true},
		{`{"kind":"event_property_contains","key":"content.topic","value":"Lunch plans"}`, topic, false},
		{`{"kind":"contains_display_name"}`, text("hello, ALICE!"), true},
		{`{"kind":"contains_display_name"}`, text("malice"), false},
		{`{"kind":"contains_display_name"}`, topic, false},
		{`{"kind":"room_member_count","is":"5"}`, topic, true},
		{`{"kind":"room_member_count","is":"==5"}`, topic, true},
		{`{"kind":"room_member_count","is":"<5"}`, topic, false},
		{`{"kind":"room_member_count","is":"<=5"}`, topic, true},
		{`{"kind":"room_member_count","is":">4"}`, topic, true},
		{`{"kind":"room_member_count","is":">=6"}`, topic, false},
		{`{"kind":"room_member_count","is":"five"}`, topic, false},
		{`{"kind":"sender_notification_permission","key":"room"}`, topic, true},
		{`{"kind":"sender_notification_permission","key":"other"}`, topic, false},
		{`{"kind":"org.example.unknown"}`, topic, false},
	} {
		var c Condition
		if err := json.Unmarshal([]byte(tc.condition), &c); err != nil {
			t.Fatal(err)
		}
		changes := &Changes{Rules: map[Kind][]Rule{KindOverride: {{ID: "mine", Enabled: true, Conditions: []Condition{c}}}}}
		got := Compile(alice, changes).Evaluate(tc.event.Prepare(), group())
		if (got.RuleID == "mine") != tc.want {
			t.Errorf("%s: got %v", tc.condition, got.RuleID)
		}
	}
}

func TestOrderOfKinds(t *testing.T) {
	var c Changes
	check := func(want string) {
		t.Helper()
		if got := Compile(alice, &c).Evaluate(text("time for tea").Prepare(), group()); got.RuleID != want {
			t.Errorf("got %s, want %s", got.RuleID, want)
		}
	}
	check(".m.rule.message")
	put(t, &c, KindUnderride, "u", `{"actions":[]}`, Place{})
	check("u")
	put(t, &c, KindSender, bob, `{"actions":[]}`, Place{})
	check(bob)
	put(t, &c, KindRoom, room, `{"actions":[]}`, Place{})
	check(room)
	put(t, &c, KindContent, "tea", `{"pattern":"tea","actions":["notify",{"set_tweak":"highlight","value":false}]}`, Place{})
	check("tea")
	put(t, &c, KindContent, "time", `{"pattern":"time","actions":["notify"]}`, Place{})
	check("time")
	put(t, &c, KindOverride, "o", `{"actions":[]}`, Place{})
	check("o")
	if err := c.SetEnabled(KindOverride, "o", false); err != nil {
		t.Fatal(err)
	}
	check("time")
	if err := c.SetEnabled(KindOverride, ruleMaster, true); err != nil {
		t.Fatal(err)
	}
	check(ruleMaster)
}

func TestManyFields(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"msgtype":"m.notice","msgtype":"m.text"`)
	for i := range 100 {
		b.WriteString(`,"k` + strings.Repeat("x", i) + `":1`)
	}
	b.WriteString(`}`)
	// Of two members with one name the first counts, as it does with few members.
	if got := Compile(alice, nil).Evaluate(message(b.String()).Prepare(), group()); got.RuleID != ".m.rule.suppress_notices" {
		t.Errorf("got %s", got.RuleID)
	}
}

func TestConcurrentUse(t *testing.T) {
	var c Changes
	put(t, &c, KindContent, "tea", `{"pattern":"tea","actions":["notify"]}`, Place{})
	compiled, event := Compile(alice, &c), text("Tea?").Prepare()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := compiled.Evaluate(event, group()); got.RuleID != "tea" {
				t.Errorf("got %s", got.RuleID)
			}
		})
	}
	wg.Wait()
}

func FuzzEvaluate(f *testing.F) {
	f.Add([]byte(`{"body":"x","m.mentions":{"user_ids":["@alice:example.org"]}}`), []byte(`{"kind":"event_match","key":"content.body","pattern":"*x?"}`))
	f.Add([]byte(`{"a":[1,null]}`), []byte(`{"kind":"event_property_contains","key":"content.a","value":null}`))
	f.Fuzz(func(t *testing.T, content, condition []byte) {
		var c Condition
		if json.Unmarshal(condition, &c) != nil {
			return
		}
		changes := &Changes{Rules: map[Kind][]Rule{KindOverride: {{ID: "mine", Enabled: true, Conditions: []Condition{c}}}}}
		stored, err := json.Marshal(changes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := CompileStored(alice, stored); err != nil {
			t.Fatalf("%s does not read back: %v", stored, err)
		}
		Compile(alice, changes).Evaluate(message(string(content)).Prepare(), group())
	})
}

func BenchmarkEvaluate(b *testing.B) {
	compiled, event, in := Compile(alice, nil), text("Shall we meet at the usual place at seven?"), group()
	b.Run("prepared", func(b *testing.B) {
		prepared := event.Prepare()
		b.ReportAllocs()
		for b.Loop() {
			compiled.Evaluate(prepared, in)
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			compiled.Evaluate(event.Prepare(), in)
		}
	})
	b.Run("keywords", func(b *testing.B) {
		var c Changes
		pattern := "xylophone"
		for i := range 50 {
			id := strings.Repeat("x", i+1)
			if err := c.Put(KindContent, Rule{ID: id, Pattern: &pattern, Actions: []Action{}}, Place{}); err != nil {
				b.Fatal(err)
			}
		}
		compiled, prepared := Compile(alice, &c), event.Prepare()
		b.ReportAllocs()
		for b.Loop() {
			compiled.Evaluate(prepared, in)
		}
	})
}
