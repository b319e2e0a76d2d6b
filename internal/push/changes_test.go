package push

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
)

const alice = "@alice:example.org"

func ruleFrom(t *testing.T, id, body string) Rule {
	t.Helper()
	var r Rule
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	r.ID = id
	return r
}

func put(t *testing.T, c *Changes, kind Kind, id, body string, place Place) {
	t.Helper()
	if err := c.Put(kind, ruleFrom(t, id, body), place); err != nil {
		t.Fatalf("putting %s: %v", id, err)
	}
}

func own(c *Changes, kind Kind) []string { return ids(c.Rules[kind]) }

func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *mxerr.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func TestPlaces(t *testing.T) {
	var c Changes
	const body = `{"pattern":"x","actions":["notify"]}`
	put(t, &c, KindContent, "a", body, Place{})
	put(t, &c, KindContent, "b", body, Place{}) // the newest is the most important
	put(t, &c, KindContent, "c", body, Place{After: "b"})
	put(t, &c, KindContent, "d", body, Place{Before: "a"})
	if got := own(&c, KindContent); !slices.Equal(got, []string{"b", "c", "d", "a"}) {
		t.Fatalf("got %v", got)
	}
	put(t, &c, KindContent, "c", body, Place{}) // an update stays where it is
	put(t, &c, KindContent, "a", body, Place{Before: "b", After: "d"})
	if got := own(&c, KindContent); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Fatalf("got %v", got)
	}
}

func TestPlacesRefused(t *testing.T) {
	var c Changes
	rule := ruleFrom(t, "a", `{"actions":[]}`)
	wantError(t, c.Put(KindRoom, rule, Place{Before: "other"}), http.StatusBadRequest, mxerr.Unknown)
	wantError(t, c.Put(KindRoom, rule, Place{After: "other"}), http.StatusBadRequest, mxerr.Unknown)
	wantError(t, c.Put(KindRoom, rule, Place{After: "a"}), http.StatusBadRequest, mxerr.Unknown)
	wantError(t, c.Put(KindOverride, rule, Place{Before: ".m.rule.master"}), http.StatusBadRequest, mxerr.InvalidParam)
	if c.count() != 0 {
		t.Error("a refused rule was kept")
	}
}

func TestRulesRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		kind Kind
		id   string
		body string
		code string
	}{
		{"dot", KindRoom, ".mine", `{"actions":[]}`, mxerr.InvalidParam},
		{"slash", KindRoom, "a/b", `{"actions":[]}`, mxerr.InvalidParam},
		{"backslash", KindRoom, `a\b`, `{"actions":[]}`, mxerr.InvalidParam},
		{"long", KindRoom, strings.Repeat("x", 300), `{"actions":[]}`, mxerr.InvalidParam},
		{"no actions", KindRoom, "a", `{}`, mxerr.MissingParam},
		{"unknown action", KindRoom, "a", `{"actions":["dance"]}`, mxerr.InvalidParam},
		{"no pattern", KindContent, "a", `{"actions":[]}`, mxerr.MissingParam},
		{"condition without kind", KindOverride, "a", `{"actions":[],"conditions":[{"key":"type"}]}`, mxerr.MissingParam},
		{"match without pattern", KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_match","key":"type"}]}`, mxerr.MissingParam},
		{"bad count", KindOverride, "a", `{"actions":[],"conditions":[{"kind":"room_member_count","is":"=2"}]}`, mxerr.InvalidParam},
		{"compound value", KindUnderride, "a",
			`{"actions":[],"conditions":[{"kind":"event_property_is","key":"content.a","value":{}}]}`, mxerr.InvalidParam},
		{"fraction", KindUnderride, "a",
			`{"actions":[],"conditions":[{"kind":"event_property_is","key":"content.a","value":1.5}]}`, mxerr.InvalidParam},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c Changes
			wantError(t, c.Put(tc.kind, ruleFrom(t, tc.id, tc.body), Place{}), http.StatusBadRequest, tc.code)
		})
	}
}

func TestOwnRulesComeAfterTheMasterRule(t *testing.T) {
	var c Changes
	put(t, &c, KindOverride, "mine", `{"actions":["dont_notify"],"conditions":[]}`, Place{})
	put(t, &c, KindUnderride, "last", `{"actions":["notify"]}`, Place{})
	set := c.Ruleset(alice)
	if set.Override[0].ID != ruleMaster || set.Override[1].ID != "mine" || set.Underride[0].ID != "last" {
		t.Errorf("got %v and %v", ids(set.Override), ids(set.Underride))
	}
	want := `{"rule_id":"mine","default":false,"enabled":true,"conditions":[],"actions":[]}`
	if got := toJSON(t, set.Override[1]); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSwitchingDefaults(t *testing.T) {
	var c Changes
	if err := c.SetEnabled(KindOverride, ruleMaster, true); err != nil {
		t.Fatal(err)
	}
	if err := c.SetActions(KindUnderride, ".m.rule.message", []Action{}); err != nil {
		t.Fatal(err)
	}
	stored := toJSON(t, &c)
	want := `{"defaults":{"override":{".m.rule.master":{"enabled":true}},"underride":{".m.rule.message":{"actions":[]}}}}`
	if stored != want {
		t.Fatalf("stored %s", stored)
	}
	again, err := ParseChanges([]byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	set := again.Ruleset(alice)
	master, _ := set.Find(KindOverride, ruleMaster)
	message, _ := set.Find(KindUnderride, ".m.rule.message")
	if !master.Enabled || len(message.Actions) != 0 || !message.Enabled {
		t.Errorf("got %v and %v", master, message)
	}
	// Back to the server's own setting: nothing is left to keep.
	if err := again.SetEnabled(KindOverride, ruleMaster, false); err != nil {
		t.Fatal(err)
	}
	if err := again.SetActions(KindUnderride, ".m.rule.message", []Action{{Name: notify}}); err != nil {
		t.Fatal(err)
	}
	if len(again.Defaults[KindOverride])+len(again.Defaults[KindUnderride]) != 0 {
		t.Errorf("kept %v", again.Defaults)
	}
}

func TestDeleting(t *testing.T) {
	var c Changes
	put(t, &c, KindSender, "@bob:example.org", `{"actions":[]}`, Place{})
	wantError(t, c.Delete(KindRoom, "@bob:example.org"), http.StatusNotFound, mxerr.NotFound)
	wantError(t, c.Delete(KindOverride, ruleMaster), http.StatusBadRequest, mxerr.InvalidParam)
	wantError(t, c.SetEnabled(KindSender, "nobody", true), http.StatusNotFound, mxerr.NotFound)
	wantError(t, c.SetActions(KindUnderride, ".m.rule.nothing", []Action{}), http.StatusNotFound, mxerr.NotFound)
	if err := c.Delete(KindSender, "@bob:example.org"); err != nil || c.count() != 0 {
		t.Errorf("%v, %v left", err, c.count())
	}
}

func TestUpdateKeepsTheSwitch(t *testing.T) {
	var c Changes
	put(t, &c, KindContent, "a", `{"pattern":"x","actions":[]}`, Place{})
	if err := c.SetEnabled(KindContent, "a", false); err != nil {
		t.Fatal(err)
	}
	put(t, &c, KindContent, "a", `{"pattern":"y","actions":["notify"]}`, Place{})
	got := c.Rules[KindContent][0]
	if got.Enabled || *got.Pattern != "y" || len(got.Actions) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestUnknownConditionsAreKept(t *testing.T) {
	var c Changes
	put(t, &c, KindOverride, "new", `{"actions":[],"conditions":[{"kind":"org.example.moon","phase":{"is":"full"}}]}`, Place{})
	stored := toJSON(t, &c)
	again, err := ParseChanges([]byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	if got := toJSON(t, again); got != stored || !strings.Contains(got, `{"kind":"org.example.moon","phase":{"is":"full"}}`) {
		t.Errorf("got %s", got)
	}
}

func TestRulesAreBounded(t *testing.T) {
	var c Changes
	c.setRules(KindRoom, make([]Rule, MaxRules))
	wantError(t, c.Put(KindSender, ruleFrom(t, "a", `{"actions":[]}`), Place{}), http.StatusBadRequest, mxerr.ResourceLimitExceeded)
}

// Whatever a user does, what is stored reads back the same, ids stay unique, and the defaults stay after the user's own rules.
func TestChangesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Changes
		names := rapid.SampledFrom([]string{"a", "b", "c", "d", ruleMaster, ".m.rule.call"})
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			kind := rapid.SampledFrom(Kinds()).Draw(t, "kind")
			id := names.Draw(t, "id")
			pattern := "x"
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				place := Place{}
				if rapid.Bool().Draw(t, "placed") {
					place.After = names.Draw(t, "after")
				}
				_ = c.Put(kind, Rule{ID: id, Pattern: &pattern, Actions: []Action{{Name: notify}}}, place)
			case 1:
				_ = c.Delete(kind, id)
			case 2:
				_ = c.SetEnabled(kind, id, rapid.Bool().Draw(t, "on"))
			case 3:
				_ = c.SetActions(kind, id, []Action{})
			}
		}
		stored, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseChanges(stored)
		if err != nil {
			t.Fatal(err)
		}
		set, set2 := c.Ruleset(alice), again.Ruleset(alice)
		a, _ := json.Marshal(set)
		b, _ := json.Marshal(set2)
		if string(a) != string(b) {
			t.Fatalf("stored %s, read back as %s", a, b)
		}
		for _, kind := range Kinds() {
			checkOrder(t, set.Of(kind))
		}
	})
}

func checkOrder(t *rapid.T, rules []Rule) {
	seen := map[string]bool{}
	defaults := false
	for i, r := range rules {
		if seen[r.ID] {
			t.Fatalf("%s stands twice", r.ID)
		}
		seen[r.ID] = true
		if i == 0 && r.ID == ruleMaster {
			continue
		}
		if defaults && !r.Default {
			t.Fatalf("%s stands after the defaults", r.ID)
		}
		defaults = defaults || r.Default
	}
}
