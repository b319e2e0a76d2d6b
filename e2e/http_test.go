package e2e

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestVersionsAreTold(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Get("/_matrix/client/versions").OK()
		for _, v := range r.Get("versions").Array() {
			if v.Str == "v1.11" {
				return
			}
		}
		t.Fatalf("versions %s", r.Raw)
	})
}

func TestWellKnownTellsTheAddress(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Get("/.well-known/matrix/client")
		if r.Status != 404 {
			r.OK().Str(`m\.homeserver.base_url`)
		}
	})
}

func TestUnknownPathsAreUnrecognized(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("paths")
		for _, path := range []string{"/_matrix/client/v3/nosuch", "/_matrix/client/v9/sync", "/_matrix/nosuch", V3("rooms", "!x:y", "nosuch")} {
			u.Get(path).WantError(404, "M_UNRECOGNIZED")
		}
	})
}

func TestWrongMethodsAreUnrecognized(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("methods")
		u.Delete(V3("sync"), nil).WantError(405, "M_UNRECOGNIZED")
		u.Put(V3("createRoom"), Obj{}).WantError(405, "M_UNRECOGNIZED")
	})
}

func TestBrowsersOfAnyOriginMayCall(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Do("OPTIONS", V3("login"), nil, "Origin", "https://example.org", "Access-Control-Request-Method", "POST")
		if r.Status != 200 && r.Status != 204 {
			t.Fatalf("preflight answered %d", r.Status)
		}
		for name, words := range map[string][]string{
			"Access-Control-Allow-Origin":  {"*"},
			"Access-Control-Allow-Methods": {"GET", "POST", "PUT", "DELETE", "OPTIONS"},
			"Access-Control-Allow-Headers": {"X-Requested-With", "Content-Type", "Authorization"},
		} {
			for _, word := range words {
				if !strings.Contains(strings.ToLower(r.Header.Get(name)), strings.ToLower(word)) {
					t.Errorf("%s is %q, want %s in it", name, r.Header.Get(name), word)
				}
			}
		}
		if r := s.Client().Get(V3("account", "whoami")); r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Error("an error lacks the CORS header")
		}
	})
}

func TestResponsesAreJSONAndUncached(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.User("json").Get(V3("account", "whoami")).OK()
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("Content-Type %q", r.Header.Get("Content-Type"))
		}
	})
}

func TestLargeResponsesAreCompressedOnRequest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("gzip")
		room := u.CreateRoom(nil)
		u.Say(room, strings.Repeat("compressible ", 1000))
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Server.URL+V3("sync")+"?timeout=0", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+u.Token)
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("Content-Encoding %q", resp.Header.Get("Content-Encoding"))
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || !strings.Contains(string(text), "compressible") {
			t.Fatalf("unpacked to %.100s: %v", text, err)
		}
	})
}

func TestBodiesOfAnotherContentTypeAreRead(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("contenttype")
		room := u.CreateRoom(nil)
		// Old clients send JSON under no or a wrong content type.
		u.Do("PUT", V3("rooms", room, "send", "m.room.message", u.Txn()), `{"msgtype":"m.text","body":"x"}`, "Content-Type", "text/plain").OK()
	})
}

func TestInvalidUTF8IsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("utf8")
		room := u.CreateRoom(nil)
		r := u.Put(V3("rooms", room, "send", "m.room.message", u.Txn()), "{\"msgtype\":\"m.text\",\"body\":\"\xff\xfe\"}")
		if r.Status != 400 {
			t.Fatalf("answered %d", r.Status)
		}
	})
}

func TestHugeBodiesAreRefusedEarly(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("huge")
		r, err := u.Try("POST", V3("createRoom"), `{"name":"`+strings.Repeat("x", 8<<20)+`"}`)
		if err != nil {
			return // the server may hang up while the body is still coming
		}
		if r.Status != 413 {
			t.Fatalf("answered %d", r.Status)
		}
	})
}

func TestDeeplyNestedJSONIsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nested")
		room := u.CreateRoom(nil)
		deep := strings.Repeat(`{"a":`, 12000) + "1" + strings.Repeat("}", 12000)
		if r := u.Put(V3("rooms", room, "send", "org.example.deep", u.Txn()), deep); r.Status != 400 && r.Status != 413 {
			t.Fatalf("answered %d", r.Status)
		}
		u.Say(room, "still alive")
	})
}

func TestPercentEncodedIdentifiersAreTheSame(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("percent")
		room := u.CreateRoom(nil)
		escaped := strings.NewReplacer("!", "%21", ":", "%3A").Replace(room)
		plain := strings.ReplaceAll(room, "%21", "!")
		for _, id := range []string{escaped, plain, strings.ReplaceAll(escaped, "%3A", "%3a")} {
			u.Get("/_matrix/client/v3/rooms/" + id + "/state/m.room.create").OK()
		}
	})
}

func TestOldPrefixesAreServed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("prefix")
		if r := u.Get("/_matrix/client/r0/account/whoami"); r.Status != 200 && r.Status != 404 {
			t.Fatalf("r0 answered %d", r.Status)
		}
	})
}

func TestHealthIsTold(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Get("/health/ready").OK()
		s.Client().Get("/health/live").OK()
	})
}
