package e2e

import (
	"slices"
	"testing"

	"github.com/tidwall/gjson"
)

// relate sends an event that relates to another.
func relate(u *User, room, eventType, relType, target string, more Obj) string {
	u.t.Helper()
	rel := Obj{"rel_type": relType, "event_id": target}
	content := Text("relates")
	for k, v := range more {
		if k == "key" {
			rel[k] = v
			continue
		}
		content[k] = v
	}
	content["m.relates_to"] = rel
	return u.Send(room, eventType, content)
}

func edit(u *User, room, target, body string) string {
	u.t.Helper()
	return relate(u, room, "m.room.message", "m.replace", target, Obj{"body": "* " + body, "m.new_content": Text(body)})
}

func TestRelationsAreListed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("relations")
		room := u.CreateRoom(nil)
		root := u.Say(room, "root")
		ref := relate(u, room, "m.room.message", "m.reference", root, nil)
		reaction := relate(u, room, "m.reaction", "m.annotation", root, Obj{"key": "👍"})
		threaded := relate(u, room, "m.room.message", "m.thread", root, nil)
		get := func(segments ...string) []string {
			path := append([]string{"rooms", room, "relations", root}, segments...)
			return IDs(u.Get(V1(path...)).OK().Get("chunk"))
		}
		if got := get(); !slices.Equal(got, []string{threaded, reaction, ref}) {
			t.Errorf("all: %v", got)
		}
		if got := get("m.thread"); !slices.Equal(got, []string{threaded}) {
			t.Errorf("threads: %v", got)
		}
		if got := get("m.annotation", "m.reaction"); !slices.Equal(got, []string{reaction}) {
			t.Errorf("reactions: %v", got)
		}
		if got := get("m.annotation", "m.room.message"); len(got) != 0 {
			t.Errorf("annotations by messages: %v", got)
		}
	})
}

func TestRelationsPageInBothDirections(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("relpages")
		room := u.CreateRoom(nil)
		root := u.Say(room, "root")
		var want []string
		for range 5 {
			want = append(want, relate(u, room, "m.room.message", "m.thread", root, nil))
		}
		for _, dir := range []string{"f", "b"} {
			var got []string
			from := ""
			for range 5 {
				query := []string{"dir", dir, "limit", "2"}
				if from != "" {
					query = append(query, "from", from)
				}
				r := u.Get(V1("rooms", room, "relations", root) + Query(query...)).OK()
				got = append(got, IDs(r.Get("chunk"))...)
				if from = r.Get("next_batch").String(); from == "" {
					break
				}
			}
			if dir == "b" {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("dir=%s: %v, want %v", dir, got, want)
			}
		}
	})
}

func TestRelationsOfRelationsOnRecursion(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("recurse")
		room := u.CreateRoom(nil)
		root := u.Say(room, "root")
		reply := relate(u, room, "m.room.message", "m.thread", root, nil)
		reaction := relate(u, room, "m.reaction", "m.annotation", reply, Obj{"key": "x"})
		plain := IDs(u.Get(V1("rooms", room, "relations", root)).OK().Get("chunk"))
		if slices.Contains(plain, reaction) {
			t.Error("indirect relations come unasked")
		}
		r := u.Get(V1("rooms", room, "relations", root) + Query("recurse", "true")).OK()
		if !slices.Contains(IDs(r.Get("chunk")), reaction) || r.Get("recursion_depth").Int() < 2 {
			t.Errorf("recurse gives %s", r.Raw)
		}
	})
}

func TestRelationsOfUnknownAndForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("norel")
		room := u.CreateRoom(nil)
		root := u.Say(room, "root")
		u.Get(V1("rooms", room, "relations", "$nosuch")).WantError(404, "M_NOT_FOUND")
		if r := s.User("stranger").Get(V1("rooms", room, "relations", root)); r.Status != 403 && r.Status != 404 {
			t.Errorf("a stranger got %d", r.Status)
		}
	})
}

func TestEditIsBundledWithTheOriginal(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("edits"), s.User("reads")
		room := u.PublicRoom()
		other.Join(room)
		id := u.Say(room, "draft")
		edit(u, room, id, "second")
		last := edit(u, room, id, "final")
		for name, e := range map[string]gjson.Result{
			"event":    u.Get(V3("rooms", room, "event", id)).OK().Result,
			"messages": Pick(other.Get(V3("rooms", room, "messages")+Query("dir", "b")).OK().Get("chunk"), ByID(id))[0],
			"context":  u.Get(V3("rooms", room, "context", id)).OK().Get("event"),
		} {
			bundle := e.Get("unsigned.m\\.relations.m\\.replace")
			if bundle.Get("event_id").Str != last || bundle.Get("content.m\\.new_content.body").Str != "final" {
				t.Errorf("%s bundles %s", name, e.Raw)
			}
			// Since v1.5 the content of the original is left as it was.
			if e.Get("content.body").Str != "draft" {
				t.Errorf("%s has the body %s", name, e.Get("content.body"))
			}
		}
	})
}

func TestEditByAnotherIsIgnored(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("writes"), s.User("meddles")
		room := u.PublicRoom()
		other.Join(room)
		id := u.Say(room, "mine")
		edit(other, room, id, "not yours")
		if r := u.Get(V3("rooms", room, "event", id)).OK(); r.Get("unsigned.m\\.relations.m\\.replace").Exists() {
			t.Fatalf("another's edit is bundled: %s", r.Raw)
		}
	})
}

func TestRedactedEditIsNoLongerBundled(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("unedits")
		room := u.CreateRoom(nil)
		id := u.Say(room, "draft")
		changed := edit(u, room, id, "changed")
		u.Put(V3("rooms", room, "redact", changed, u.Txn()), Obj{}).OK()
		if r := u.Get(V3("rooms", room, "event", id)).OK(); r.Get("unsigned.m\\.relations.m\\.replace").Exists() {
			t.Fatalf("a redacted edit is bundled: %s", r.Raw)
		}
	})
}

func TestReactionTwiceIsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("reacts")
		room := u.CreateRoom(nil)
		id := u.Say(room, "react")
		content := Obj{"m.relates_to": Obj{"rel_type": "m.annotation", "event_id": id, "key": "👍"}}
		first := u.Send(room, "m.reaction", content)
		u.Put(V3("rooms", room, "send", "m.reaction", u.Txn()), content).WantError(400, "M_DUPLICATE_ANNOTATION")
		u.Put(V3("rooms", room, "redact", first, u.Txn()), Obj{}).OK()
		u.Send(room, "m.reaction", content) // after the redaction it may come again
	})
}

func TestReferencesAreBundled(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("references")
		room := u.CreateRoom(nil)
		id := u.Say(room, "referred")
		ref := relate(u, room, "m.room.message", "m.reference", id, nil)
		r := u.Get(V3("rooms", room, "event", id)).OK()
		if got := IDs(r.Get("unsigned.m\\.relations.m\\.reference.chunk")); !slices.Equal(got, []string{ref}) {
			t.Fatalf("references %v in %s", got, r.Raw)
		}
	})
}

func TestThreadIsBundledWithItsRoot(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("threads"), s.User("replies")
		room := u.PublicRoom()
		other.Join(room)
		root := u.Say(room, "root")
		relate(other, room, "m.room.message", "m.thread", root, nil)
		last := relate(other, room, "m.room.message", "m.thread", root, Obj{"body": "latest"})
		for _, c := range []struct {
			user         *User
			participated bool
		}{{u, true}, {other, true}, {s.User("watcher"), false}} {
			if c.user != u && c.user != other {
				c.user.Join(room)
			}
			bundle := c.user.Get(V3("rooms", room, "event", root)).OK().Get("unsigned.m\\.relations.m\\.thread")
			if bundle.Get("count").Int() != 2 || bundle.Get("latest_event.event_id").Str != last ||
				bundle.Get("current_user_participated").Bool() != c.participated {
				t.Errorf("%s sees the thread as %s", c.user.ID, bundle)
			}
		}
	})
}

func TestThreadsAreListedByTheirLatest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("lists"), s.User("other")
		room := u.PublicRoom()
		other.Join(room)
		a, b, c := u.Say(room, "a"), u.Say(room, "b"), other.Say(room, "c")
		relate(other, room, "m.room.message", "m.thread", c, nil)
		relate(u, room, "m.room.message", "m.thread", b, nil)
		relate(u, room, "m.room.message", "m.thread", a, nil)
		if got := IDs(u.Get(V1("rooms", room, "threads")).OK().Get("chunk")); !slices.Equal(got, []string{a, b, c}) {
			t.Errorf("threads %v", got)
		}
		relate(u, room, "m.room.message", "m.thread", b, nil)
		r := u.Get(V1("rooms", room, "threads") + Query("limit", "2")).OK()
		got := IDs(r.Get("chunk"))
		got = append(got, IDs(u.Get(V1("rooms", room, "threads")+Query("limit", "2", "from", r.Str("next_batch"))).OK().Get("chunk"))...)
		if !slices.Equal(got, []string{b, a, c}) {
			t.Errorf("threads over two pages %v", got)
		}
		if got := IDs(u.Get(V1("rooms", room, "threads") + Query("include", "participated")).OK().Get("chunk")); !slices.Equal(got, []string{b, a}) {
			t.Errorf("threads with own part %v", got)
		}
		s.User("stranger").Get(V1("rooms", room, "threads")).WantError(403, "M_FORBIDDEN")
		u.Get(V1("rooms", room, "threads")+Query("include", "some")).WantError(400, "M_INVALID_PARAM")
	})
}

func TestThreadRootInSyncHasItsBundle(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("threadsync")
		room := u.CreateRoom(nil)
		root := u.Say(room, "root")
		relate(u, room, "m.room.message", "m.thread", root, nil)
		u.SyncUntil("", "the root with its thread", HasTimeline(room, func(e gjson.Result) bool {
			return ByID(root)(e) && e.Get("unsigned.m\\.relations.m\\.thread.count").Int() == 1
		}))
	})
}

func TestFilterByRelations(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("relfilter"), s.User("other")
		room := u.PublicRoom()
		other.Join(room)
		root, plain := u.Say(room, "root"), u.Say(room, "plain")
		relate(other, room, "m.room.message", "m.thread", root, nil)
		get := func(filter string) []string {
			return IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "20", "filter", filter)).OK().Get("chunk"))
		}
		if got := get(`{"related_by_rel_types":["m.thread"]}`); !slices.Equal(got, []string{root}) || slices.Contains(got, plain) {
			t.Errorf("related_by_rel_types gives %v", got)
		}
		if got := get(`{"related_by_senders":["` + other.ID + `"],"related_by_rel_types":["m.thread"]}`); !slices.Equal(got, []string{root}) {
			t.Errorf("related_by_senders gives %v", got)
		}
		if got := get(`{"related_by_senders":["` + u.ID + `"],"related_by_rel_types":["m.thread"]}`); len(got) != 0 {
			t.Errorf("related_by_senders of another gives %v", got)
		}
	})
}
