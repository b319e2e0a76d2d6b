package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// oddTexts are strings that databases and parsers trip over.
var oddTexts = []string{"\x00", "a\x00b", "'; DROP TABLE events; --", "%s%n", "\u2028", strings.Repeat("한", 80), "\u202e", "\\", "\"", "\ufffd"}

func TestOddTextsAreNoServerErrors(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("odd")
		room := u.PublicRoom()
		check := func(what, text string, r *Response) {
			if r.Status >= 500 {
				t.Errorf("%s with %.20q answered %d %s", what, text, r.Status, r.Raw)
			}
		}
		for _, text := range oddTexts {
			check("display name", text, u.Put(V3("profile", u.ID, "displayname"), Obj{"displayname": text}))
			check("profile field", text, u.Put(V3("profile", u.ID, "org.example"), Obj{"org.example": text}))
			check("device name", text, u.Put(V3("devices", u.Device), Obj{"display_name": text}))
			check("room name", text, u.Put(StatePath(room, "m.room.name", ""), Obj{"name": text}))
			check("topic", text, u.Put(StatePath(room, "m.room.topic", ""), Obj{"topic": text}))
			check("state key", text, u.Put(StatePath(room, "org.example", text), Obj{"k": text}))
			check("event type", text, u.Put(V3("rooms", room, "send", "t"+text, u.Txn()), Obj{}))
			check("transaction id", text, u.Put(V3("rooms", room, "send", "m.room.message", "t"+text), Text(text)))
			check("account data", text, u.Put(V3("user", u.ID, "account_data", "t"+text), Obj{"v": text}))
			check("tag", text, u.Put(V3("user", u.ID, "rooms", room, "tags", "u."+text), Obj{}))
			check("filter", text, u.Post(V3("user", u.ID, "filter"), Obj{"room": Obj{"timeline": Obj{"types": []string{text}}}}))
			check("push rule", text, u.Put(V3("pushrules", "global", "content", "r"+text), Obj{"pattern": text, "actions": []any{}}))
			check("alias", text, u.Put(V3("directory", "room", "#a"+text+":"+s.Server.Name), Obj{"room_id": room}))
			check("alias read", text, u.Get(V3("directory", "room", "#b"+text+":"+s.Server.Name)))
			check("public rooms", text, u.Post(V3("publicRooms"), Obj{"filter": Obj{"generic_search_term": text}}))
			check("user search", text, u.Post(V3("user_directory", "search"), Obj{"search_term": text}))
			check("message search", text, u.Post(V3("search"), Obj{"search_categories": Obj{"room_events": Obj{"search_term": text}}}))
			check("reason", text, u.Post(V3("rooms", room, "invite"), Obj{"user_id": "@x" + text + ":" + s.Server.Name, "reason": text}))
			check("presence", text, u.Put(V3("presence", u.ID, "status"), Obj{"presence": "online", "status_msg": text}))
			check("report", text, u.Post(V3("rooms", room, "report"), Obj{"reason": text}))
			check("user", text, u.Get(V3("profile", "@"+text+":"+s.Server.Name)))
			check("room", text, u.Get(V3("rooms", "!"+text+":"+s.Server.Name, "state")))
			check("event", text, u.Get(V3("rooms", room, "event", "$"+text)))
			check("reaction", text, u.Put(V3("rooms", room, "send", "m.reaction", u.Txn()),
				Obj{"m.relates_to": Obj{"rel_type": "m.annotation", "event_id": "$x", "key": text}}))
			check("since", text, u.Get(V3("sync")+Query("since", text)))
			check("from", text, u.Get(V3("rooms", room, "messages")+Query("dir", "b", "from", text)))
			check("login", text, s.Client().Post(V3("login"), Obj{"type": "m.login.password", "user": "a" + text, "password": text}))
			check("available", text, s.Client().Get(V3("register", "available")+Query("username", "a"+text)))
			check("password", text, s.Client().Post(V3("register"), Obj{"username": s.Name("odd"), "password": text + "long enough", "device_id": "D" + text, "auth": Obj{"type": "m.login.dummy"}}))
			check("upload", text, u.Do("POST", mediaUpload+Query("filename", "f"+text), []byte("x"), "Content-Type", "text/plain"))
		}
		u.Sync("")
		u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "100")).OK()
	})
}

func TestOddNumbersAreNoServerErrors(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("numbers")
		room := u.CreateRoom(nil)
		id := u.Say(room, "x")
		for _, n := range []string{"-1", "0", "99999999999999999999", "-99999999999999999999", "1e9", "9223372036854775807", "-9223372036854775808", " 1", "１"} {
			for _, path := range []string{
				V3("rooms", room, "messages") + Query("dir", "b", "limit", n), V3("rooms", room, "context", id) + Query("limit", n),
				V1("rooms", room, "relations", id) + Query("limit", n), V1("rooms", room, "threads") + Query("limit", n),
				V1("rooms", room, "hierarchy") + Query("limit", n), V1("rooms", room, "hierarchy") + Query("max_depth", n),
				V1("rooms", room, "timestamp_to_event") + Query("ts", n, "dir", "f"), V1("rooms", room, "timestamp_to_event") + Query("ts", n, "dir", "b"),
				V3("publicRooms") + Query("limit", n), V3("notifications") + Query("limit", n), V3("user", u.ID, "filter", n),
			} {
				if r := u.Get(path); r.Status >= 500 {
					t.Errorf("%s answered %d %s", path, r.Status, r.Raw)
				}
			}
		}
	})
}

// atOnce runs a request several times at the same time and counts the answers by status.
func atOnce(t *testing.T, times int, request func(i int) (*Response, error)) map[int]int {
	t.Helper()
	var mu sync.Mutex
	counts := map[int]int{}
	var wg sync.WaitGroup
	for i := range times {
		wg.Go(func() {
			r, err := request(i)
			if err != nil {
				t.Errorf("request %d: %v", i, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			counts[r.Status]++
		})
	}
	wg.Wait()
	return counts
}

func TestOneNameIsRegisteredOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		name, c := s.Name("contested"), s.Client()
		counts := atOnce(t, 8, func(int) (*Response, error) {
			return c.Try("POST", V3("register"), Obj{"username": name, "password": "some long password", "auth": Obj{"type": "m.login.dummy"}})
		})
		if counts[200] != 1 || counts[400] != 7 {
			t.Fatalf("answers by status: %v", counts)
		}
	})
}

func TestOneAliasIsTakenOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, name := s.User("contested"), s.Name("alias")
		counts := atOnce(t, 8, func(int) (*Response, error) {
			return u.Try("POST", V3("createRoom"), Obj{"room_alias_name": name})
		})
		if counts[200] != 1 || counts[400] != 7 {
			t.Fatalf("answers by status: %v", counts)
		}
	})
}

func TestManyJoinAtOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		room := u.PublicRoom()
		users := make([]*User, 12)
		for i := range users {
			users[i] = s.User("joins")
		}
		counts := atOnce(t, 3*len(users), func(i int) (*Response, error) {
			return users[i%len(users)].Try("POST", V3("join", room), Obj{})
		})
		if counts[200] != 3*len(users) {
			t.Fatalf("answers by status: %v", counts)
		}
		if n := len(u.Get(V3("rooms", room, "joined_members")).OK().Get("joined").Map()); n != len(users)+1 {
			t.Fatalf("%d members", n)
		}
		chunk := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "100")).OK().Get("chunk")
		if n := len(Pick(chunk, ByType("m.room.member"))); n != len(users)+1 {
			t.Fatalf("%d membership events for %d members", n, len(users)+1)
		}
	})
}

func TestOneReactionAtOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("reacts")
		room := u.CreateRoom(nil)
		id := u.Say(room, "react")
		var txn atomic.Int64
		counts := atOnce(t, 6, func(int) (*Response, error) {
			return u.Try("PUT", V3("rooms", room, "send", "m.reaction", fmt.Sprint("r", txn.Add(1))),
				Obj{"m.relates_to": Obj{"rel_type": "m.annotation", "event_id": id, "key": "x"}})
		})
		if counts[200] != 1 || counts[400] != 5 {
			t.Fatalf("answers by status: %v", counts)
		}
	})
}

func TestStateWritesAtOnceAreAllKept(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("states")
		room := u.CreateRoom(nil)
		counts := atOnce(t, 20, func(i int) (*Response, error) {
			return u.Try("PUT", StatePath(room, "org.example.n", fmt.Sprint(i)), Obj{"n": i})
		})
		if counts[200] != 20 {
			t.Fatalf("answers by status: %v", counts)
		}
		if n := len(Pick(u.Get(V3("rooms", room, "state")).OK().Result, ByType("org.example.n"))); n != 20 {
			t.Fatalf("%d of 20 state events", n)
		}
	})
}

func TestHTTP2IsServed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		h2 := &http.Transport{Protocols: protocols}
		defer h2.CloseIdleConnections()
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Server.URL+"/_matrix/client/versions", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := h2.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.ProtoMajor != 2 || resp.StatusCode != 200 {
			t.Fatalf("%s %d", resp.Proto, resp.StatusCode)
		}
	})
}
