package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/testdb"
)

func TestMayRead(t *testing.T) {
	memberships := []string{"join", "invite", "knock", "leave", "ban"}
	// For each visibility: who may read whatever comes later, and who only because of a later join.
	for _, c := range []struct {
		visibility string
		now, later []string
	}{
		{"world_readable", memberships, memberships},
		{"shared", []string{"join"}, memberships},
		{"invited", []string{"join", "invite"}, []string{"join", "invite"}},
		{"joined", []string{"join"}, []string{"join"}},
		{"something else", []string{"join"}, memberships},
	} {
		for _, m := range memberships {
			if got, want := mayRead(c.visibility, m, false), slices.Contains(c.now, m); got != want {
				t.Errorf("%s, %s: %v", c.visibility, m, got)
			}
			if got, want := mayRead(c.visibility, m, true), slices.Contains(c.later, m); got != want {
				t.Errorf("%s, %s, joined later: %v", c.visibility, m, got)
			}
		}
	}
}

// story is a room in which one user comes and goes, and what the specification's words say of each of its events.
type story struct {
	e      *Engine
	r      *Reader
	roomID string
	acts   []act
}

type act struct {
	id, visibility, membership string // as they stood after the event
	own, sets                  bool
}

const admin, guest = "@admin:example.org", "@guest:example.org"

// may is written from the specification, without regard to cost (Client-Server API, "Room History Visibility").
func (s *story) may(i int) bool {
	allowed := func(visibility, membership string) bool {
		if visibility == "world_readable" || membership == "join" {
			return true
		}
		if visibility == "shared" {
			for _, later := range s.acts[i+1:] {
				if later.own && later.membership == "join" {
					return true
				}
			}
		}
		return membership == "invite" && visibility == "invited"
	}
	now, before := s.acts[i], act{visibility: "shared", membership: "leave"}
	if i > 0 {
		before = s.acts[i-1]
	}
	return allowed(now.visibility, now.membership) || now.own && allowed(now.visibility, before.membership) ||
		now.sets && allowed(before.visibility, now.membership)
}

// enters tells whether the user may look into the room at all.
func (s *story) enters() bool {
	if s.acts[len(s.acts)-1].visibility == "world_readable" {
		return true
	}
	return slices.ContainsFunc(s.acts, func(a act) bool { return a.own && a.membership == "join" })
}

func (s *story) do(t *rapid.T, step string) {
	ctx := t.Context()
	last := s.acts[len(s.acts)-1]
	a := act{visibility: last.visibility, membership: last.membership}
	var err error
	switch step {
	case "message":
		a.id, err = s.e.Send(ctx, SendRequest{RoomID: s.roomID, Sender: admin, Type: "m.room.message", Content: []byte(`{"body":"x"}`)})
	case "world_readable", "shared", "invited", "joined":
		if step == last.visibility {
			return
		}
		none := ""
		a.visibility, a.sets = step, true
		a.id, err = s.e.Send(ctx, SendRequest{
			RoomID: s.roomID, Sender: admin, Type: "m.room.history_visibility", StateKey: &none, Content: []byte(`{"history_visibility":"` + step + `"}`),
		})
	default:
		if step == last.membership || last.membership == "ban" && step != "leave" || last.membership == "join" && step == "invite" {
			return
		}
		sender, user := admin, guest
		if step == "join" {
			sender = guest
		}
		a.membership, a.own = step, true
		a.id, err = s.e.Send(ctx, SendRequest{
			RoomID: s.roomID, Sender: sender, Type: "m.room.member", StateKey: &user, Content: []byte(`{"membership":"` + step + `"}`),
		})
	}
	if err != nil {
		t.Fatalf("%s after %+v: %v", step, last, err)
	}
	s.acts = append(s.acts, a)
}

func (s *story) read(t *rapid.T, forward bool, limit int) (ids []string) {
	from := ""
	for range 1000 {
		page, err := s.r.Messages(t.Context(), Who{User: guest}, PageRequest{RoomID: s.roomID, From: from, Forward: forward, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range page.Chunk {
			ids = append(ids, gjson.GetBytes(ev, "event_id").Str)
		}
		if from = page.End; from == "" {
			return ids
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func (s *story) check(t *rapid.T) {
	var want []string
	for i := range s.acts {
		if s.enters() && s.may(i) {
			want = append(want, s.acts[i].id)
		}
	}
	for i, a := range s.acts {
		ev, err := s.r.Event(t.Context(), Who{User: guest}, s.roomID, a.id)
		if got := err == nil; got != (s.enters() && s.may(i)) || err != nil && !mxerr.HasCode(err, mxerr.NotFound) {
			t.Fatalf("event %d of %+v: shown: %v, %v", i, s.acts, got, err)
		}
		if err == nil && gjson.GetBytes(ev, "unsigned.membership").Str != a.membership {
			t.Fatalf("event %d of %+v: %s", i, s.acts, ev)
		}
	}
	if !s.enters() {
		if _, err := s.r.Messages(t.Context(), Who{User: guest}, PageRequest{RoomID: s.roomID, Limit: 5}); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Fatalf("a stranger got %v", err)
		}
		return
	}
	limit := rapid.IntRange(1, 12).Draw(t, "limit")
	if got := s.read(t, true, limit); !slices.Equal(got, s.cut(want)) {
		t.Fatalf("forwards, of %+v: %v, want %v", s.acts, got, s.cut(want))
	}
	back := s.read(t, false, limit)
	slices.Reverse(back)
	if !slices.Equal(back, s.cut(want)) {
		t.Fatalf("backwards, of %+v: %v, want %v", s.acts, back, s.cut(want))
	}
}

// cut drops what came after the user last left: a page ends there, unless anybody may read the room.
func (s *story) cut(want []string) []string {
	last := s.acts[len(s.acts)-1]
	if last.visibility == "world_readable" || last.membership == "join" {
		return want
	}
	end := len(s.acts)
	for i := len(s.acts) - 1; i >= 0 && s.acts[i].membership != "join"; i-- {
		if s.acts[i].own {
			end = i
		}
	}
	var keep []string
	for i, a := range s.acts {
		if i <= end && slices.Contains(want, a.id) {
			keep = append(keep, a.id)
		}
	}
	return keep
}

func TestVisibilityMatchesTheSpecification(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, st := newTestEngine(t, url)
		r := NewReader(st)
		steps := []string{
			"message", "message", "message", "message", "world_readable", "shared", "invited", "joined", "join", "join", "leave", "invite", "ban",
		}
		rapid.Check(t, func(t *rapid.T) {
			id, err := e.Create(t.Context(), CreateRequest{Creator: admin, Preset: presetPublic})
			if err != nil {
				t.Fatal(err)
			}
			s := &story{e: e, r: r, roomID: id}
			s.begin(t)
			for _, step := range rapid.SliceOfN(rapid.SampledFrom(steps), 1, 40).Draw(t, "steps") {
				s.do(t, step)
			}
			s.check(t)
		})
	})
}

// begin takes in the events that every room begins with.
func (s *story) begin(t *rapid.T) {
	page, err := s.r.Messages(t.Context(), Who{User: admin}, PageRequest{RoomID: s.roomID, Forward: true, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range page.Chunk {
		sets := gjson.GetBytes(ev, "type").Str == "m.room.history_visibility"
		s.acts = append(s.acts, act{id: gjson.GetBytes(ev, "event_id").Str, visibility: "shared", membership: "leave", sets: sets})
	}
}

// A stranger's pages must not cost a query for each hidden event.
func TestHiddenHistoryIsSkipped(t *testing.T) {
	e, st := newTestEngine(t, "")
	r := NewReader(st)
	id := newTestRoom(t, e, admin)
	none := ""
	send := func(typ string, key *string, content string) {
		if _, err := e.Send(t.Context(), SendRequest{RoomID: id, Sender: admin, Type: typ, StateKey: key, Content: json.RawMessage(content)}); err != nil {
			t.Fatal(err)
		}
	}
	send("m.room.message", nil, `{"body":"first"}`)
	send("m.room.history_visibility", &none, `{"history_visibility":"joined"}`)
	for i := range 1500 {
		send("m.room.message", nil, fmt.Sprintf(`{"body":"%d"}`, i))
	}
	if err := e.Join(t.Context(), MemberRequest{RoomID: id, Sender: guest}); err != nil {
		t.Fatal(err)
	}
	page, err := r.Messages(t.Context(), Who{User: guest}, PageRequest{RoomID: id, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Chunk) < 3 || gjson.GetBytes(page.Chunk[2], "content.body").Str != "first" {
		t.Fatalf("got %s", page.Chunk)
	}
}
