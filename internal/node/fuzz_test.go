package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/clientapi"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/testdb"
)

// target is a whole server below its listener, to which requests are made that no client would.
type target struct {
	api    *clientapi.API
	routes []clientapi.Route
	token  string
	// ids are names of what there is, to be found in paths and bodies.
	user, room, event, alias string
}

// notFuzzed are left out: the first reach out over the network, the others end the session that the rest needs.
var notFuzzed = regexp.MustCompile(`/preview_url$|/logout$|/logout/all$`)

func newTarget(tb testing.TB, database string) *target {
	tb.Helper()
	cfg := config.Default()
	cfg.ServerName, cfg.Data, cfg.Database = "bongsu.test", tb.TempDir(), database
	cfg.Lanes, cfg.Registration, cfg.RateLimits.Enabled = 2, config.RegistrationOpen, false
	log := slog.New(slog.DiscardHandler)
	ctx := context.Background()
	p, err := startParts(ctx, &cfg, nil, log)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.end(ctx) })
	x := &target{api: newAPI(&cfg, p, log)}
	for _, r := range x.api.Routes() {
		if !notFuzzed.MatchString(r.Pattern) && !strings.HasPrefix(r.Pattern, "/_matrix/client/r0/") {
			x.routes = append(x.routes, r)
		}
	}
	x.user, x.alias = "@alice:bongsu.test", "#fuzz:bongsu.test"
	x.token = x.must(tb, "POST", v3+"/register", `{"username":"alice","password":"a long pass phrase","auth":{"type":"m.login.dummy"}}`, "access_token")
	x.furnish(tb)
	return x
}

// furnish makes a room that has something in it.
func (x *target) furnish(tb testing.TB) {
	tb.Helper()
	if x.room != "" { // else all rooms are in every answer to /sync
		old := v3 + "/rooms/" + url.PathEscape(x.room)
		x.do("POST", old+"/leave", "{}")
		x.do("POST", old+"/forget", "{}")
	}
	x.room = x.must(tb, "POST", v3+"/createRoom", `{"preset":"public_chat"}`, "room_id")
	room := v3 + "/rooms/" + url.PathEscape(x.room)
	x.event = x.must(tb, "PUT", room+"/send/m.room.message/1", `{"msgtype":"m.text","body":"hello"}`, "event_id")
	x.do("PUT", v3+"/directory/room/"+url.PathEscape(x.alias), `{"room_id":`+strconv.Quote(x.room)+`}`) // it may be there
}

func (x *target) must(tb testing.TB, method, path, body, field string) string {
	tb.Helper()
	w := x.do(method, path, body)
	if w.Code != http.StatusOK {
		tb.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return gjson.Get(w.Body.String(), field).Str
}

// waitMost is how long a request may wait that waits on purpose.
const waitMost = 30 * time.Millisecond

// do makes a request with a path as it is, without a client's cleaning; nil if it cannot be one.
func (x *target) do(method, path, body string) *httptest.ResponseRecorder {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if strings.HasSuffix(u.Path, "/sync") || strings.HasSuffix(u.Path, "/events") {
		ctx, cancel = context.WithTimeout(ctx, waitMost)
		defer cancel()
	}
	r := (&http.Request{
		Method: method, URL: u, Host: "bongsu.test", RemoteAddr: "127.0.0.1:1", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if x.token != "" {
		r.Header.Set("Authorization", "Bearer "+x.token)
	}
	w := httptest.NewRecorder()
	x.api.ServeHTTP(w, r)
	return w
}

// check makes a request that must not find a fault of the server.
func (x *target) check(tb rapid.TB, method, path, body string) {
	tb.Helper()
	if w := x.do(method, path, body); w != nil && w.Code == http.StatusInternalServerError {
		tb.Fatalf("%s %s with %q: %d %s", method, path, body, w.Code, w.Body)
	}
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// fill puts a value into each parameter of a route's path.
func fill(pattern string, value func(name string) string) string {
	return pathParameter.ReplaceAllStringFunc(pattern, func(p string) string { return value(p[1 : len(p)-1]) })
}

// usual is what a parameter of a path usually is.
func (x *target) usual(name string) string {
	switch name {
	case "roomId", "roomIdOrAlias":
		return url.PathEscape(x.room)
	case "roomAlias":
		return url.PathEscape(x.alias)
	case "userId":
		return url.PathEscape(x.user)
	case "eventId":
		return url.PathEscape(x.event)
	case "eventType", "type":
		return "m.room.message"
	case "receiptType":
		return "m.read"
	case "kind":
		return "override"
	}
	return "x"
}

// Whatever stands in a path, escaped well or badly, is an error of the client.
func FuzzPaths(f *testing.F) {
	x := newTarget(f, "")
	for i, value := range []string{"!r:x", "%2F", "%", "%zz", "..", "a/b", "%00", "%ff%fe", "\u202e", "@a:b?c=d#e", strings.Repeat("%41", 5000)} {
		f.Add(uint16(i*7), value, value)
	}
	f.Fuzz(func(t *testing.T, route uint16, value, query string) {
		r := x.routes[int(route)%len(x.routes)]
		for _, path := range []string{value, url.PathEscape(value)} {
			x.check(t, r.Method, fill(r.Pattern, func(string) string { return path })+"?"+query, "{}")
		}
		x.check(t, http.MethodGet, "/"+value, "")
	})
}

// Whatever the body, no route fails.
func FuzzBodies(f *testing.F) {
	x := newTarget(f, "")
	for i, body := range []string{
		"", "{", "null", "[]", "{}", `{"a":{}}`, `"\ud800"`, `{"limit":1e400}`, `{"user_id":5}`, "\xff", strings.Repeat("[", 200000),
		`{"search_categories":{"room_events":{"search_term":"\u0000"}}}`, `{"m.relates_to":{"rel_type":"m.thread","event_id":null}}`,
	} {
		f.Add(uint16(i*11), []byte(body))
	}
	f.Fuzz(func(t *testing.T, route uint16, body []byte) {
		r := x.routes[int(route)%len(x.routes)]
		x.check(t, r.Method, fill(r.Pattern, x.usual)+"?timeout=0", string(body))
	})
}

// Whatever the content and the type of an event, it is sent or refused, and what was sent can be read.
func FuzzEvents(f *testing.F) {
	x := newTarget(f, "")
	for _, c := range []string{`{"body":"a"}`, `{"a":1.5}`, `{"a":-0}`, `{"a":9007199254740993}`, `{"membership":"join"}`, `{"users":{"@a:b":"50"}}`, `{"\u0000":"\ud800"}`} {
		f.Add("m.room.message", "", []byte(c), false)
		f.Add("m.room.power_levels", "", []byte(c), true)
		f.Add("m.room.member", x.user, []byte(c), true)
	}
	n := 0
	f.Fuzz(func(t *testing.T, typ, key string, content []byte, state bool) {
		n++
		room := v3 + "/rooms/" + url.PathEscape(x.room)
		path := room + "/send/" + url.PathEscape(typ) + "/f" + strconv.Itoa(n)
		if state {
			path = room + "/state/" + url.PathEscape(typ) + "/" + url.PathEscape(key)
		}
		x.check(t, http.MethodPut, path, string(content))
		x.check(t, http.MethodGet, room+"/messages?dir=b&limit=3", "")
		x.check(t, http.MethodGet, v3+"/sync?timeout=0", "")
	})
}

// words are the names of members of request bodies, as the specification's OpenAPI files have them.
var words = strings.Fields(`
account_data actions additional_creators address after_limit algorithm algorithms app_display_name app_id append auth auth_data before_limit
client_secret conditions content country creation_content data device_display_name device_id device_keys devices display_name email enabled
ephemeral erase event_context event_fields event_format fallback_keys filter first_message_index format forwarded_count generic_search_term
group_by groupings id_access_token id_server identifier include_all_networks include_leave include_profile include_state inhibit_login
initial_device_display_name initial_state invite invite_3pid is is_direct is_verified key keys kind lang limit locked logout_devices
m.fully_read m.read m.read.private master_key medium messages mxid name new_password new_version next_link not_rooms not_senders not_types
one_time_keys order order_by password pattern phone_number power_level_content_override presence preset profile_tag pushkey reason
refresh_token room room_alias_name room_events room_id room_types room_version rooms search_categories search_term self_signing_key
send_attempt sender senders session session_data sessions sid signatures since state state_key status_msg suspended third_party_instance_id
third_party_signed thread_id three_pid_creds timeline timeout token topic transaction_id type types typing url usage user user_id
user_signing_key username value version visibility membership users events users_default body msgtype m.relates_to rel_type event_id
m.mentions user_ids join_rule allow history_visibility alias alt_aliases ignored_users displayname avatar_url redacts`)

// body draws a JSON value: names and values that handlers look at, in places where they do not expect them.
func (x *target) body(t *rapid.T, depth int) string {
	kinds := 5
	if depth > 0 {
		kinds = 8
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
	case 1:
		return rapid.SampledFrom([]string{"0", "1", "-1", "1.5", "9007199254740993", "-9223372036854775808", "1e400", "1e2"}).Draw(t, "number")
	case 2, 3:
		return rapid.SampledFrom([]string{
			`""`, `"x"`, `"\u0000"`, `"\ud800"`, strconv.Quote(strings.Repeat("y", 300)), `"m.login.dummy"`, `"m.room.member"`, `"m.id.user"`, `"join"`,
			`"public"`, `"12"`, `"m.thread"`, `"m.read"`, `"http"`, `"mxc://a/b"`, strconv.Quote(x.user), strconv.Quote(x.room), strconv.Quote(x.event),
			strconv.Quote(x.alias), `"ed25519:x"`, `"signed_curve25519:AAAA"`, `"room_id"`, `"content.body"`, `"recent"`, `"private_chat"`,
		}).Draw(t, "string")
	case 4:
		return strconv.Quote(rapid.SampledFrom(words).Draw(t, "name"))
	case 5:
		items := make([]string, rapid.IntRange(0, 3).Draw(t, "items"))
		for i := range items {
			items[i] = x.body(t, depth-1)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	return x.object(t, depth)
}

func (x *target) object(t *rapid.T, depth int) string {
	names := append([]string{x.user, x.room, x.event, "*", "ed25519:x"}, words...)
	members := make([]string, rapid.IntRange(0, 6).Draw(t, "members"))
	for i := range members {
		members[i] = strconv.Quote(rapid.SampledFrom(names).Draw(t, "name")) + ":" + x.body(t, depth-1)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// rightBodies are bodies that routes accept, by the ends of their patterns. USER, ROOM and EVENT stand for ids.
var rightBodies = map[string]string{
	"/createRoom": `{"preset":"public_chat","initial_state":[{"type":"m.room.topic","content":{"topic":"x"}}],"creation_content":{"type":"m.space"},
		"power_level_content_override":{"users":{"USER":50}},"invite":["@bob:bongsu.test"],"visibility":"public","is_direct":true,"room_version":"11"}`,
	"/login":            `{"type":"m.login.password","identifier":{"type":"m.id.user","user":"alice"},"password":"no","device_id":"D","refresh_token":true}`,
	"/register":         `{"username":"bob","password":"a long pass phrase","auth":{"type":"m.login.dummy"},"inhibit_login":true}`,
	"/account/password": `{"new_password":"another pass phrase","logout_devices":false,"auth":{"type":"m.login.password","session":"x"}}`,
	"/delete_devices":   `{"devices":["x"],"auth":{"type":"m.login.password"}}`,
	"/refresh":          `{"refresh_token":"x"}`,
	"/filter":           `{"event_fields":["content.body"],"room":{"timeline":{"limit":5,"types":["m.*"]},"state":{"lazy_load_members":true}},"presence":{}}`,
	"/keys/upload": `{"device_keys":{"user_id":"USER","device_id":"D","algorithms":[],"keys":{"ed25519:D":"x"},"signatures":{}},
		"one_time_keys":{"signed_curve25519:AAAA":{"key":"x","signatures":{}}},"fallback_keys":{"signed_curve25519:B":{"key":"x","fallback":true}}}`,
	"/keys/query":                       `{"device_keys":{"USER":[]},"timeout":10}`,
	"/keys/claim":                       `{"one_time_keys":{"USER":{"D":"signed_curve25519"}}}`,
	"/keys/device_signing/upload":       `{"master_key":{"user_id":"USER","usage":["master"],"keys":{"ed25519:x":"x"}},"auth":{"type":"m.login.dummy"}}`,
	"/keys/signatures/upload":           `{"USER":{"D":{"user_id":"USER","device_id":"D","signatures":{"USER":{"ed25519:x":"y"}}}}}`,
	"/room_keys/version":                `{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"x"}}`,
	"/room_keys/keys":                   `{"rooms":{"ROOM":{"sessions":{"s":{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{}}}}}}`,
	"/sendToDevice/{eventType}/{txnId}": `{"messages":{"USER":{"*":{"a":1}}}}`,
	"/pushers/set":                      `{"app_id":"a","pushkey":"k","kind":"http","app_display_name":"A","device_display_name":"D","lang":"en","data":{"url":"https://x/_matrix/push/v1/notify"}}`,
	"/pushrules/global/{kind}/{ruleId}": `{"actions":["notify",{"set_tweak":"sound","value":"x"}],"conditions":[{"kind":"event_match","key":"type","pattern":"m.*"}]}`,
	"/{ruleId}/actions":                 `{"actions":["notify"]}`,
	"/{ruleId}/enabled":                 `{"enabled":true}`,
	"/presence/{userId}/status":         `{"presence":"online","status_msg":"x"}`,
	"/typing/{userId}":                  `{"typing":true,"timeout":1000}`,
	"/receipt/{receiptType}/{eventId}":  `{"thread_id":"main"}`,
	"/read_markers":                     `{"m.fully_read":"EVENT","m.read":"EVENT"}`,
	"/send/{eventType}/{txnId}":         `{"msgtype":"m.text","body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"EVENT"},"m.mentions":{"user_ids":["USER"]}}`,
	"/state/{eventType}":                `{"users":{"USER":100},"events":{},"users_default":0,"ban":50}`,
	"/state/{eventType}/{stateKey}":     `{"membership":"join","join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"ROOM"}],"users":{"USER":100}}`,
	"/invite":                           `{"user_id":"@bob:bongsu.test","reason":"x"}`,
	"/ban":                              `{"user_id":"@bob:bongsu.test","reason":"x"}`,
	"/upgrade":                          `{"new_version":"12","additional_creators":["@bob:bongsu.test"]}`,
	"/directory/room/{roomAlias}":       `{"room_id":"ROOM"}`,
	"/directory/list/room/{roomId}":     `{"visibility":"public"}`,
	"/publicRooms":                      `{"limit":5,"filter":{"generic_search_term":"x","room_types":[null,"m.space"]}}`,
	"/report":                           `{"reason":"x"}`,
	"/report/{eventId}":                 `{"reason":"x","score":-50}`,
	"/search":                           `{"search_categories":{"room_events":{"search_term":"hello","order_by":"recent","event_context":{"before_limit":2},"groupings":{"group_by":[{"key":"sender"}]},"filter":{"limit":3},"include_state":true}}}`,
	"/user_directory/search":            `{"search_term":"alice","limit":5}`,
	"/tags/{tag}":                       `{"order":0.5}`,
	"/account_data/{type}":              `{"ignored_users":{"@bob:bongsu.test":{}}}`,
	"/profile/{userId}/{keyName}":       `{"displayname":"x","avatar_url":"mxc://bongsu.test/x","x":1}`,
	"/redact/{eventId}/{txnId}":         `{"reason":"x"}`,
	"/openid/request_token":             `{}`,
	"/rooms/{roomId}/knock":             `{"reason":"x"}`,
	"/account/3pid/email/requestToken":  `{"client_secret":"x","email":"a@b.c","send_attempt":1}`,
	"/register/msisdn/requestToken":     `{"client_secret":"x","country":"KR","phone_number":"1","send_attempt":1}`,
	"/lock/{userId}":                    `{"locked":true}`,
	"/devices/{deviceId}":               `{"display_name":"x"}`,
}

// almost draws a body that the route accepts, with something in it replaced.
func (x *target) almost(t *rapid.T, pattern string) string {
	for end, body := range rightBodies {
		if !strings.HasSuffix(pattern, end) {
			continue
		}
		body = strings.NewReplacer("USER", x.user, "ROOM", x.room, "EVENT", x.event).Replace(body)
		places := placesOf("", gjson.Parse(body), []string{"added"})
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			place := rapid.SampledFrom(places).Draw(t, "place")
			if changed, err := sjson.SetRaw(body, place, x.body(t, 2)); err == nil {
				body = changed
			}
		}
		return body
	}
	return x.object(t, 3)
}

// placesOf lists the paths of all values within a value.
func placesOf(path string, v gjson.Result, out []string) []string {
	if path != "" {
		out = append(out, path)
	}
	if !v.IsObject() && !v.IsArray() {
		return out
	}
	i := 0
	v.ForEach(func(key, value gjson.Result) bool {
		name := strings.NewReplacer(".", `\.`, "*", `\*`, "?", `\?`, ":", `\:`).Replace(key.Str)
		if v.IsArray() {
			name = strconv.Itoa(i)
			i++
		}
		out = placesOf(strings.TrimPrefix(path+"."+name, "."), value, out)
		return true
	})
	return out
}

// query draws the parameters that routes look at.
func (x *target) query(t *rapid.T) string {
	q := url.Values{"timeout": {"0"}}
	for range rapid.IntRange(0, 3).Draw(t, "parameters") {
		name := rapid.SampledFrom([]string{
			"limit", "from", "to", "since", "dir", "filter", "ts", "at", "membership", "not_membership", "only", "full_state", "set_presence", "via",
			"user_id", "room_id", "kind", "before", "after", "max_depth", "suggested_only", "recurse", "include", "version", "next_batch", "width",
			"height", "method", "animated", "timeout_ms", "format", "event_id", "session", "redirectUrl", "alias", "userid", "server",
		}).Draw(t, "parameter")
		q.Add(name, rapid.SampledFrom([]string{
			"", "x", "0", "1", "-1", "99999999999999999999", "b", "f", "true", "{}", "{", `{"limit":-1}`, `{"types":["*"],"senders":[]}`, "t5",
			"t281474976710655", "s1_1_0_0_", "s1_1.2.3.4_0_0_eA", x.room, x.user, x.event, "join", "\x00", "all", "scale", "e30", "bnVsbA",
		}).Draw(t, "value"))
	}
	return "?" + q.Encode()
}

// Requests with the right words in the wrong places, on every route.
func TestNoRequestBreaksTheServer(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		x := newTarget(t, db)
		for i, r := range x.routes {
			t.Run(fmt.Sprint(i, " ", r.Method, " ", r.Pattern), func(t *testing.T) { x.try(t, r) })
		}
	})
}

// try makes requests on one route.
func (x *target) try(t *testing.T, r clientapi.Route) {
	t.Helper()
	x.furnish(t) // another route may have left the room
	rapid.Check(t, func(t *rapid.T) {
		path := fill(r.Pattern, func(name string) string {
			if rapid.IntRange(0, 3).Draw(t, "odd") > 0 {
				return x.usual(name)
			}
			return rapid.SampledFrom([]string{
				"!x", "@x", "$x", "%23x:y", "%00", "%2F", "%FF", "x:y", "m.room.power_levels", "@x:bongsu.test", "%00@x:bongsu.test",
			}).Draw(t, "segment")
		})
		x.check(t, r.Method, path+x.query(t), x.almost(t, r.Pattern))
	})
}
