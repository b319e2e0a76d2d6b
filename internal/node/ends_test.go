package node

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

// highlights are those of a room in a first sync.
func (r *running) highlights(token, roomID string) int64 {
	r.t.Helper()
	return gjson.Get(r.must(token, http.MethodGet, v3+"/sync?"+quiet, "").body,
		"rooms.join."+gjson.Escape(roomID)+".unread_notifications.highlight_count").Int()
}

func TestRuleThatLooksForTheOwnName(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := start(t, settings(t, url))
		alice, bob := n.register("alice"), n.register("bob")
		room := n.createRoom(bob)
		roomID := unescape(t, room[len(v3+"/rooms/"):])
		n.must(alice, http.MethodPut, v3+"/profile/@alice:bongsu.test/displayname", `{"displayname":"Wonder Land"}`)
		n.must(alice, http.MethodPost, room+"/join", "{}")
		n.must(alice, http.MethodPut, v3+"/pushrules/global/override/mine",
			`{"conditions":[{"kind":"contains_display_name"}],"actions":["notify",{"set_tweak":"highlight"}]}`)
		n.must(bob, http.MethodPut, room+"/send/m.room.message/1", `{"msgtype":"m.text","body":"hello wonder land, how are you"}`)
		n.must(bob, http.MethodPut, room+"/send/m.room.message/2", `{"msgtype":"m.text","body":"wonderland"}`)
		n.must(bob, http.MethodPut, room+"/send/m.room.message/3", `{"msgtype":"m.text","body":"alice"}`)
		if got := n.highlights(alice, roomID); got != 1 {
			t.Errorf("%d messages name her, want 1", got)
		}
		only := n.must(alice, http.MethodGet, v3+"/notifications?only=highlight", "")
		if only.get("notifications.#") != "1" {
			t.Errorf("notifications: %s", only.body)
		}
	})
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	out, err := url.PathUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBlockedInvitesFromBeforeAreHidden(t *testing.T) {
	n := start(t, settings(t, ""))
	alice, bob, admin := n.register("alice"), n.register("bob"), n.admin("root")
	room := n.createRoom(bob)
	n.must(bob, http.MethodPost, room+"/invite", `{"user_id":"@alice:bongsu.test"}`)
	if got := len(n.invites(alice)); got != 1 {
		t.Fatalf("%d invites", got)
	}
	const config = v3 + "/user/@alice:bongsu.test/account_data/m.invite_permission_config"
	n.must(alice, http.MethodPut, config, `{"default_action":"block"}`)
	if got := n.invites(alice); len(got) != 0 {
		t.Errorf("shown although blocked: %v", got)
	}
	n.must(admin, http.MethodPost, noticePath, `{"user_id":"@alice:bongsu.test","content":{"msgtype":"m.text","body":"x"}}`)
	if got := n.invites(alice); len(got) != 1 {
		t.Errorf("what the server has to say is not shown: %v", got)
	}
	n.must(alice, http.MethodPut, config, `{"default_action":"allow"}`)
	if got := n.invites(alice); len(got) != 2 {
		t.Errorf("not shown again: %v", got)
	}
}

func TestSuspendedRedactsOwnEventsOnly(t *testing.T) {
	n := start(t, settings(t, ""))
	alice, bob, admin := n.register("alice"), n.register("bob"), n.admin("root")
	room := n.createRoom(alice)
	n.must(bob, http.MethodPost, room+"/join", "{}")
	own, others := n.say(alice, room, "a"), n.say(bob, room, "b")
	n.must(admin, http.MethodPut, "/_matrix/client/v1/admin/suspend/@alice:bongsu.test", `{"suspended":true}`)
	if r := n.call(alice, http.MethodPut, room+"/redact/"+url.PathEscape(others)+"/1", "{}"); r.get("errcode") != "M_USER_SUSPENDED" {
		t.Errorf("another's event: %d %s", r.status, r.body)
	}
	n.must(alice, http.MethodPut, room+"/redact/"+url.PathEscape(own)+"/2", "{}")
}

func TestWhatIsAskedForComesBeforeAuthentication(t *testing.T) {
	n := start(t, settings(t, ""))
	alice := n.register("alice")
	if r := n.call(alice, http.MethodPost, v3+"/delete_devices", `{}`); r.get("errcode") != "M_MISSING_PARAM" {
		t.Errorf("no devices: %d %s", r.status, r.body)
	}
	asked := n.call(alice, http.MethodPost, v3+"/delete_devices", `{"devices":["X"]}`)
	if asked.status != http.StatusUnauthorized {
		t.Fatalf("%d %s", asked.status, asked.body)
	}
	// Who goes on with the session need not say it again.
	n.must(alice, http.MethodPost, v3+"/delete_devices", `{"auth":{"type":"m.login.password","session":"`+asked.get("session")+
		`","identifier":{"type":"m.id.user","user":"alice"},"password":"correct horse battery staple"}}`)
	// A first request for a new password only asks which flows there are.
	if r := n.call(alice, http.MethodPost, v3+"/account/password", `{}`); r.status != http.StatusUnauthorized {
		t.Errorf("asking for the flows: %d %s", r.status, r.body)
	}
}

// A peeker is told at once, by another node, too.
func TestPeekerIsWoken(t *testing.T) {
	a, b := pair(t)
	alice, bob := a.register("alice"), a.register("bob")
	room := a.createRoom(alice)
	a.must(alice, http.MethodPut, room+"/state/m.room.history_visibility", `{"history_visibility":"world_readable"}`)
	in := "&room_id=" + url.QueryEscape(unescape(t, room[len(v3+"/rooms/"):]))
	for _, at := range []*running{a, b} {
		waiting := at.gates.Stats()[classSync].Running
		from := at.must(bob, http.MethodGet, v3+"/events?timeout=0"+in, "").get("end")
		answer := make(chan reply, 1)
		begin := time.Now()
		go func() {
			answer <- at.call(bob, http.MethodGet, v3+"/events?timeout=30000&from="+url.QueryEscape(from)+in, "")
		}()
		eventually(t, func() bool { return at.gates.Stats()[classSync].Running > waiting })
		said := a.say(alice, room, "to "+at.Addr())
		got := receive(t, answer)
		if got.get("chunk.0.event_id") != said {
			t.Errorf("got %s", got.body)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}
