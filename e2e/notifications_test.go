package e2e

import (
	"net/http"
	"testing"
)

func TestNotificationsListWhatTheRulesNotifyAbout(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.User("alice"), s.User("bob")
		room := alice.PublicRoom()
		bob.Join(room)
		bob.Say(room, "mine")
		alice.Say(room, "one")
		alice.Send(room, "m.room.message", Obj{"msgtype": "m.text", "body": "two", "m.mentions": Obj{"user_ids": []string{bob.ID}}})
		alice.Send(room, "m.reaction", Obj{})
		first := bob.Get(V3("notifications")+Query("limit", "1")).OK().WantJSON("notifications.0.event.content.body", "two",
			"notifications.0.room_id", room, "notifications.0.read", false, "notifications.0.actions.0", "notify")
		rest := bob.Get(V3("notifications") + Query("from", first.Str("next_token"))).OK()
		rest.WantJSON("notifications.#", 1, "notifications.0.event.content.body", "one", "next_token", nil)
		bob.Get(V3("notifications")+Query("only", "highlight")).OK().WantJSON("notifications.#", 1)
		bob.Post(V3("rooms", room, "receipt", "m.read", first.Str("notifications.0.event.event_id")), Obj{}).OK()
		bob.Get(V3("notifications")).OK().WantJSON("notifications.#.read", []bool{true, true})
		bob.Get(V3("notifications")+Query("from", "nonsense")).WantError(http.StatusBadRequest, "M_INVALID_PARAM")
	})
}
