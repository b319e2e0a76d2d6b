package e2e

import (
	"crypto/hmac"
	"crypto/sha1" // the endpoint's signature is HMAC-SHA1
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

func TestRegisterWithoutAuthOffersFlows(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Post(V3("register"), Obj{"username": s.Name("flows"), "password": "some long password"}).Want(401)
		if r.Str("session") == "" || len(r.Get("flows").Array()) == 0 || !r.Get("params").IsObject() {
			t.Fatalf("incomplete offer of flows: %s", r.Raw)
		}
		for _, flow := range r.Get("flows").Array() {
			if flow.Get("stages.#").Int() == 1 && flow.Get("stages.0").Str == "m.login.dummy" {
				return
			}
		}
		t.Fatalf("open registration offers no flow of m.login.dummy alone: %s", r.Raw)
	})
}

func TestRegisterCompletesItsSession(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		name := s.Name("session")
		body := Obj{"username": name, "password": "some long password"}
		session := s.Client().Post(V3("register"), body).Want(401).Str("session")
		body["auth"] = Obj{"type": "m.login.dummy", "session": session}
		r := s.Client().Post(V3("register"), body).OK()
		if !strings.HasPrefix(r.Str("user_id"), "@"+name+":") {
			t.Fatalf("user id %s for %s", r.Str("user_id"), name)
		}
		r.Str("access_token")
		r.Str("device_id")
	})
}

func TestRegisterWithDummyNeedsNoSession(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) { s.User("direct") })
}

func TestRegisterKeepsDeviceIDAndDisplayName(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		c := s.Client()
		r := c.Post(V3("register"), Obj{
			"username": s.Name("device"), "password": "some long password", "device_id": "GIVEN",
			"initial_device_display_name": "My phone", "auth": Obj{"type": "m.login.dummy"},
		}).OK().WantJSON("device_id", "GIVEN")
		c.Token = r.Str("access_token")
		c.Get(V3("devices", "GIVEN")).OK().WantJSON("display_name", "My phone")
	})
}

func TestRegisterInhibitLoginGivesNoToken(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("register"), Obj{
			"username": s.Name("inhibit"), "password": "some long password", "inhibit_login": true, "auth": Obj{"type": "m.login.dummy"},
		}).OK().WantJSON("access_token", nil, "device_id", nil)
	})
}

func TestRegisterTakenNameIsUserInUse(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("taken")
		s.Client().Post(V3("register"), Obj{"username": u.Localpart, "password": "some long password", "auth": Obj{"type": "m.login.dummy"}}).
			WantError(400, "M_USER_IN_USE")
		// Client-Server API, registration: the name is checked before authentication is asked for.
		s.Client().Post(V3("register"), Obj{"username": u.Localpart, "password": "some long password"}).WantError(400, "M_USER_IN_USE")
	})
}

func TestRegisterFoldsUpperCaseToLower(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		name := s.Name("user-UPPER")
		r := s.Client().Post(V3("register"), Obj{"username": name, "password": "some long password", "auth": Obj{"type": "m.login.dummy"}}).OK()
		if got := r.Str("user_id"); !strings.HasPrefix(got, "@"+strings.ToLower(name)+":") {
			t.Fatalf("user id %s", got)
		}
	})
}

func TestRegisterRefusesInvalidNames(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for _, name := range []string{"user space", "user:colon", "üser", "user!", "a@b", strings.Repeat("n", 300)} {
			r := s.Client().Post(V3("register"), Obj{"username": name, "password": "some long password", "auth": Obj{"type": "m.login.dummy"}})
			r.WantError(400, "M_INVALID_USERNAME")
		}
	})
}

func TestRegisterAcceptsTheWholeGrammar(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for _, special := range []string{"q.", "q-", "q_", "q=", "q/", "3+"} {
			s.User(special)
		}
	})
}

func TestRegisterWithoutNameMakesOne(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("register"), Obj{"password": "some long password", "auth": Obj{"type": "m.login.dummy"}}).OK().Str("user_id")
	})
}

func TestRegisterRefusesMalformedBodies(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("register"), `{"username": "broken`).WantError(400, "M_NOT_JSON")
		s.Client().Post(V3("register"), `{"username": 5, "password": "some long password"}`).WantError(400, "M_BAD_JSON")
	})
}

func TestRegisterAvailability(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("available")
		c := s.Client()
		c.Get(V3("register", "available")+Query("username", s.Name("free"))).OK().WantJSON("available", true)
		c.Get(V3("register", "available")+Query("username", u.Localpart)).WantError(400, "M_USER_IN_USE")
		c.Get(V3("register", "available")+Query("username", "not valid")).WantError(400, "M_INVALID_USERNAME")
	})
}

func TestRegisterUnknownKindIsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Post(V3("register")+Query("kind", "robot"), Obj{"auth": Obj{"type": "m.login.dummy"}})
		if r.Status < 400 || r.Status >= 500 {
			t.Fatalf("kind=robot answered %d", r.Status)
		}
	})
}

func TestRegisterRefreshTokenOnRequest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Post(V3("register"), Obj{
			"username": s.Name("refresh"), "password": "some long password", "refresh_token": true, "auth": Obj{"type": "m.login.dummy"},
		}).OK().Str("refresh_token")
	})
}

// sharedSecretMAC is the signature of the shared-secret registration endpoint.
func sharedSecretMAC(parts ...string) string {
	mac := hmac.New(sha1.New, []byte(SharedSecret))
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestSharedSecretRegistersAdmin(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		admin := s.Admin("admin")
		admin.Get(V3("admin", "whois", admin.ID)).OK()
	})
}

func TestSharedSecretRefusesWrongMAC(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		const path = "/_synapse/admin/v1/register"
		nonce := s.Client().Get(path).OK().Str("nonce")
		name := s.Name("forger")
		s.Client().Post(path, Obj{
			"nonce": nonce, "username": name, "password": "pw", "admin": true, "mac": sharedSecretMAC(nonce, name, "pw", "notadmin"),
		}).Want(http.StatusForbidden)
	})
}

func TestSharedSecretNonceServesOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		const path = "/_synapse/admin/v1/register"
		nonce := s.Client().Get(path).OK().Str("nonce")
		body := func(name string) Obj {
			return Obj{"nonce": nonce, "username": name, "password": "pw", "admin": false, "mac": sharedSecretMAC(nonce, name, "pw", "notadmin")}
		}
		s.Client().Post(path, body(s.Name("once"))).OK()
		s.Client().Post(path, body(s.Name("twice"))).Want(http.StatusBadRequest)
	})
}

// Admin registers an administrator by the shared secret.
func (s *Suite) Admin(prefix string) *User {
	s.T.Helper()
	const path = "/_synapse/admin/v1/register"
	u := &User{Client: s.Client(), Localpart: s.Name(prefix), Password: "administer"}
	nonce := u.Get(path).OK().Str("nonce")
	r := u.Post(path, Obj{
		"nonce": nonce, "username": u.Localpart, "password": u.Password, "admin": true,
		"mac": sharedSecretMAC(nonce, u.Localpart, u.Password, "admin"),
	}).OK()
	u.Token, u.ID, u.Device = r.Str("access_token"), r.Str("user_id"), r.Str("device_id")
	return u
}
