package e2e

import (
	"net/http"
	"testing"
)

func TestWhatAServerTellsOfItself(t *testing.T) {
	s := On(t, Start(t, Options{Config: `
support:
  admin_users: ["@admin:example.org"]
  security_emails: [security@example.org]
  page: https://example.org/help
turn:
  uris: ["turn:turn.example.org:3478?transport=udp"]
  secret: north
`}))
	c := s.Client()
	c.Get("/.well-known/matrix/support").OK().WantJSON("contacts.0.matrix_id", "@admin:example.org", "contacts.1.role", "m.role.security",
		"support_page", "https://example.org/help")
	c.Get("/.well-known/matrix/policy_server").WantError(http.StatusNotFound, "M_NOT_FOUND")
	c.Get("/_matrix/key/v2/server").OK().WantJSON("server_name", s.Server.Name)
	c.Get("/_matrix/federation/v1/version").OK().WantJSON("server.name", "Bongsu")
	alice := s.User("alice")
	turn := alice.Get(V3("voip", "turnServer")).OK().WantJSON("uris.#", 1, "ttl", 86400)
	if turn.Str("username") == "" || turn.Str("password") == "" {
		t.Errorf("no credentials: %s", turn.Raw)
	}
}

func TestLookupsOfOtherNetworks(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice := s.User("alice")
		alice.Get(V3("thirdparty", "protocols")).OK()
		alice.Get(V3("thirdparty", "protocol", "irc")).WantError(http.StatusNotFound, "M_NOT_FOUND")
		alice.Get(V3("thirdparty", "user")+Query("userid", alice.ID)).WantError(http.StatusNotFound, "M_NOT_FOUND")
		s.Client().Get("/.well-known/matrix/support").WantError(http.StatusNotFound, "M_NOT_FOUND")
	})
}

func TestSyncOfTheOldKind(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.User("alice"), s.User("bob")
		room := alice.CreateRoom(Obj{"preset": "public_chat", "invite": []string{bob.ID}})
		bob.Get(V3("initialSync")).OK().WantJSON("rooms.0.room_id", room, "rooms.0.membership", "invite", "rooms.0.invite.state_key", bob.ID)
		bob.Join(room)
		all := bob.Get(V3("initialSync")+Query("limit", "1")).OK().WantJSON("rooms.0.membership", "join", "rooms.0.messages.chunk.#", 1)
		id := alice.Say(room, "hello")
		bob.Get(V3("events")+Query("from", all.Str("end"), "timeout", "20000")).OK().WantJSON("chunk.#.event_id", []string{id})
		bob.Get(V3("events", id)).OK().WantJSON("content.body", "hello")
	})
}
