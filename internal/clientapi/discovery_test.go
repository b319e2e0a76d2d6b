package clientapi

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

// anonymous calls the API without a token.
func (s *testServer) anonymous(path string) *answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), "GET", path, nil))
	return &answer{t: s.t, call: "GET " + path, status: w.Code, body: w.Body.String()}
}

func TestTURNCredentials(t *testing.T) {
	turn := TURN{URIs: []string{"turn:x"}, Secret: "north", Username: "u", Password: "p", Lifetime: time.Hour}
	// The password is what `openssl dgst -sha1 -hmac north` makes of the name.
	want := turnCredentials{Username: "4600:@alice:example.org", Password: "fe3RN/E++jtw4Lw7nmGD88oLh8c=", URIs: turn.URIs, TTL: 3600}
	if got := turn.credentials("@alice:example.org", time.Unix(1000, 0)); got.Username != want.Username || got.Password != want.Password || got.TTL != want.TTL {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s := newTestServer(t, "")
	alice := s.user("alice")
	alice.get(v3 + "/voip/turnServer").want(`{}`)
	s.api.TURN = TURN{URIs: []string{"turn:x"}, Username: "u", Password: "p", Lifetime: time.Hour}
	alice.get(v3 + "/voip/turnServer").want(`{"username":"u","password":"p","uris":["turn:x"],"ttl":3600}`)
	s.anonymous(v3+"/voip/turnServer").wantError(401, "M_MISSING_TOKEN")
}

func TestSupport(t *testing.T) {
	s := newTestServer(t, "")
	s.anonymous("/.well-known/matrix/support").wantError(404, "M_NOT_FOUND")
	s.anonymous("/.well-known/matrix/policy_server").wantError(404, "M_NOT_FOUND")
	s.api.Support = Support{Contacts: []Contact{{Email: "admin@example.org", Role: "m.role.admin"}}, Page: "https://example.org/help"}
	s.anonymous("/.well-known/matrix/support").want(
		`{"contacts":[{"email_address":"admin@example.org","role":"m.role.admin"}],"support_page":"https://example.org/help"}`)
}

func TestThirdPartyLookupsFindNothing(t *testing.T) {
	alice := newTestServer(t, "").user("alice")
	alice.get(v3 + "/thirdparty/protocols").want(`{}`)
	for _, path := range []string{"protocol/irc", "location/irc?channel=x", "user/irc", "location?alias=%23a:b", "user?userid=@a:b"} {
		alice.get(v3+"/thirdparty/"+path).wantError(404, "M_NOT_FOUND")
	}
	alice.get(v3+"/thirdparty/location").wantError(400, "M_MISSING_PARAM")
	alice.get(v3+"/thirdparty/user").wantError(400, "M_MISSING_PARAM")
}

func TestNoSingleSignOn(t *testing.T) {
	s := newTestServer(t, "")
	s.anonymous(v3+"/login/sso/redirect").wantError(400, "M_MISSING_PARAM")
	s.anonymous(v3+"/login/sso/redirect?redirectUrl=javascript:1").wantError(400, "M_INVALID_PARAM")
	s.anonymous(v3 + "/login/sso/redirect?redirectUrl=https://a.example").wantStatus(302)
	a := s.anonymous(v3 + "/login/sso/redirect/oidc?redirectUrl=https://evil.example").wantStatus(404)
	if !strings.Contains(a.body, "no sign-in of this name") || strings.Contains(a.body, "evil") {
		t.Errorf("%s: %s", a.call, a.body)
	}
	s.anonymous(v1+"/auth_metadata").wantError(404, "M_UNRECOGNIZED")
}

func TestServerKeys(t *testing.T) {
	s := newRoomServer(t, "")
	s.api.Version = "1.2"
	s.anonymous("/_matrix/federation/v1/version").want(`{"server":{"name":"Bongsu","version":"1.2"}}`)
	a := s.anonymous("/_matrix/key/v2/server")
	if name := a.field("server_name"); name != "example.org" {
		t.Errorf("server_name is %q", name)
	}
	if until := gjson.Get(a.body, "valid_until_ts").Int(); until < time.Now().Add(time.Hour).UnixMilli() {
		t.Errorf("the keys are valid for less than an hour, until %d", until)
	}
	var keys gomatrixserverlib.ServerKeys
	if err := keys.UnmarshalJSON([]byte(a.body)); err != nil {
		t.Fatal(err)
	}
	checks, _ := gomatrixserverlib.CheckKeys("example.org", time.Now(), keys)
	if !checks.AllChecksOK {
		t.Errorf("the keys do not pass: %+v", checks)
	}
}

func TestBodiesOfTheWrongKind(t *testing.T) {
	s := newRoomServer(t, "")
	alice := s.user("alice")
	room := alice.makeRoom(`{}`)
	alice.put(room+"/redact/"+alice.say(room, "x")+"/1", `{"reason":5}`).wantError(400, "M_BAD_JSON")
	alice.post(v3+"/account/3pid/add", `{"client_secret":5,"sid":"x"}`).wantError(400, "M_BAD_JSON")
	alice.post(v3+"/account/3pid/email/requestToken", `{"client_secret":"x","email":"a@b.c","send_attempt":"1"}`).wantError(400, "M_BAD_JSON")
	alice.post(v3+"/account/3pid/add", `{"client_secret":"x","sid":"x"}`).wantError(403, "M_THREEPID_DENIED")
	alice.post(v3+"/account/3pid/delete", `{"medium":"email","address":"a@b.c"}`).want(`{"id_server_unbind_result":"no-support"}`)
}

// PostgreSQL's texts hold no NUL: nobody's request may fail the batch that it shares with others.
func TestNULStaysOutOfTexts(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice := s.user("alice")
		room := alice.makeRoom(`{}`)
		alice.put(room+"/state/m.room.name", `{"name":"a\u0000b"}`).field("event_id")
		alice.sendEvent(room, "m.room.message", `{"body":"\u0000","m.relates_to":{"rel_type":"m.x\u0000","event_id":"$\u0000"}}`)
		alice.get(room + "/state/m.room.name").want(`{"name":"a\u0000b"}`)
		for _, path := range []string{"/state/m%00", "/state/m.x/%00", "/send/m.x/%00", "/state/m%FF"} {
			alice.put(room+path, `{}`).wantError(400, "M_INVALID_PARAM")
		}
		alice.get(room+"/messages?dir=b&from=%00").wantError(400, "M_INVALID_PARAM")
		alice.post(v3+"/createRoom", `{"name":"\u0000"}`).wantError(400, "M_BAD_JSON")
		alice.post(v3+"/createRoom", `{"name":"\\u0000"}`).field("room_id")
	})
}

func TestEntrancesAreTold(t *testing.T) {
	s := newTestServer(t, "")
	s.api.BaseURL = "https://example.org"
	s.anonymous("/.well-known/matrix/client").want(`{"m.homeserver":{"base_url":"https://example.org"}}`)
	s.api.Entrances = []string{"https://a.example.org", "https://b.example.org"}
	s.anonymous("/.well-known/matrix/client").want(
		`{"m.homeserver":{"base_url":"https://example.org"},"org.bongsu.entrances":["https://a.example.org","https://b.example.org"]}`)
}
