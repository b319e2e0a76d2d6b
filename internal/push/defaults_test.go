package push

import (
	"encoding/json"
	"testing"
)

func ids(rules []Rule) []string {
	out := []string{}
	for _, r := range rules {
		out = append(out, r.ID)
	}
	return out
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestDefaultsInOrder(t *testing.T) {
	set := Defaults("@alice:example.org")
	want := `[".m.rule.master",".m.rule.suppress_notices",".m.rule.invite_for_me",".m.rule.member_event",".m.rule.is_user_mention",` +
		`".m.rule.is_room_mention",".m.rule.tombstone",".m.rule.reaction",".m.rule.room.server_acl",".m.rule.suppress_edits"]`
	if got := toJSON(t, ids(set.Override)); got != want {
		t.Errorf("override: %s", got)
	}
	want = `[".m.rule.call",".m.rule.encrypted_room_one_to_one",".m.rule.room_one_to_one",".m.rule.message",".m.rule.encrypted"]`
	if got := toJSON(t, ids(set.Underride)); got != want {
		t.Errorf("underride: %s", got)
	}
}

func TestDefaultsAsJSON(t *testing.T) {
	set := Defaults("@alice:example.org")
	for id, want := range map[string]string{
		".m.rule.master": `{"rule_id":".m.rule.master","default":true,"enabled":false,"conditions":[],"actions":[]}`,
		".m.rule.is_user_mention": `{"rule_id":".m.rule.is_user_mention","default":true,"enabled":true,"conditions":[` +
			`{"kind":"event_property_contains","key":"content.m\\.mentions.user_ids","value":"@alice:example.org"}],` +
			`"actions":["notify",{"set_tweak":"sound","value":"default"},{"set_tweak":"highlight"}]}`,
		".m.rule.tombstone": `{"rule_id":".m.rule.tombstone","default":true,"enabled":true,"conditions":[` +
			`{"kind":"event_match","key":"type","pattern":"m.room.tombstone"},{"kind":"event_match","key":"state_key","pattern":""}],` +
			`"actions":["notify",{"set_tweak":"highlight"}]}`,
	} {
		rule, ok := set.Find(KindOverride, id)
		if !ok {
			t.Fatalf("%s is missing", id)
		}
		if got := toJSON(t, rule); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestRenderHasAllKinds(t *testing.T) {
	content, err := Render("@alice:example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Global map[Kind][]json.RawMessage `json:"global"`
	}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		if got.Global[kind] == nil {
			t.Errorf("%s is no list in %s", kind, content)
		}
	}
}
