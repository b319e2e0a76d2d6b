package clientapi

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const testSecret = "shared secret"

// eachAccountServer runs a test on a server with an account service of its own, on both kinds of database.
func eachAccountServer(t *testing.T, o account.Options, fn func(t *testing.T, s *testServer)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		o.ServerName, o.Store, o.SharedSecret = "example.org", db, testSecret
		if o.Registration == "" {
			o.Registration = account.RegistrationOpen
		}
		accounts := account.New(o)
		t.Cleanup(accounts.Close)
		fn(t, &testServer{t: t, api: New(Deps{ServerName: "example.org", Store: db, Accounts: accounts})})
	})
}

func (s *testServer) nobody() *testUser { return &testUser{s: s} }

// register makes an account through the API.
func (s *testServer) register(name string) *testUser {
	s.t.Helper()
	r := s.nobody().post("/_matrix/client/v3/register",
		`{"username":"`+name+`","password":"right password","device_id":"FIRST","auth":{"type":"m.login.dummy"}}`)
	return &testUser{s: s, token: r.field("access_token")}
}

func (s *testServer) login(name string) *testUser {
	s.t.Helper()
	r := s.nobody().post("/_matrix/client/v3/login", loginJSON(name, "right password"))
	return &testUser{s: s, token: r.field("access_token")}
}

func loginJSON(name, password string) string {
	return `{"type":"m.login.password","identifier":{"type":"m.id.user","user":"` + name + `"},"password":"` + password + `"}`
}

// passwordAuth is the password stage, with a session unless that is empty.
func passwordAuth(name, password, session string) string {
	return strings.Replace(loginJSON(name, password), "{", `{"session":"`+session+`",`, 1)
}

func (a *answer) wantStatus(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: got %d %s, want %d", a.call, a.status, a.body, status)
	}
	return a
}

func (a *answer) text(path string) string { return gjson.Get(a.body, path).String() }

func TestRegistrationInTwoStepsRemembersTheParameters(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		r := s.nobody().post("/_matrix/client/v3/register", `{"username":"Alice","password":"right password"}`).wantStatus(401)
		if r.text("flows.0.stages.0") != "m.login.dummy" || !gjson.Get(r.body, "params").IsObject() || r.text("errcode") != "" {
			s.t.Fatal(r.body)
		}
		auth := `{"auth":{"type":"m.login.dummy","session":"` + r.text("session") + `"}}`
		r = s.nobody().post("/_matrix/client/v3/register", auth)
		if r.field("user_id") != "@alice:example.org" || r.field("access_token") == "" || r.field("device_id") == "" {
			s.t.Fatal(r.body)
		}
	})
}

func TestRegistrationErrors(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		s.register("alice")
		for _, c := range []struct {
			body   string
			status int
			code   string
		}{
			{`{"username":"ALICE"}`, 400, "M_USER_IN_USE"},
			{`{"username":"with space"}`, 400, "M_INVALID_USERNAME"},
			{`{"username":"` + strings.Repeat("a", 250) + `"}`, 400, "M_INVALID_USERNAME"},
			{`{"username":"bob","password":"short"}`, 400, "M_WEAK_PASSWORD"},
			{`{"username":"bob","auth":{"type":"m.login.dummy"}}`, 400, "M_MISSING_PARAM"},
			{`{"username":"bob","auth":{"type":"m.login.password"}}`, 401, "M_FORBIDDEN"},
			{`{"username":"bob","auth":5}`, 400, "M_BAD_JSON"},
			{`{"username":7}`, 400, "M_BAD_JSON"},
			{`[]`, 400, "M_BAD_JSON"},
			{`{`, 400, "M_NOT_JSON"},
		} {
			s.nobody().post("/_matrix/client/v3/register", c.body).wantError(c.status, c.code)
		}
		s.nobody().post("/_matrix/client/v3/register?kind=robot", `{}`).wantError(400, "M_INVALID_PARAM")
	})
}

func TestClosedRegistration(t *testing.T) {
	eachAccountServer(t, account.Options{Registration: account.RegistrationClosed}, func(_ *testing.T, s *testServer) {
		s.nobody().post("/_matrix/client/v3/register", `{"username":"alice"}`).wantError(403, "M_FORBIDDEN")
		s.nobody().post("/_matrix/client/v3/register?kind=guest", `{}`).wantError(403, "M_FORBIDDEN")
		s.nobody().get("/_matrix/client/v1/register/m.login.registration_token/validity?token=x").wantError(403, "M_FORBIDDEN")
	})
}

func TestRegistrationToken(t *testing.T) {
	eachAccountServer(t, account.Options{Registration: account.RegistrationToken}, func(t *testing.T, s *testServer) {
		token, err := s.api.Accounts.EnsureFirstToken(t.Context())
		if err != nil || token == "" {
			t.Fatal(token, err)
		}
		if again, err := s.api.Accounts.EnsureFirstToken(t.Context()); again != token || err != nil {
			t.Fatalf("second start: %q, %v, want %q", again, err, token)
		}
		const validity = "/_matrix/client/v1/register/m.login.registration_token/validity?token="
		s.nobody().get(validity + token).want(`{"valid":true}`)
		s.nobody().get(validity + "wrong").want(`{"valid":false}`)
		body := func(name, token string) string {
			return `{"username":"` + name + `","password":"right password","auth":{"type":"m.login.registration_token","token":"` + token + `"}}`
		}
		r := s.nobody().post("/_matrix/client/v3/register", body("alice", "wrong"))
		r.wantError(401, "M_UNAUTHORIZED")
		if r.text("flows.0.stages.0") != "m.login.registration_token" || r.text("session") == "" {
			t.Fatal(r.body)
		}
		s.nobody().post("/_matrix/client/v3/register", body("alice", token)).wantStatus(200)
		err = s.api.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.InsertRegistrationToken(t.Context(), store.RegistrationToken{Token: "once", UsesAllowed: 1})
		})
		if err != nil {
			t.Fatal(err)
		}
		s.nobody().post("/_matrix/client/v3/register", body("bob", "once")).wantStatus(200)
		s.nobody().post("/_matrix/client/v3/register", body("carol", "once")).wantError(401, "M_UNAUTHORIZED")
	})
}

func TestGuestsMayDoLittle(t *testing.T) {
	eachAccountServer(t, account.Options{Registration: account.RegistrationClosed, AllowGuests: true}, func(t *testing.T, s *testServer) {
		r := s.nobody().post("/_matrix/client/v3/register?kind=guest", `{"username":"ignored"}`)
		g := &testUser{s: s, token: r.field("access_token")}
		if id := r.field("user_id"); strings.Contains(id, "ignored") {
			t.Fatalf("a guest chose the name %s", id)
		}
		if who := g.get("/_matrix/client/v3/account/whoami"); who.field("is_guest") != "true" {
			t.Fatal(who.body)
		}
		g.put("/_matrix/client/v3/profile/"+r.field("user_id")+"/displayname", `{"displayname":"Guest"}`).want(`{}`)
		g.put("/_matrix/client/v3/profile/"+r.field("user_id")+"/avatar_url", `{"avatar_url":""}`).wantError(403, "M_GUEST_ACCESS_FORBIDDEN")
		g.post("/_matrix/client/v3/account/password", `{}`).wantError(403, "M_GUEST_ACCESS_FORBIDDEN")
	})
}

func TestLoginIdentifiers(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		s.register("alice")
		const login = "/_matrix/client/v3/login"
		for _, c := range []struct {
			body   string
			status int
			code   string
		}{
			{loginJSON("alice", "right password"), 200, ""},
			{loginJSON("ALICE", "right password"), 200, ""},
			{loginJSON("@alice:example.org", "right password"), 200, ""},
			{`{"type":"m.login.password","user":"alice","password":"right password"}`, 200, ""},
			{loginJSON("alice", "wrong password"), 403, "M_FORBIDDEN"},
			{loginJSON("nobody", "right password"), 403, "M_FORBIDDEN"},
			{loginJSON("@alice:elsewhere.org", "right password"), 403, "M_FORBIDDEN"},
			{`{"type":"m.login.password","identifier":{"type":"m.id.thirdparty","medium":"email","address":"a@b"},"password":"p"}`, 403, "M_FORBIDDEN"},
			{`{"type":"m.login.password","identifier":{"type":"m.id.phone","country":"KR","phone":"1"},"password":"p"}`, 403, "M_FORBIDDEN"},
			{`{"type":"m.login.password","medium":"email","address":"a@b","password":"p"}`, 403, "M_FORBIDDEN"},
			{`{"type":"m.login.password","identifier":{"type":"m.id.odd"},"password":"p"}`, 400, "M_UNKNOWN"},
			{`{"type":"m.login.password","password":"p"}`, 400, "M_MISSING_PARAM"},
			{`{"type":"m.login.password","user":"alice"}`, 400, "M_MISSING_PARAM"},
			{`{"type":"m.login.token","token":"wrong"}`, 403, "M_FORBIDDEN"},
			{`{"type":"org.example.odd"}`, 400, "M_UNKNOWN"},
			{`{}`, 400, "M_MISSING_PARAM"},
		} {
			if r := s.nobody().post(login, c.body); r.status != c.status || r.text("errcode") != c.code {
				s.t.Errorf("%s: got %d %s, want %d %s", c.body, r.status, r.body, c.status, c.code)
			}
		}
	})
}

func TestInteractiveAuthentication(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice := s.register("alice")
		s.register("mallory")
		const first = "/_matrix/client/v3/devices/FIRST"
		other := s.login("alice")
		session := other.call("DELETE", first, "").wantStatus(401).text("session")
		r := other.call("DELETE", first, `{"auth":`+passwordAuth("alice", "wrong password", session)+`}`)
		r.wantError(401, "M_FORBIDDEN")
		if r.text("session") != session || r.text("flows.0.stages.0") != "m.login.password" {
			s.t.Fatal(r.body)
		}
		other.call("DELETE", first, `{"auth":`+passwordAuth("mallory", "right password", session)+`}`).wantError(401, "M_FORBIDDEN")
		right := `{"auth":` + passwordAuth("alice", "right password", session) + `}`
		other.call("DELETE", "/_matrix/client/v3/devices/OTHER", right).wantError(403, "M_FORBIDDEN")
		s.login("mallory").call("DELETE", first, right).wantError(403, "M_FORBIDDEN")
		alice.get("/_matrix/client/v3/account/whoami").wantStatus(200)
		other.call("DELETE", first, right).want(`{}`)
		alice.get("/_matrix/client/v3/account/whoami").wantError(401, "M_UNKNOWN_TOKEN")
		// The session has served, and serves no second time.
		if again := other.call("DELETE", first, `{"auth":{"session":"`+session+`"}}`).wantStatus(401); again.text("session") == session {
			s.t.Fatal("a finished session goes on")
		}
		// Stage and body in one request need no session; a device that is gone already is no error.
		other.call("DELETE", first, `{"auth":`+passwordAuth("alice", "right password", "")+`}`).want(`{}`)
	})
}

func TestPasswordChange(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice, other := s.register("alice"), s.login("alice")
		const path = "/_matrix/client/v3/account/password"
		alice.post(path, `{"new_password":"short"}`).wantError(400, "M_WEAK_PASSWORD")
		alice.post(path, `{"auth":`+passwordAuth("alice", "right password", "")+`}`).wantError(400, "M_MISSING_PARAM")
		alice.post(path, `{"new_password":"second password","auth":`+passwordAuth("alice", "right password", "")+`}`).want(`{}`)
		alice.get("/_matrix/client/v3/account/whoami").wantStatus(200)
		other.get("/_matrix/client/v3/account/whoami").wantError(401, "M_UNKNOWN_TOKEN")
		s.nobody().post("/_matrix/client/v3/login", loginJSON("alice", "right password")).wantError(403, "M_FORBIDDEN")
		// Who knows the password needs no login.
		s.nobody().post(path, `{"new_password":"third password","auth":`+passwordAuth("alice", "second password", "")+`}`).want(`{}`)
		alice.get("/_matrix/client/v3/account/whoami").wantError(401, "M_UNKNOWN_TOKEN")
		s.nobody().post("/_matrix/client/v3/login", loginJSON("alice", "third password")).wantStatus(200)
	})
}

func TestDeactivation(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice := s.register("alice")
		const path = "/_matrix/client/v3/account/deactivate"
		alice.post(path, `{}`).wantStatus(401)
		alice.put("/_matrix/client/v3/profile/@alice:example.org/displayname", `{"displayname":"Alice"}`).want(`{}`)
		alice.post(path, `{"erase":true,"auth":`+passwordAuth("alice", "right password", "")+`}`).want(`{"id_server_unbind_result":"success"}`)
		alice.get("/_matrix/client/v3/account/whoami").wantError(401, "M_UNKNOWN_TOKEN")
		s.nobody().post("/_matrix/client/v3/login", loginJSON("alice", "right password")).wantError(403, "M_FORBIDDEN")
		s.nobody().get("/_matrix/client/v3/register/available?username=alice").wantError(400, "M_USER_IN_USE")
		s.nobody().get("/_matrix/client/v3/profile/@alice:example.org").want(`{}`)
	})
}

func TestProfileFields(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice, bob := s.register("alice"), s.register("bob")
		const path = "/_matrix/client/v3/profile/@alice:example.org"
		alice.put(path+"/displayname", `{"displayname":"Alice"}`).want(`{}`)
		alice.put(path+"/avatar_url", `{"avatar_url":"mxc://example.org/a"}`).want(`{}`)
		alice.put(path+"/m.tz", `{"m.tz":"Asia/Seoul"}`).want(`{}`)
		alice.put(path+"/org.example.job", `{"org.example.job": {"title": null}}`).want(`{}`)
		s.nobody().get(path).want(`{"displayname":"Alice","avatar_url":"mxc://example.org/a","m.tz":"Asia/Seoul","org.example.job":{"title":null}}`)
		s.nobody().get(path + "/displayname").want(`{"displayname":"Alice"}`)
		alice.put(path+"/displayname", `{"displayname":""}`).want(`{}`)
		s.nobody().get(path+"/displayname").wantError(404, "M_NOT_FOUND")
		alice.delete(path + "/m.tz").want(`{}`)
		alice.delete(path + "/m.tz").want(`{}`)
		s.nobody().get(path+"/m.tz").wantError(404, "M_NOT_FOUND")
		s.nobody().get("/_matrix/client/v3/profile/@none:example.org").wantError(404, "M_NOT_FOUND")
		bob.put(path+"/displayname", `{"displayname":"Mallory"}`).wantError(403, "M_FORBIDDEN")
		bob.delete(path+"/displayname").wantError(403, "M_FORBIDDEN")
		for field, code := range map[string]string{
			`{"displayname":5}`: "M_BAD_JSON", `{"displayname":null}`: "M_BAD_JSON", `{}`: "M_MISSING_PARAM", `{"x`: "M_NOT_JSON",
		} {
			alice.put(path+"/displayname", field).wantError(400, code)
		}
		alice.put(path+"/avatar_url", `{"avatar_url":"https://example.org/a"}`).wantError(400, "M_INVALID_PARAM")
		alice.put(path+"/Odd", `{"Odd":1}`).wantError(400, "M_INVALID_PARAM")
		long := "org." + strings.Repeat("k", 252)
		alice.put(path+"/"+long, `{"`+long+`":1}`).wantError(400, "M_KEY_TOO_LARGE")
		big := `"` + strings.Repeat("x", 40<<10) + `"`
		alice.put(path+"/org.big.a", `{"org.big.a":`+big+`}`).want(`{}`)
		alice.put(path+"/org.big.b", `{"org.big.b":`+big+`}`).wantError(400, "M_PROFILE_TOO_LARGE")
	})
}

func (s *testServer) bySecret(name, role string) *testUser {
	s.t.Helper()
	const path = "/_synapse/admin/v1/register"
	nonce := s.nobody().get(path).field("nonce")
	mac := hmac.New(sha1.New, []byte(testSecret))
	mac.Write([]byte(strings.Join([]string{nonce, name, "pw", role}, "\x00")))
	body := `{"nonce":"` + nonce + `","username":"` + name + `","password":"pw","admin":` + map[string]string{"admin": "true"}[role] +
		`,"displayname":"The Boss","mac":"` + hex.EncodeToString(mac.Sum(nil)) + `"}`
	r := s.nobody().post(path, body)
	s.nobody().post(path, strings.Replace(body, name, name+"2", 1)).wantError(403, "M_FORBIDDEN")
	return &testUser{s: s, token: r.field("access_token")}
}

func TestModeration(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		boss, alice := s.bySecret("boss", "admin"), s.register("alice")
		s.nobody().get("/_matrix/client/v3/profile/@boss:example.org/displayname").want(`{"displayname":"The Boss"}`)
		const lock, suspend = "/_matrix/client/v1/admin/lock/@", "/_matrix/client/v1/admin/suspend/@"
		alice.get(lock+"boss:example.org").wantError(403, "M_FORBIDDEN")
		alice.put(lock+"nobody:example.org", `{"locked":true}`).wantError(403, "M_FORBIDDEN")
		boss.put(lock+"boss:example.org", `{"locked":true}`).wantError(403, "M_FORBIDDEN")
		boss.put(lock+"nobody:example.org", `{"locked":true}`).wantError(404, "M_NOT_FOUND")
		boss.put(lock+"alice:elsewhere.org", `{"locked":true}`).wantError(400, "M_INVALID_PARAM")
		boss.put(lock+"alice:example.org", `{}`).wantError(400, "M_MISSING_PARAM")
		boss.get(lock + "alice:example.org").want(`{"locked":false}`)

		boss.put(suspend+"alice:example.org", `{"suspended":true}`).want(`{"suspended":true}`)
		boss.get(suspend + "alice:example.org").want(`{"suspended":true}`)
		alice.put("/_matrix/client/v3/profile/@alice:example.org/displayname", `{"displayname":"x"}`).wantError(403, "M_USER_SUSPENDED")
		alice.get("/_matrix/client/v3/devices").wantStatus(200)
		boss.put(suspend+"alice:example.org", `{"suspended":false}`).want(`{"suspended":false}`)

		boss.put(lock+"alice:example.org", `{"locked":true}`).want(`{"locked":true}`)
		r := alice.get("/_matrix/client/v3/account/whoami")
		r.wantError(401, "M_USER_LOCKED")
		if r.text("soft_logout") != "true" {
			s.t.Fatal(r.body)
		}
		s.nobody().post("/_matrix/client/v3/login", loginJSON("alice", "right password")).wantError(401, "M_USER_LOCKED")
		boss.put(lock+"alice:example.org", `{"locked":false}`).want(`{"locked":false}`)
		alice.get("/_matrix/client/v3/account/whoami").wantStatus(200)
		boss.put(lock+"alice:example.org", `{"locked":true}`).wantStatus(200)
		alice.post("/_matrix/client/v3/logout", `{}`).want(`{}`)
	})
}

func TestWhois(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		boss, alice := s.bySecret("boss", "admin"), s.register("alice")
		const path = "/_matrix/client/v3/admin/whois/@"
		for _, u := range []*testUser{boss, alice} {
			r := u.get(path + "alice:example.org")
			if r.field("user_id") != "@alice:example.org" || r.field("devices.FIRST.sessions.0.connections.0.ip") != "192.0.2.1" {
				s.t.Fatal(r.body)
			}
		}
		alice.get(path+"boss:example.org").wantError(403, "M_FORBIDDEN")
		boss.get(path+"none:example.org").wantError(404, "M_NOT_FOUND")
	})
}

func TestSharedSecretIsOffWithoutASecret(t *testing.T) {
	s := newTestServer(t, "")
	s.nobody().get("/_synapse/admin/v1/register").wantError(404, "M_UNRECOGNIZED")
	s.nobody().post("/_synapse/admin/v1/register", `{}`).wantError(404, "M_UNRECOGNIZED")
}

func TestThirdPartyIdentifiersAreRefused(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice := s.register("alice")
		const path = "/_matrix/client/v3"
		alice.get(path + "/account/3pid").want(`{"threepids":[]}`)
		alice.post(path+"/account/3pid/add", `{"sid":"1","client_secret":"2"}`).wantError(403, "M_THREEPID_DENIED")
		alice.post(path+"/account/3pid/add", `{}`).wantError(400, "M_MISSING_PARAM")
		alice.post(path+"/account/3pid/delete", `{"medium":"email","address":"a@b"}`).want(`{"id_server_unbind_result":"no-support"}`)
		email := `{"client_secret":"s","email":"a@b","send_attempt":1}`
		s.nobody().post(path+"/register/email/requestToken", email).wantError(403, "M_THREEPID_DENIED")
		s.nobody().post(path+"/account/password/email/requestToken", email).wantError(400, "M_THREEPID_NOT_FOUND")
	})
}

func TestOpenID(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice := s.register("alice")
		r := alice.post("/_matrix/client/v3/user/@alice:example.org/openid/request_token", `{}`)
		if r.field("token_type") != "Bearer" || r.field("matrix_server_name") != "example.org" {
			s.t.Fatal(r.body)
		}
		const info = "/_matrix/federation/v1/openid/userinfo"
		s.nobody().get(info + "?access_token=" + r.field("access_token")).want(`{"sub":"@alice:example.org"}`)
		s.nobody().get(info+"?access_token=wrong").wantError(401, "M_UNKNOWN_TOKEN")
		s.nobody().get(info).wantError(401, "M_MISSING_TOKEN")
		alice.post("/_matrix/client/v3/user/@bob:example.org/openid/request_token", `{}`).wantError(403, "M_FORBIDDEN")
	})
}

func TestCapabilities(t *testing.T) {
	eachAccountServer(t, account.Options{}, func(_ *testing.T, s *testServer) {
		alice, boss := s.register("alice"), s.bySecret("boss", "admin")
		r := alice.get("/_matrix/client/v3/capabilities")
		if r.field(`capabilities.m\.room_versions.default`) != "12" || r.field(`capabilities.m\.3pid_changes.enabled`) != "false" ||
			r.field(`capabilities.m\.account_moderation`) != "" {
			s.t.Fatal(r.body)
		}
		if r := boss.get("/_matrix/client/v3/capabilities"); r.field(`capabilities.m\.account_moderation.lock`) != "true" {
			s.t.Fatal(r.body)
		}
		s.nobody().get("/_matrix/client/v3/capabilities").wantError(401, "M_MISSING_TOKEN")
	})
}
