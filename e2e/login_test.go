package e2e

import (
	"testing"
)

func passwordLogin(u *User, identifier Obj) Obj {
	return Obj{"type": "m.login.password", "identifier": identifier, "password": u.Password}
}

func TestLoginOffersPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for _, flow := range s.Client().Get(V3("login")).OK().Get("flows").Array() {
			if flow.Get("type").Str == "m.login.password" {
				return
			}
		}
		t.Fatal("GET /login has no m.login.password")
	})
}

func TestLoginByUserIDAndByLocalpart(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("identified")
		for _, user := range []string{u.ID, u.Localpart} {
			r := s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": user})).OK().WantJSON("user_id", u.ID)
			if r.Str("access_token") == u.Token {
				t.Error("a new login got the old access token")
			}
		}
	})
}

func TestLoginByDeprecatedUserField(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("oldstyle")
		s.Client().Post(V3("login"), Obj{"type": "m.login.password", "user": u.ID, "password": u.Password}).OK().WantJSON("user_id", u.ID)
	})
}

func TestLoginIgnoresCaseOfLocalpart(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("lower")
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": "LOWER" + u.Localpart[len("lower"):]})).OK()
	})
}

func TestLoginByUnknownThirdPartyIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("thirdparty")
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.thirdparty", "medium": "email", "address": "a@example.org"})).
			WantError(403, "M_FORBIDDEN")
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.phone", "country": "KR", "phone": "0101234567"})).
			WantError(403, "M_FORBIDDEN")
	})
}

func TestLoginWrongPasswordIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("wrong")
		u.Password = "not the password"
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})).WantError(403, "M_FORBIDDEN")
	})
}

func TestLoginUnknownUserIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := &User{Password: "some password"}
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": s.Name("nobody")})).WantError(403, "M_FORBIDDEN")
	})
}

func TestLoginOtherServersUserIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("elsewhere")
		r := s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": "@" + u.Localpart + ":elsewhere.example"}))
		if r.Status == 200 {
			t.Fatal("logged in as a user of another server")
		}
	})
}

func TestLoginRefusesUnknownTypeAndBadBodies(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("login"), Obj{"type": "org.example.telepathy"}).Want(400)
		s.Client().Post(V3("login"), `{"type": `).WantError(400, "M_NOT_JSON")
		s.Client().Post(V3("login"), `{"type": "m.login.password", "password": {"nested": true}}`).WantError(400, "M_BAD_JSON")
	})
}

func TestLoginWithKnownDeviceReplacesItsToken(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("samedevice")
		body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
		body["device_id"] = u.Device
		r := s.Client().Post(V3("login"), body).OK().WantJSON("device_id", u.Device)
		u.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		u.Token = r.Str("access_token")
		if n := len(u.Get(V3("devices")).OK().Get("devices").Array()); n != 1 {
			t.Fatalf("%d devices, want 1", n)
		}
	})
}

func TestLoginNamesANewDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("newdevice")
		body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
		body["device_id"], body["initial_device_display_name"] = "FRESH", "Tablet"
		s.Client().Post(V3("login"), body).OK().WantJSON("device_id", "FRESH")
		u.Get(V3("devices", "FRESH")).OK().WantJSON("display_name", "Tablet", "device_id", "FRESH")
	})
}

func TestLoginTokenFromLoggedInClientServesOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("qr")
		r := u.Post(V1("login", "get_token"), Obj{})
		if r.Status == 401 {
			r = u.Post(V1("login", "get_token"), Obj{"auth": u.PasswordAuth(r.Get("session").String())})
		}
		token := r.OK().Str("login_token")
		body := Obj{"type": "m.login.token", "token": token}
		s.Client().Post(V3("login"), body).OK().WantJSON("user_id", u.ID)
		s.Client().Post(V3("login"), body).WantError(403, "M_FORBIDDEN")
	})
}

// PasswordAuth is the password stage of user-interactive authentication.
func (u *User) PasswordAuth(session string) Obj {
	auth := Obj{"type": "m.login.password", "identifier": Obj{"type": "m.id.user", "user": u.ID}, "password": u.Password}
	if session != "" {
		auth["session"] = session
	}
	return auth
}

func TestRefreshTokenGivesNewTokensAndEndsTheOld(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("refresh")
		body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
		body["refresh_token"] = true
		r := s.Client().Post(V3("login"), body).OK()
		if !r.Get("expires_in_ms").Exists() {
			t.Log("the access token does not expire by itself")
		}
		old := s.Client()
		old.Token = r.Str("access_token")
		old.Get(V3("account", "whoami")).OK()
		first := r.Str("refresh_token")
		r = s.Client().Post(V3("refresh"), Obj{"refresh_token": first}).OK()
		fresh := s.Client()
		fresh.Token = r.Str("access_token")
		fresh.Get(V3("account", "whoami")).OK()
		old.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		// Once the new token is used the old refresh token is spent.
		s.Client().Post(V3("refresh"), Obj{"refresh_token": first}).WantError(401, "M_UNKNOWN_TOKEN")
		if next := r.Get("refresh_token").String(); next != "" {
			s.Client().Post(V3("refresh"), Obj{"refresh_token": next}).OK()
		}
	})
}

func TestRefreshUnknownTokenIsUnknown(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("refresh"), Obj{"refresh_token": "never given"}).WantError(401, "M_UNKNOWN_TOKEN")
	})
}

func TestLogoutEndsTokenAndDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("logout")
		other := u.Login()
		other.Post(V3("logout"), Obj{}).OK()
		other.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		u.Get(V3("devices", other.Device)).WantError(404, "M_NOT_FOUND")
		u.Get(V3("account", "whoami")).OK()
	})
}

func TestLogoutAllEndsEveryToken(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("logoutall")
		other := u.Login()
		u.Post(V3("logout", "all"), Obj{}).OK()
		for _, c := range []*User{u, other} {
			c.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		}
		again := u.Login()
		if n := len(again.Get(V3("devices")).OK().Get("devices").Array()); n != 1 {
			t.Fatalf("%d devices after logging out of all and in again, want 1", n)
		}
	})
}

func TestLogoutAcceptsAnEmptyBody(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.User("nobody").Post(V3("logout"), nil).OK()
	})
}

func TestWhoamiTellsUserAndDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("whoami")
		r := u.Get(V3("account", "whoami")).OK().WantJSON("user_id", u.ID, "device_id", u.Device)
		if r.Get("is_guest").Bool() {
			t.Fatal("a registered user is called a guest")
		}
	})
}

func TestMissingAndUnknownTokensAreToldApart(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		c := s.Client()
		c.Get(V3("account", "whoami")).WantError(401, "M_MISSING_TOKEN")
		c.Token = "syt_unknown"
		c.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		c.Get(V3("sync")).WantError(401, "M_UNKNOWN_TOKEN")
	})
}

func TestAccessTokenInTheQueryIsAccepted(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("query")
		s.Client().Get(V3("account", "whoami")+Query("access_token", u.Token)).OK().WantJSON("user_id", u.ID)
	})
}
