package e2e

import (
	"testing"
)

func TestDevicesListsAll(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("devices")
		other := u.Login()
		seen := map[string]bool{}
		for _, d := range u.Get(V3("devices")).OK().Get("devices").Array() {
			seen[d.Get("device_id").String()] = true
		}
		if len(seen) != 2 || !seen[u.Device] || !seen[other.Device] {
			t.Fatalf("devices %v, want %s and %s", seen, u.Device, other.Device)
		}
	})
}

func TestDevicesTellLastSeen(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("lastseen")
		u.Sync("")
		if u.Get(V3("devices", u.Device)).OK().Get("last_seen_ts").Int() == 0 {
			t.Fatal("no last_seen_ts")
		}
	})
}

func TestUnknownDeviceIsNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("unknowndevice")
		u.Get(V3("devices", "NOSUCH")).WantError(404, "M_NOT_FOUND")
		u.Put(V3("devices", "NOSUCH"), Obj{"display_name": "x"}).WantError(404, "M_NOT_FOUND")
	})
}

func TestDeviceRename(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("rename")
		u.Put(V3("devices", u.Device), Obj{"display_name": "Kitchen tablet"}).OK()
		u.Get(V3("devices", u.Device)).OK().WantJSON("display_name", "Kitchen tablet")
		u.Put(V3("devices", u.Device), Obj{}).OK() // no name given changes nothing
		u.Get(V3("devices", u.Device)).OK().WantJSON("display_name", "Kitchen tablet")
	})
}

func TestDevicesOfOthersAreHidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("mine"), s.User("theirs")
		u.Get(V3("devices", other.Device)).WantError(404, "M_NOT_FOUND")
		u.Put(V3("devices", other.Device), Obj{"display_name": "taken over"}).WantError(404, "M_NOT_FOUND")
	})
}

func TestDeviceDeleteNeedsAuthentication(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("delete")
		other := u.Login()
		session := u.Delete(V3("devices", other.Device), Obj{}).Want(401).Str("session")
		other.Get(V3("account", "whoami")).OK()
		wrong := u.PasswordAuth(session)
		wrong["password"] = "not it"
		u.Delete(V3("devices", other.Device), Obj{"auth": wrong}).WantError(401, "M_FORBIDDEN")
		u.Delete(V3("devices", other.Device), Obj{"auth": u.PasswordAuth(session)}).OK()
		other.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		u.Get(V3("devices", other.Device)).WantError(404, "M_NOT_FOUND")
	})
}

func TestDeviceDeleteTakesNoBodyAsAQuestion(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("deletenobody")
		u.Delete(V3("devices", u.Login().Device), nil).Want(401).Str("session")
	})
}

func TestDeviceDeleteRefusesAnotherUsersPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, attacker := s.User("victim"), s.User("attacker")
		other := u.Login()
		session := u.Delete(V3("devices", other.Device), Obj{}).Want(401).Str("session")
		u.Delete(V3("devices", other.Device), Obj{"auth": attacker.PasswordAuth(session)}).Want(401)
		other.Get(V3("account", "whoami")).OK()
	})
}

func TestAuthSessionIsBoundToItsOperation(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("bound")
		a, b := u.Login(), u.Login()
		session := u.Delete(V3("devices", a.Device), Obj{}).Want(401).Str("session")
		r := u.Delete(V3("devices", b.Device), Obj{"auth": u.PasswordAuth(session)})
		if r.Status == 200 {
			t.Fatal("a session that was opened to delete one device deleted another")
		}
	})
}

func TestDeleteSeveralDevices(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("several")
		a, b := u.Login(), u.Login()
		body := Obj{"devices": []string{a.Device, b.Device}}
		session := u.Post(V3("delete_devices"), body).Want(401).Str("session")
		body["auth"] = u.PasswordAuth(session)
		u.Post(V3("delete_devices"), body).OK()
		for _, c := range []*User{a, b} {
			c.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
		}
	})
}
