package node

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// admin makes an administrator and returns a token.
func (r *running) admin(name string) string {
	r.t.Helper()
	if _, err := r.parts.accounts.CreateUser(testContext(r.t), name, "correct horse battery staple", true); err != nil {
		r.t.Fatal(err)
	}
	return r.must("", http.MethodPost, v3+"/login", `{"type":"m.login.password","identifier":{"type":"m.id.user","user":"`+name+
		`"},"password":"correct horse battery staple"}`).get("access_token")
}

const noticePath = "/_synapse/admin/v1/send_server_notice"

// invites are the rooms that a user is invited to.
func (r *running) invites(token string) map[string]gjson.Result {
	r.t.Helper()
	return gjson.Get(r.must(token, http.MethodGet, v3+"/sync?"+quiet, "").body, "rooms.invite").Map()
}

// noticeRoom is the room that a user's account data call that of server notices.
func (r *running) noticeRoom(token string) string {
	r.t.Helper()
	for id := range r.invites(token) {
		return id
	}
	r.t.Fatal("there is no invite")
	return ""
}

func TestServerNotices(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := start(t, settings(t, url))
		admin, alice := n.admin("root"), n.register("alice")
		body := `{"user_id":"@alice:bongsu.test","content":{"msgtype":"m.text","body":"hello"}}`
		first := n.must(admin, http.MethodPut, noticePath+"/t1", body).get("event_id")
		if again := n.must(admin, http.MethodPut, noticePath+"/t1", body).get("event_id"); again != first {
			t.Errorf("the same transaction gave %s, and then %s", first, again)
		}
		room := n.noticeRoom(alice)
		path := v3 + "/rooms/" + urlEscape(room)
		tags := n.must(alice, http.MethodGet, v3+"/user/@alice:bongsu.test/rooms/"+urlEscape(room)+"/tags", "")
		if !gjson.Get(tags.body, `tags.m\.server_notice`).Exists() {
			t.Errorf("the room is tagged %s", tags.body)
		}

		// The invite cannot be rejected, in whichever way.
		for _, reply := range []reply{
			n.call(alice, http.MethodPost, path+"/leave", "{}"),
			n.call(alice, http.MethodPut, path+"/state/m.room.member/@alice:bongsu.test", `{"membership":"leave"}`),
		} {
			if reply.status != http.StatusForbidden || reply.get("errcode") != "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM" {
				t.Errorf("rejecting the invite: %d %s", reply.status, reply.body)
			}
		}
		n.must(alice, http.MethodPost, path+"/join", "{}")
		if enc := n.call(alice, http.MethodGet, path+"/state/m.room.encryption", ""); enc.status != http.StatusNotFound {
			t.Errorf("the room is encrypted: %s", enc.body)
		}
		if said := n.call(alice, http.MethodPut, path+"/send/m.room.message/x", `{"msgtype":"m.text","body":"I, too"}`); said.status != http.StatusForbidden {
			t.Errorf("a user wrote in the room: %d %s", said.status, said.body)
		}
		messages := n.must(alice, http.MethodGet, path+"/messages?dir=b", "")
		if got := gjson.Get(messages.body, `chunk.#(type=="m.room.message").content.body`).Str; got != "hello" {
			t.Errorf("the notice reads %q", got)
		}

		// Who has joined may leave, and is invited again by the next notice, to the same room.
		n.must(alice, http.MethodPost, path+"/leave", "{}")
		n.must(admin, http.MethodPost, noticePath, body)
		if again := n.noticeRoom(alice); again != room {
			t.Errorf("another room: %s, not %s", again, room)
		}
		// Closing an account is no rejection.
		n.must(alice, http.MethodPost, v3+"/account/deactivate",
			`{"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"alice"},"password":"correct horse battery staple"}}`)
		if r := n.call(admin, http.MethodPost, noticePath, body); r.status != http.StatusNotFound {
			t.Errorf("a notice to a closed account: %d %s", r.status, r.body)
		}
		eventually(t, func() bool {
			var m store.Membership
			err := n.parts.store.Read(t.Context(), func(tx *store.Tx) error {
				r, err := tx.NoticeRoomOf(t.Context(), "@alice:bongsu.test")
				if err != nil {
					return err
				}
				m, err = tx.MembershipIn(t.Context(), "@alice:bongsu.test", r.Room)
				return err
			})
			return err == nil && m.Membership == "leave"
		})
	})
}

func urlEscape(id string) string { return url.PathEscape(id) }

func TestServerNoticesAreForAdministrators(t *testing.T) {
	n := start(t, settings(t, ""))
	admin, alice := n.admin("root"), n.register("alice")
	for name, c := range map[string]struct {
		token, body string
		status      int
	}{
		"a user":        {alice, `{"user_id":"@alice:bongsu.test","content":{"body":"x"}}`, 403},
		"no content":    {admin, `{"user_id":"@alice:bongsu.test"}`, 400},
		"no object":     {admin, `{"user_id":"@alice:bongsu.test","content":"x"}`, 400},
		"no user":       {admin, `{"content":{"body":"x"}}`, 400},
		"foreign":       {admin, `{"user_id":"@alice:elsewhere.test","content":{"body":"x"}}`, 400},
		"unknown":       {admin, `{"user_id":"@nobody:bongsu.test","content":{"body":"x"}}`, 404},
		"notices' user": {admin, `{"user_id":"@notices:bongsu.test","content":{"body":"x"}}`, 400},
	} {
		if r := n.call(c.token, http.MethodPost, noticePath, c.body); r.status != c.status {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	taken := n.call("", http.MethodPost, v3+"/register", `{"username":"notices","password":"correct horse battery staple","auth":{"type":"m.login.dummy"}}`)
	if taken.get("errcode") != "M_EXCLUSIVE" {
		t.Errorf("registering the notices' user: %d %s", taken.status, taken.body)
	}
	off := settings(t, "")
	off.Notices.User = ""
	n = start(t, off)
	if r := n.call(n.admin("root"), http.MethodPost, noticePath, `{"user_id":"@root:bongsu.test","content":{"body":"x"}}`); r.status != 400 {
		t.Errorf("switched off: %d %s", r.status, r.body)
	}
}

// A person who has had the name for long keeps it, and rooms that can be left.
func TestPersonWithTheNoticesName(t *testing.T) {
	cfg := settings(t, "")
	cfg.Notices.User = ""
	n := start(t, cfg)
	person, alice := n.register("notices"), n.register("alice")
	n.stop()
	cfg.Notices.User = "notices"
	n = start(t, cfg)
	path := n.createRoom(person)
	n.must(person, http.MethodPost, path+"/invite", `{"user_id":"@alice:bongsu.test"}`)
	n.must(alice, http.MethodPost, path+"/leave", "{}")
}

// quickLeases look for notices all the time.
var quickLeases = lease.Timing{Renew: 20 * time.Millisecond, StopAfter: 2 * time.Second, TakeAfter: 3 * time.Second}

func TestNoticeToAllComesOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := start(t, settings(t, url))
		ctx, st := testContext(t), n.parts.store
		tokens := map[string]string{}
		for i := range 7 {
			name := fmt.Sprintf("user%d", i)
			tokens[name] = n.register(name)
		}
		blocker := tokens["user3"]
		n.must(blocker, http.MethodPut, v3+"/user/@user3:bongsu.test/account_data/m.invite_permission_config", `{"default_action":"block"}`)
		n.parts.notices.Close()
		o := n.parts.notices.Options
		o.Timing = quickLeases
		// Two nodes send, and one of them is ended and begun again meanwhile.
		other := o
		other.NodeID = "other"
		a, b := notices.Start(ctx, o), notices.Start(ctx, other)
		defer func() { b.Close() }()
		for range 2 { // asked twice, as by somebody who had no answer
			if _, err := notices.Queue(ctx, st, notices.Notice{ID: "n1", Body: "first", Pin: true}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := notices.Queue(ctx, st, notices.Notice{
			ID: "n2", Body: "full", Kind: notices.KindUsageLimit, AdminContact: "mailto:a@b", LimitType: notices.LimitMonthlyActive,
		}); err != nil {
			t.Fatal(err)
		}
		a.Close()
		a = notices.Start(ctx, o)
		defer func() { a.Close() }()
		n.register("latecomer")
		sent := func(id string) int64 {
			for _, row := range rows(t, st) {
				if row.ID == id && row.FinishedTS != 0 {
					return row.Sent
				}
			}
			return -1
		}
		eventually(t, func() bool { return sent("n1") >= 0 && sent("n2") >= 0 })
		// The latecomer may have come within the same millisecond.
		if sent("n1") < 7 || sent("n1") > 8 || sent("n2") < 7 || sent("n2") > 8 {
			t.Errorf("sent to %d and %d, want 7", sent("n1"), sent("n2"))
		}
		if _, err := notices.Queue(ctx, st, notices.Notice{ID: "n3", To: "@user0:bongsu.test", Unpin: true}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return sent("n3") == 1 })
		for name, token := range tokens {
			want := "1"
			if name == "user0" {
				want = "0"
			}
			path := v3 + "/rooms/" + urlEscape(n.noticeRoom(token))
			n.must(token, http.MethodPost, path+"/join", "{}")
			got := n.must(token, http.MethodGet, path+"/messages?dir=f&limit=100", "")
			var texts []string
			for _, e := range gjson.Get(got.body, `chunk.#(type=="m.room.message")#.content`).Array() {
				if e.Get("msgtype").Str != "m.server_notice" {
					t.Errorf("a notice is %s", e.Raw)
				}
				texts = append(texts, e.Get("body").Str)
			}
			if strings.Join(texts, ",") != "first,full" {
				t.Errorf("%s got %v", name, texts)
			}
			pinned := n.must(token, http.MethodGet, path+"/state/m.room.pinned_events", "")
			if pinned.get("pinned.#") != want {
				t.Errorf("pinned for %s: %s", name, pinned.body)
			}
		}
	})
}

func rows(t *testing.T, st *store.Store) (out []store.Notice) {
	t.Helper()
	err := st.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = tx.Notices(t.Context(), 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoticesContent(t *testing.T) {
	st := start(t, settings(t, "")).parts.store
	for name, n := range map[string]notices.Notice{
		"no text":  {},
		"too long": {Body: strings.Repeat("x", 64<<10)},
		"no limit": {Body: "x", Kind: notices.KindUsageLimit, AdminContact: "mailto:a@b"},
	} {
		if _, err := notices.Queue(t.Context(), st, n); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	id, err := notices.Queue(t.Context(), st, notices.Notice{
		Body: "x", Kind: notices.KindUsageLimit, AdminContact: "mailto:a@b", LimitType: notices.LimitMonthlyActive,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"msgtype":"m.server_notice","body":"x","server_notice_type":"m.server_notice.usage_limit_reached",` +
		`"admin_contact":"mailto:a@b","limit_type":"monthly_active_user"}`
	if got := rows(t, st); len(got) != 1 || got[0].ID != id || string(got[0].Content) != want {
		t.Errorf("waiting: %+v", got)
	}
}
