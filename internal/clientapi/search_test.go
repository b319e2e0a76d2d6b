package clientapi

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/search"
	"bongsu.org/bongsu/internal/testdb"
)

func newSearchServer(t *testing.T, url string) *testServer {
	t.Helper()
	s := newRoomServer(t, url)
	s.api.Search = search.NewIndexer(s.api.Store)
	return s
}

const inRoomEvents = "search_categories.room_events."

// search asks for a term; more is further members of the criteria.
func (u *testUser) search(term, more, next string) *answer {
	u.s.t.Helper()
	return u.post(v3+"/search"+next, fmt.Sprintf(`{"search_categories":{"room_events":{"search_term":%q%s}}}`, term, more))
}

// found are the texts that a search finds, in order.
func (u *testUser) found(term, more string) []string {
	u.s.t.Helper()
	return texts(u.search(term, more, ""), inRoomEvents+"results.#.result.content.body")
}

const recent = `,"order_by":"recent"`

func TestSearchFindsWords(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		s := newSearchServer(t, db)
		alice := s.user("alice")
		room := alice.makeRoom(`{"name":"The Tea Room","topic":"All about tea"}`)
		for _, text := range []string{"tea for two", "green tea", "Teams, TEAMS", "coffee", "학교에서 만나요", "東京都の天気", "Crème brûlée"} {
			alice.say(room, text)
		}
		for term, want := range map[string][]string{
			"tea": {"Teams, TEAMS", "green tea", "tea for two"}, "GREEN tea": {"green tea"}, "학교": {"학교에서 만나요"}, "京都": {"東京都の天気"},
			"creme": {"Crème brûlée"}, "co": {}, "cof": {"coffee"}, "!?": {}, "'\\\"": {}, "green coffee": {},
		} {
			same(t, term, alice.found(term, recent+`,"keys":["content.body"]`), want...)
		}
		a := alice.search("tea", "", "")
		same(t, "highlights", texts(a, inRoomEvents+"highlights"), "tea")
		if n := a.field(inRoomEvents + "count"); n != "5" {
			t.Errorf("%s found", n)
		}
		ranks := gjson.Get(a.body, inRoomEvents+"results.#.rank").Array()
		for i := 1; i < len(ranks); i++ {
			if ranks[i].Num > ranks[i-1].Num {
				t.Errorf("the ranks do not fall: %v", ranks)
			}
		}
		same(t, "names", texts(alice.search("tea", `,"keys":["content.name"]`, ""), inRoomEvents+"results.#.result.content.name"), "The Tea Room")
		same(t, "topics", texts(alice.search("about", `,"keys":["content.topic"]`, ""), inRoomEvents+"results.#.result.content.topic"), "All about tea")
	})
}

func TestSearchShowsOnlyWhatMayBeSeen(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		s := newSearchServer(t, db)
		alice, bob, eve := s.user("alice"), s.user("bob"), s.user("eve")
		room := alice.makeRoom(`{"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]}`)
		alice.say(room, "secret before")
		bob.post(room+"/join", `{}`).field("room_id")
		alice.say(room, "secret within")
		bob.post(room+"/leave", `{}`).want(`{}`)
		alice.say(room, "secret after")
		same(t, "alice", alice.found("secret", recent), "secret after", "secret within", "secret before")
		same(t, "bob", bob.found("secret", recent), "secret within")
		same(t, "eve", eve.found("secret", recent))
		bob.post(room+"/forget", `{}`).want(`{}`)
		same(t, "bob, who forgot", bob.found("secret", recent))
	})
}

func TestSearchForgetsWhatIsRedactedAndFindsWhatIsClear(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		s := newSearchServer(t, db)
		alice := s.user("alice")
		room, secret := alice.makeRoom(`{}`), alice.makeRoom(`{}`)
		id := alice.say(room, "regret this")
		alice.say(secret, "regret that")
		same(t, "before", alice.found("regret", recent), "regret that", "regret this")
		alice.put(room+"/redact/"+url.PathEscape(id)+"/1", `{}`).field("event_id")
		alice.put(secret+"/state/m.room.encryption", `{"algorithm":"m.megolm.v1.aes-sha2"}`).field("event_id")
		alice.say(secret, "regret in the clear")
		alice.say(room, "no regret")
		alice.post(secret+"/send/m.room.encrypted", `{"body":"regret in a body","ciphertext":"regret"}`)
		same(t, "after", alice.found("regret", recent), "no regret", "regret in the clear", "regret that")
	})
}

func TestSearchPages(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		s := newSearchServer(t, db)
		alice, bob := s.user("alice"), s.user("bob")
		rooms := []string{alice.makeRoom(`{"preset":"public_chat"}`), alice.makeRoom(`{"preset":"public_chat"}`)}
		bob.post(rooms[0]+"/join", `{}`).field("room_id")
		for i := range 23 {
			alice.say(rooms[i%2], fmt.Sprint("number ", i))
		}
		bob.say(rooms[0], "number of bob")
		for _, order := range []string{recent, ""} {
			more := order + `,"filter":{"limit":5},"groupings":{"group_by":[{"key":"room_id"},{"key":"sender"}]}`
			seen, next := map[string]bool{}, ""
			for page := 0; page < 10; page++ {
				a := alice.search("number", more, next)
				for _, id := range texts(a, inRoomEvents+"results.#.result.event_id") {
					if seen[id] {
						t.Fatalf("%q comes twice", id)
					}
					seen[id] = true
				}
				if n := a.field(inRoomEvents + "count"); n != "24" {
					t.Errorf("%s found, want 24", n)
				}
				next = "?next_batch=" + gjson.Get(a.body, inRoomEvents+"next_batch").Str
				if next == "?next_batch=" {
					break
				}
				if page == 0 {
					inGroup(t, alice, more, a, idOf(rooms[0]))
				}
			}
			if len(seen) != 24 {
				t.Errorf("%q: %d on all pages, want 24", order, len(seen))
			}
		}
	})
}

// inGroup pages through what a first page said of one room.
func inGroup(t *testing.T, u *testUser, more string, first *answer, roomID string) {
	t.Helper()
	group := gjson.Get(first.body, inRoomEvents+"groups.room_id").Map()[roomID]
	count := len(group.Get("results").Array())
	for next := group.Get("next_batch").Str; next != ""; {
		a := u.search("number", more, "?next_batch="+next)
		for _, id := range texts(a, inRoomEvents+"results.#.result.room_id") {
			if id != roomID {
				t.Fatalf("an event of %s in the group of %s", id, roomID)
			}
			count++
		}
		next = gjson.Get(a.body, inRoomEvents+"next_batch").Str
	}
	if count != 13 {
		t.Errorf("%d in the group, want 13", count)
	}
}

func TestSearchTellsWhatSurrounds(t *testing.T) {
	s := newSearchServer(t, "")
	alice := s.user("alice")
	room := alice.makeRoom(`{"name":"Here"}`)
	for i := range 9 {
		alice.say(room, fmt.Sprint("line ", i))
	}
	a := alice.search("4", `,"event_context":{"before_limit":2,"after_limit":1,"include_profile":true},"include_state":true`, "")
	context := inRoomEvents + "results.0.context."
	same(t, "before", texts(a, context+"events_before.#.content.body"), "line 3", "line 2")
	same(t, "after", texts(a, context+"events_after.#.content.body"), "line 5")
	if !gjson.Get(a.body, context+"profile_info").Map()["@alice:example.org"].Exists() {
		t.Errorf("no profile of alice in %s", a.body)
	}
	state := gjson.Get(a.body, inRoomEvents+"state").Map()[idOf(room)]
	if name := state.Get(`#(type=="m.room.name").content.name`).Str; name != "Here" {
		t.Errorf("the room is called %q", name)
	}
	page := alice.get(room + "/messages?dir=b&limit=1&from=" + a.field(context+"start"))
	same(t, "going on", texts(page, "chunk.#.content.body"), "line 1")
}

func TestSearchParameters(t *testing.T) {
	s := newSearchServer(t, "")
	alice := s.user("alice")
	for body, code := range map[string]string{
		`{}`:                      "M_MISSING_PARAM",
		`{"search_categories":5}`: "M_BAD_JSON",
		`{"search_categories":{"room_events":{}}}`:                                                         "M_MISSING_PARAM",
		`{"search_categories":{"room_events":{"search_term":"a","order_by":"x"}}}`:                         "M_INVALID_PARAM",
		`{"search_categories":{"room_events":{"search_term":"a","keys":["x"]}}}`:                           "M_INVALID_PARAM",
		`{"search_categories":{"room_events":{"search_term":"a","groupings":{"group_by":[{"key":"x"}]}}}}`: "M_INVALID_PARAM",
		`{"search_categories":{"room_events":{"search_term":"a","event_context":{"before_limit":-1}}}}`:    "M_INVALID_PARAM",
		`{"search_categories":{"room_events":{"search_term":"a","filter":{"limit":"x"}}}}`:                 "M_BAD_JSON",
	} {
		alice.post(v3+"/search", body).wantError(400, code)
	}
	alice.search("a", "", "?next_batch=x").wantError(400, "M_INVALID_PARAM")
	alice.post(v3+"/search", `{"search_categories":{}}`).want(`{"search_categories":{}}`)
	alice.search("a", "", "").want(`{"search_categories":{"room_events":{"count":0,"highlights":["a"],"results":[]}}}`)
}
