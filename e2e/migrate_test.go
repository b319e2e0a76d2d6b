package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

// migrate runs the command, and returns what it printed.
func migrate(t *testing.T, s *Server, database string) (string, error) {
	t.Helper()
	program, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "migrate", "--data", s.Data, "--database", database, "--lanes", "3")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestMovedServerGoesOn moves a server from SQLite to PostgreSQL. Its clients go on with what they hold: access tokens, sync tokens,
// transaction ids, media addresses; what waited for them comes.
func TestMovedServerGoesOn(t *testing.T) {
	server := Start(t, Options{})
	suite := On(t, server)
	alice := suite.User("alice")
	room := alice.PublicRoom()
	// Several users: in a database made for three lanes they would be spread over all of them.
	type other struct {
		*User
		since string
	}
	var others []*other
	for range 6 {
		u := suite.User("other")
		u.Join(room)
		others = append(others, &other{User: u})
	}
	txn := alice.Txn()
	path := V3("rooms", room, "send", "m.room.message", txn)
	first := alice.Put(path, Text("before")).OK().Str("event_id")
	uploaded := alice.Do(http.MethodPost, "/_matrix/media/v3/upload?filename=a.txt", []byte("a picture"), "Content-Type", "text/plain").OK().Str("content_uri")
	for _, u := range others {
		u.since = u.Next()
		u.Put(V3("user", u.ID, "account_data", "org.example.note"), Obj{"n": 1}).OK()
		key := Obj{"key": "base64+of+a+key", "signatures": Obj{u.ID: Obj{"ed25519:" + u.Device: "signature"}}}
		u.Post(V3("keys", "upload"), Obj{"one_time_keys": Obj{"signed_curve25519:AAAA": key}}).OK()
		alice.Put(V3("sendToDevice", "org.example.ping", alice.Txn()), Obj{"messages": Obj{u.ID: Obj{u.Device: Obj{"to": u.ID}}}}).OK()
	}
	second := alice.Say(room, "not yet seen")

	database := testdb.Postgres(t)
	if out, err := migrate(t, server, database); err == nil || !strings.Contains(out, "a server uses it") {
		t.Fatalf("with the server running: %v\n%s", err, out)
	}
	if code, err := server.Stop(); code != 0 || err != nil {
		t.Fatal(code, err)
	}
	out, err := migrate(t, server, database)
	if err != nil || !strings.Contains(out, "each was found to be the same") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := migrate(t, server, database); err == nil || !strings.Contains(out, "not empty") {
		t.Fatalf("a second time: %v\n%s", err, out)
	}
	server.opts.Database = database
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}

	if again := alice.Put(path, Text("before")).OK().Str("event_id"); again != first {
		t.Errorf("the message that was sent again is %s, not %s", again, first)
	}
	media := strings.TrimPrefix(uploaded, "mxc://")
	if got := alice.Get(V1("media", "download") + "/" + media).OK(); !bytes.Equal(got.Raw, []byte("a picture")) {
		t.Errorf("the picture is %q", got.Raw)
	}
	third := alice.Say(room, "after")
	for _, u := range others {
		res := u.Sync(u.since, "timeout", "0")
		if got := gjson.GetBytes(res.Raw, "to_device.events.0.content.to").Str; got != u.ID {
			t.Errorf("%s: the message to the device is %q", u.ID, got)
		}
		if got := gjson.GetBytes(res.Raw, `account_data.events.#(type=="org.example.note").content.n`).Int(); got != 1 {
			t.Errorf("%s: the account data that was not seen yet is missing: %s", u.ID, res.Raw)
		}
		for _, id := range []string{second, third} {
			if n := strings.Count(string(res.Raw), `"`+id+`"`); n != 1 {
				t.Errorf("%s: event %s came %d times", u.ID, id, n)
			}
		}
		if strings.Contains(string(res.Raw), first) {
			t.Errorf("%s: an event that was seen came again", u.ID)
		}
		claimed := alice.Post(V3("keys", "claim"), Obj{"one_time_keys": Obj{u.ID: Obj{u.Device: "signed_curve25519"}}}).OK()
		if !strings.Contains(string(claimed.Raw), "signed_curve25519:AAAA") {
			t.Errorf("%s: its key is gone: %s", u.ID, claimed.Raw)
		}
		// What is new comes by the token of before, too: of the old room, of a new one, and of the user's own.
		next := res.Str("next_batch")
		fresh := alice.PublicRoom()
		u.Join(fresh)
		u.Put(V3("user", u.ID, "account_data", "org.example.note"), Obj{"n": 2}).OK()
		alice.Put(V3("sendToDevice", "org.example.ping", alice.Txn()), Obj{"messages": Obj{u.ID: Obj{u.Device: Obj{"to": "again"}}}}).OK()
		said := alice.Say(fresh, "in a new room")
		u.SyncUntil(next, "what came after the move", func(r gjson.Result) bool {
			return strings.Contains(r.Raw, said) && strings.Contains(r.Raw, `"to":"again"`) && strings.Contains(r.Raw, `"n":2`)
		})
	}
	words := Obj{"search_categories": Obj{"room_events": Obj{"search_term": "seen"}}}
	found := false
	for range 100 {
		if found = strings.Contains(string(alice.Post(V3("search"), words).OK().Raw), second); found {
			break
		}
		alice.Sync(alice.Next(), "timeout", "100")
	}
	if !found {
		t.Error("the index of words was not made anew")
	}
	fmt.Fprintln(t.Output(), out)
}
