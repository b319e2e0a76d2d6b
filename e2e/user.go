package e2e

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"
)

// User is a client that is logged in.
type User struct {
	*Client

	ID        string
	Localpart string
	Device    string
	Password  string

	transactions atomic.Int64
}

// Txn returns a transaction id that the user has not used.
func (u *User) Txn() string {
	return "t" + strconv.FormatInt(u.transactions.Add(1), 10) + "." + strconv.FormatInt(time.Now().UnixNano(), 36)
}

// Login logs in once more with the password, on a new device.
func (u *User) Login() *User {
	u.t.Helper()
	other := &User{Client: &Client{t: u.t, base: u.base, http: u.http}, ID: u.ID, Localpart: u.Localpart, Password: u.Password}
	r := other.Post(V3("login"), Obj{
		"type": "m.login.password", "identifier": Obj{"type": "m.id.user", "user": u.ID}, "password": u.Password,
	}).OK()
	other.Token, other.Device = r.Str("access_token"), r.Str("device_id")
	return other
}

// CreateRoom makes a room from a request's fields, nil for none, and returns its id.
func (u *User) CreateRoom(fields Obj) string {
	u.t.Helper()
	if fields == nil {
		fields = Obj{}
	}
	return u.Post(V3("createRoom"), fields).OK().Str("room_id")
}

// PublicRoom makes a room that anyone may join.
func (u *User) PublicRoom() string {
	u.t.Helper()
	return u.CreateRoom(Obj{"preset": "public_chat"})
}

// Join joins a room.
func (u *User) Join(room string) {
	u.t.Helper()
	u.Post(V3("rooms", room, "join"), Obj{}).OK()
}

// Leave leaves a room.
func (u *User) Leave(room string) {
	u.t.Helper()
	u.Post(V3("rooms", room, "leave"), Obj{}).OK()
}

// Invite invites another user.
func (u *User) Invite(room, user string) {
	u.t.Helper()
	u.Post(V3("rooms", room, "invite"), Obj{"user_id": user}).OK()
}

// Send sends an event and returns its id.
func (u *User) Send(room, eventType string, content Obj) string {
	u.t.Helper()
	return u.Put(V3("rooms", room, "send", eventType, u.Txn()), content).OK().Str("event_id")
}

// Say sends a text message and returns its id.
func (u *User) Say(room, text string) string {
	u.t.Helper()
	return u.Send(room, "m.room.message", Text(text))
}

// Text is the content of a text message.
func Text(body string) Obj { return Obj{"msgtype": "m.text", "body": body} }

// SetState sends a state event and returns its id.
func (u *User) SetState(room, eventType, key string, content Obj) string {
	u.t.Helper()
	return u.Put(StatePath(room, eventType, key), content).OK().Str("event_id")
}

// StatePath is the path of one state event.
func StatePath(room, eventType, key string) string {
	if key == "" {
		return V3("rooms", room, "state", eventType)
	}
	return V3("rooms", room, "state", eventType, key)
}

// Membership returns the membership of a user in a room as the state has it, empty for none.
func (u *User) Membership(room, user string) string {
	u.t.Helper()
	r := u.Get(StatePath(room, "m.room.member", user))
	if r.Status == http.StatusNotFound {
		return ""
	}
	return r.OK().Get("membership").String()
}

// PowerLevels returns the content of the power levels of a room.
func (u *User) PowerLevels(room string) Obj {
	u.t.Helper()
	content, _ := u.Get(StatePath(room, "m.room.power_levels", "")).OK().Value().(map[string]any)
	return content
}

// Sync syncs once without waiting. Pairs are more of the query.
func (u *User) Sync(since string, pairs ...string) *Response {
	u.t.Helper()
	if since != "" {
		pairs = append(pairs, "since", since)
	}
	return u.Get(V3("sync") + Query(append([]string{"timeout", "0"}, pairs...)...)).OK()
}

// Next returns a sync token of now.
func (u *User) Next() string {
	u.t.Helper()
	return u.Sync("").Str("next_batch")
}

// syncPatience bounds the wait for something that a sync must show.
const syncPatience = 20 * time.Second

// SyncUntil syncs on from a token until a response is as wanted, and returns the token after it. The error names what was
// waited for and holds the responses that came instead.
func (u *User) SyncUntil(since, what string, wanted func(gjson.Result) bool, pairs ...string) string {
	u.t.Helper()
	_, next := u.SyncFor(since, what, wanted, pairs...)
	return next
}

// SyncFor is SyncUntil that also returns the response.
func (u *User) SyncFor(since, what string, wanted func(gjson.Result) bool, pairs ...string) (*Response, string) {
	u.t.Helper()
	deadline := time.Now().Add(syncPatience)
	var seen string
	for time.Now().Before(deadline) {
		query := append([]string{"timeout", "5000"}, pairs...)
		if since != "" {
			query = append(query, "since", since)
		}
		r := u.Get(V3("sync") + Query(query...)).OK()
		next := r.Str("next_batch")
		if wanted(r.Result) {
			return r, next
		}
		seen += r.shown() + "\n"
		since = next
	}
	u.t.Fatalf("%s did not see in time: %s\nresponses:\n%.6000s", u.ID, what, seen)
	return nil, ""
}
