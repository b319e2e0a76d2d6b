package clientapi

import (
	"net/http"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const rules = "/_matrix/client/v3/pushrules/global/"

func TestPushRules(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		alice := s.user("alice")
		alice.put(rules+"content/nocake", `{"pattern":"cake*lie","actions":["notify"]}`).want(`{}`)
		alice.put(rules+"content/tea?before=nocake", `{"pattern":"tea","actions":["notify",{"set_tweak":"sound","value":"bing"}]}`).want(`{}`)
		alice.get(rules + "content/nocake").want(`{"rule_id":"nocake","default":false,"enabled":true,"pattern":"cake*lie","actions":["notify"]}`)
		alice.get(rules + "content/tea/actions").want(`{"actions":["notify",{"set_tweak":"sound","value":"bing"}]}`)
		alice.put(rules+"content/tea/enabled", `{"enabled":false}`).want(`{}`)
		alice.get(rules + "content/tea/enabled").want(`{"enabled":false}`)
		alice.put(rules+"content/nocake/actions", `{"actions":["dont_notify"]}`).want(`{}`)
		alice.get(rules + "content/nocake/actions").want(`{"actions":[]}`)
		alice.put(rules+"override/.m.rule.master/enabled", `{"enabled":true}`).want(`{}`)
		alice.get(rules + "override/.m.rule.master/enabled").want(`{"enabled":true}`)
		alice.put(rules+"room/%21dj234r78wl45Gh4D%3Amatrix.org", `{"actions":[]}`).want(`{}`)

		all := alice.get("/_matrix/client/v3/pushrules/").body
		for path, want := range map[string]string{
			"global.content.#.rule_id":                                `["tea","nocake"]`,
			"global.room.#.rule_id":                                   `["!dj234r78wl45Gh4D:matrix.org"]`,
			"global.sender":                                           `[]`,
			"global.override.0.enabled":                               `true`,
			"global.override.4.rule_id":                               `".m.rule.is_user_mention"`,
			"global.underride.#(rule_id=\".m.rule.message\").default": `true`,
		} {
			if got := gjson.Get(all, path).Raw; got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		alice.get(rules).want(gjson.Get(all, "global").Raw)
		alice.get(aliceData + "/account_data/m.push_rules").want(all)

		alice.delete(rules + "content/tea").want(`{}`)
		alice.get(rules+"content/tea").wantError(http.StatusNotFound, "M_NOT_FOUND")
		// Nobody else has these rules.
		bob := s.user("bob")
		bob.get(rules+"content/nocake").wantError(http.StatusNotFound, "M_NOT_FOUND")
		bob.get(rules + "override/.m.rule.master/enabled").want(`{"enabled":false}`)
	})
}

func TestPushRulesRefused(t *testing.T) {
	s := newTestServer(t, "")
	alice := s.user("alice")
	const rule = `{"actions":[]}`
	for _, tc := range []struct {
		name   string
		got    *answer
		status int
		code   string
	}{
		{"kind", alice.put(rules+"other/x", rule), http.StatusBadRequest, "M_INVALID_PARAM"},
		{"dot", alice.put(rules+"room/.x", rule), http.StatusBadRequest, "M_INVALID_PARAM"},
		{"slash", alice.put(rules+"room/a%2Fb", rule), http.StatusBadRequest, "M_INVALID_PARAM"},
		{"backslash", alice.put(rules+"room/a%5Cb", rule), http.StatusBadRequest, "M_INVALID_PARAM"},
		{"no actions", alice.put(rules+"room/x", `{}`), http.StatusBadRequest, "M_MISSING_PARAM"},
		{"actions of a wrong type", alice.put(rules+"room/x", `{"actions":1}`), http.StatusBadRequest, "M_BAD_JSON"},
		{"action of a wrong type", alice.put(rules+"room/x", `{"actions":[1]}`), http.StatusBadRequest, "M_BAD_JSON"},
		{"no pattern", alice.put(rules+"content/x", rule), http.StatusBadRequest, "M_MISSING_PARAM"},
		{"before nothing", alice.put(rules+"room/x?before=y", rule), http.StatusBadRequest, "M_UNKNOWN"},
		{"after nothing", alice.put(rules+"room/x?after=y", rule), http.StatusBadRequest, "M_UNKNOWN"},
		{"before a default rule", alice.put(rules+"override/x?before=.m.rule.master", rule), http.StatusBadRequest, "M_INVALID_PARAM"},
		{"not JSON", alice.put(rules+"room/x", `{`), http.StatusBadRequest, "M_NOT_JSON"},
		{"unknown rule", alice.get(rules + "room/x"), http.StatusNotFound, "M_NOT_FOUND"},
		{"delete unknown", alice.delete(rules + "room/x"), http.StatusNotFound, "M_NOT_FOUND"},
		{"enable unknown", alice.put(rules+"room/x/enabled", `{"enabled":true}`), http.StatusNotFound, "M_NOT_FOUND"},
		{"enabled missing", alice.put(rules+"override/.m.rule.master/enabled", `{}`), http.StatusBadRequest, "M_MISSING_PARAM"},
		{"actions unknown", alice.put(rules+"room/x/actions", rule), http.StatusNotFound, "M_NOT_FOUND"},
		{"actions missing", alice.put(rules+"underride/.m.rule.message/actions", `{}`), http.StatusBadRequest, "M_MISSING_PARAM"},
		{"enabled of unknown", alice.get(rules + "room/x/enabled"), http.StatusNotFound, "M_NOT_FOUND"},
		{"legacy mention rule", alice.get(rules + "override/.m.rule.contains_display_name"), http.StatusNotFound, "M_NOT_FOUND"},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.got.wantErrorIn(t, tc.status, tc.code) })
	}
}

func TestPushers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		const (
			list = "/_matrix/client/v3/pushers"
			set  = list + "/set"
			body = `{"lang":"en","kind":"http","app_display_name":"Mat Rix","device_display_name":"iPhone 9","profile_tag":"xxyyzz",` +
				`"app_id":"com.example.app.ios","pushkey":"KEY","data":{"url":"https://push.example.org/_matrix/push/v1/notify","format":"event_id_only"}`
		)
		alice.get(list).want(`{"pushers":[]}`)
		alice.post(set, body+`}`).want(`{}`)
		alice.get(list).want(`{"pushers":[{"pushkey":"KEY","kind":"http","app_id":"com.example.app.ios","app_display_name":"Mat Rix",` +
			`"device_display_name":"iPhone 9","profile_tag":"xxyyzz","lang":"en",` +
			`"data":{"url":"https://push.example.org/_matrix/push/v1/notify","format":"event_id_only"}}]}`)
		bob.post(set, body+`,"append":true}`).want(`{}`)
		if got := gjson.Get(alice.get(list).body, "pushers.#").Int(); got != 1 {
			t.Errorf("an appended pusher took another user's away: %d left", got)
		}
		bob.post(set, body+`}`).want(`{}`)
		alice.get(list).want(`{"pushers":[]}`)
		bob.post(set, `{"kind":null,"app_id":"com.example.app.ios","pushkey":"KEY"}`).want(`{}`)
		bob.get(list).want(`{"pushers":[]}`)
	})
}

func TestPushersRefused(t *testing.T) {
	s := newTestServer(t, "")
	alice := s.user("alice")
	const base = `"lang":"en","app_display_name":"a","device_display_name":"d","app_id":"a","pushkey":"k"`
	for body, code := range map[string]string{
		`{}`: "M_MISSING_PARAM",
		`{"kind":"http","app_id":"a","pushkey":"k"}`:                                      "M_MISSING_PARAM",
		`{"kind":null,"pushkey":"k"}`:                                                     "M_MISSING_PARAM",
		`{"kind":"http",` + base + `}`:                                                    "M_MISSING_PARAM",
		`{"kind":"http",` + base + `,"data":{}}`:                                          "M_MISSING_PARAM",
		`{"kind":"http",` + base + `,"data":[]}`:                                          "M_BAD_JSON",
		`{"kind":1,` + base + `,"data":{"url":"https://x/_matrix/push/v1/notify"}}`:       "M_BAD_JSON",
		`{"kind":"email",` + base + `,"data":{"url":"https://x/_matrix/push/v1/notify"}}`: "M_INVALID_PARAM",
		`{"kind":"http",` + base + `,"data":{"url":"http://x/_matrix/push/v1/notify"}}`:   "M_INVALID_PARAM",
		`{"kind":"http",` + base + `,"data":{"url":"https://x/other"}}`:                   "M_INVALID_PARAM",
		`{"kind":"http",` + base + `,"data":{"url":"notify"}}`:                            "M_INVALID_PARAM",
	} {
		t.Run(body, func(t *testing.T) {
			alice.post("/_matrix/client/v3/pushers/set", body).wantErrorIn(t, http.StatusBadRequest, code)
		})
	}
}

func TestPushersGoWithTheirDevice(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		ctx := t.Context()
		s.user("alice").post("/_matrix/client/v3/pushers/set", `{"kind":"http","lang":"en","app_display_name":"a","device_display_name":"d",`+
			`"app_id":"a","pushkey":"k","data":{"url":"https://x/_matrix/push/v1/notify"}}`).want(`{}`)
		var left []store.Pusher
		err := s.api.Store.Write(ctx, func(tx *store.Tx) (err error) {
			if _, err = tx.DeleteDevices(ctx, "@alice:example.org", []string{"DEVICE"}); err != nil {
				return err
			}
			left, err = tx.Pushers(ctx, "@alice:example.org")
			return err
		})
		if err != nil || len(left) != 0 {
			t.Errorf("%v, %d pushers left", err, len(left))
		}
	})
}
