package clientapi

import (
	"net/http"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/testdb"
)

const (
	aliceData = "/_matrix/client/v3/user/@alice:example.org"
	aliceRoom = aliceData + "/rooms/!room:example.org"
)

func TestAccountData(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		for _, base := range []string{aliceData, aliceRoom} {
			path := base + "/account_data/org.example.config"
			alice.get(path).wantError(http.StatusNotFound, "M_NOT_FOUND")
			alice.put(path, ` {"a": [1, "x"]} `).want(`{}`)
			alice.get(path).want(`{"a":[1,"x"]}`)
			alice.put(path, `{"b":1}`).want(`{}`)
			alice.get(path).want(`{"b":1}`)
			alice.put(path, `[]`).wantError(http.StatusBadRequest, "M_BAD_JSON")
			alice.put(path, `{`).wantError(http.StatusBadRequest, "M_NOT_JSON")
			alice.put(path, ``).wantError(http.StatusBadRequest, "M_NOT_JSON")
			alice.put(path, "{\"a\":\"\xff\"}").wantError(http.StatusBadRequest, "M_NOT_JSON")
			bob.get(path).wantError(http.StatusForbidden, "M_FORBIDDEN")
			bob.put(path, `{}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
			for _, managed := range []string{"m.fully_read", "m.push_rules"} {
				alice.put(base+"/account_data/"+managed, `{}`).wantError(http.StatusMethodNotAllowed, "M_BAD_JSON")
			}
			alice.put(base+"/account_data/"+strings.Repeat("x", 300), `{}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
			alice.put(base+"/account_data/a%00b", `{}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
			alice.get(base+"/account_data/a%00b").wantError(http.StatusBadRequest, "M_INVALID_PARAM")
			alice.put(base+"/account_data/a%2Fb", `{"slash":true}`).want(`{}`)
			alice.get(base + "/account_data/a%2Fb").want(`{"slash":true}`)
		}
		alice.put(aliceData+"/rooms/@alice:example.org/account_data/x", `{}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		alice.get(aliceData+"/rooms/x/account_data/x").wantError(http.StatusBadRequest, "M_INVALID_PARAM")
	})
}

func TestAccountDataIsWrittenInTheUsersLane(t *testing.T) {
	s := newTestServer(t, "")
	alice := s.user("alice")
	before := s.positions()
	alice.put(aliceData+"/account_data/x", `{"a":1}`).want(`{}`)
	after := s.positions()
	if after == before {
		t.Error("no position was taken")
	}
	alice.put(aliceData+"/account_data/x", `{"a":1}`).want(`{}`)
	if got := s.positions(); got != after {
		t.Error("the same content again is no change")
	}
}

func TestTags(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		alice.get(aliceRoom + "/tags").want(`{"tags":{}}`)
		alice.put(aliceRoom+"/tags/m.favourite", `{"order":0.25,"own":[1]}`).want(`{}`)
		alice.put(aliceRoom+"/tags/u.work%2Fhome", `{}`).want(`{}`)
		alice.get(aliceRoom + "/tags").want(`{"tags":{"m.favourite":{"order":0.25,"own":[1]},"u.work/home":{}}}`)
		alice.get(aliceRoom + "/account_data/m.tag").want(`{"tags":{"m.favourite":{"order":0.25,"own":[1]},"u.work/home":{}}}`)
		alice.delete(aliceRoom + "/tags/m.favourite").want(`{}`)
		alice.delete(aliceRoom + "/tags/m.favourite").want(`{}`)
		alice.get(aliceRoom + "/tags").want(`{"tags":{"u.work/home":{}}}`)
		alice.put(aliceRoom+"/tags/x", `{"order":"first"}`).wantError(http.StatusBadRequest, "M_BAD_JSON")
		alice.put(aliceRoom+"/tags/x", `{"order":1.5}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		alice.put(aliceRoom+"/tags/"+strings.Repeat("x", 256), `{}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		bob.get(aliceRoom+"/tags").wantError(http.StatusForbidden, "M_FORBIDDEN")
		bob.put(aliceRoom+"/tags/x", `{}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		bob.delete(aliceRoom+"/tags/x").wantError(http.StatusForbidden, "M_FORBIDDEN")
		alice.put(aliceRoom+"/account_data/m.tag", `{"tags":"none"}`).want(`{}`)
		alice.get(aliceRoom + "/tags").want(`{"tags":{}}`)
		alice.put(aliceRoom+"/tags/u.x", `{}`).want(`{}`)
		alice.get(aliceRoom + "/tags").want(`{"tags":{"u.x":{}}}`)
	})
}

func TestFilters(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newTestServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		id := alice.post(aliceData+"/filter", `{"room": {"timeline": {"limit": 10}}, "org.example": 1}`).field("filter_id")
		if id == "" || id[0] == '{' {
			t.Fatalf("got filter id %q", id)
		}
		alice.get(aliceData + "/filter/" + id).want(`{"room":{"timeline":{"limit":10}},"org.example":1}`)
		if again := alice.post(aliceData+"/filter", `{"room":{"timeline":{"limit":10}},"org.example":1}`).field("filter_id"); again != id {
			t.Errorf("the same filter got the id %q", again)
		}
		alice.get(aliceData+"/filter/unknown").wantError(http.StatusNotFound, "M_NOT_FOUND")
		bob.get(aliceData+"/filter/"+id).wantError(http.StatusForbidden, "M_FORBIDDEN")
		bob.get("/_matrix/client/v3/user/@bob:example.org/filter/"+id).wantError(http.StatusNotFound, "M_NOT_FOUND")
		bob.post(aliceData+"/filter", `{}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		alice.post(aliceData+"/filter", `{"presence":"x"}`).wantError(http.StatusBadRequest, "M_BAD_JSON")
		alice.post(aliceData+"/filter", `{"event_format":"xml"}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		alice.post(aliceData+"/filter", `{`).wantError(http.StatusBadRequest, "M_NOT_JSON")
	})
}
