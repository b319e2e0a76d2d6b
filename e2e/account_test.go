package e2e

import (
	"testing"
)

func TestPasswordChangeNeedsAuthentication(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pwuia")
		r := u.Post(V3("account", "password"), Obj{"new_password": "another long password"}).Want(401)
		r.Str("session")
		wrong := u.PasswordAuth(r.Str("session"))
		wrong["password"] = "not it"
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": wrong}).WantError(401, "M_FORBIDDEN")
		// A failed stage leaves the session open for another try.
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": u.PasswordAuth(r.Str("session"))}).OK()
	})
}

func TestPasswordChangeTakesStageAndBodyAtOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pwonce")
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": u.PasswordAuth("")}).OK()
		old := *u.Client
		u.Password = "another long password"
		u.Login()
		old.Get(V3("account", "whoami")).OK() // the device that changed the password stays logged in
	})
}

func TestPasswordChangeEndsTheOldPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pwold")
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": u.PasswordAuth("")}).OK()
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})).WantError(403, "M_FORBIDDEN")
	})
}

func TestPasswordChangeLogsOutOtherDevices(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pwdevices")
		other := u.Login()
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": u.PasswordAuth("")}).OK()
		other.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
	})
}

func TestPasswordChangeKeepsDevicesOnRequest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pwkeep")
		other := u.Login()
		u.Post(V3("account", "password"), Obj{
			"new_password": "another long password", "logout_devices": false, "auth": u.PasswordAuth(""),
		}).OK()
		other.Get(V3("account", "whoami")).OK()
	})
}

func TestDeactivationNeedsAuthentication(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("deactuia")
		u.Post(V3("account", "deactivate"), Obj{}).Want(401).Str("session")
		u.Get(V3("account", "whoami")).OK()
	})
}

func TestDeactivationRefusesWrongPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("deactwrong")
		wrong := u.PasswordAuth("")
		wrong["password"] = "not it"
		u.Post(V3("account", "deactivate"), Obj{"auth": wrong}).WantError(401, "M_FORBIDDEN")
	})
}

func TestDeactivationEndsTokensAndLogin(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("deact")
		u.Post(V3("account", "deactivate"), Obj{"auth": u.PasswordAuth("")}).OK().Str("id_server_unbind_result")
		u.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		r := s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})).Want(403)
		if code := r.Str("errcode"); code != "M_FORBIDDEN" && code != "M_USER_DEACTIVATED" {
			t.Fatalf("errcode %s", code)
		}
	})
}

func TestDeactivatedNameIsNotFreed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("deactname")
		u.Post(V3("account", "deactivate"), Obj{"auth": u.PasswordAuth("")}).OK()
		s.Client().Get(V3("register", "available")+Query("username", u.Localpart)).WantError(400, "M_USER_IN_USE")
	})
}

func TestDeactivationLeavesRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("deactrooms"), s.User("stays")
		room := other.PublicRoom()
		u.Join(room)
		next := other.Next()
		u.Post(V3("account", "deactivate"), Obj{"auth": u.PasswordAuth("")}).OK()
		other.SyncUntil(next, "the deactivated user leaving", HasTimeline(room, ByState("m.room.member", u.ID)))
		if got := other.Membership(room, u.ID); got != "leave" {
			t.Fatalf("membership %q", got)
		}
	})
}

func TestThirdPartyIdentifiersStartEmpty(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		if n := len(s.User("3pid").Get(V3("account", "3pid")).OK().Get("threepids").Array()); n != 0 {
			t.Fatalf("%d third-party identifiers", n)
		}
	})
}

func TestCapabilitiesNameRoomVersions(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.User("caps").Get(V3("capabilities")).OK()
		version := r.Str(`capabilities.m\.room_versions.default`)
		if r.Get(`capabilities.m\.room_versions.available.`+version).String() != "stable" {
			t.Fatalf("the default room version %s is not listed as stable", version)
		}
		s.Client().Get(V3("capabilities")).WantError(401, "M_MISSING_TOKEN")
	})
}

func TestAdminWhoisOfOneself(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("whois")
		u.Get(V3("admin", "whois", u.ID)).OK().WantJSON("user_id", u.ID)
	})
}

func TestAdminWhoisOfAnotherIsForAdminsAlone(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other, admin := s.User("curious"), s.User("private"), s.Admin("boss")
		u.Get(V3("admin", "whois", other.ID)).WantError(403, "M_FORBIDDEN")
		r := admin.Get(V3("admin", "whois", other.ID)).OK().WantJSON("user_id", other.ID)
		if !r.Get("devices." + Esc(other.Device)).Exists() {
			t.Fatalf("the device %s is not in %s", other.Device, r.Raw)
		}
	})
}

func TestOpenIDTokenIsForOneselfAlone(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("openid"), s.User("otherid")
		u.Post(V3("user", u.ID, "openid", "request_token"), Obj{}).OK().Str("access_token")
		u.Post(V3("user", other.ID, "openid", "request_token"), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}
