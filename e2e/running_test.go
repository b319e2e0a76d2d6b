package e2e

import (
	"testing"
	"time"

	"bongsu.org/bongsu/internal/testdb"
)

func TestRateLimitsAnswerWithATime(t *testing.T) {
	s := On(t, Start(t, Options{RateLimits: true}))
	c := s.Client()
	for range 200 {
		r := c.Post(V3("login"), Obj{"type": "m.login.password", "user": "nobody", "password": "x"})
		if r.Status == 429 {
			r.WantError(429, "M_LIMIT_EXCEEDED")
			if r.Header.Get("Retry-After") == "" || r.Get("retry_after_ms").Int() <= 0 {
				t.Fatalf("no time to try again: %v %s", r.Header, r.Raw)
			}
			return
		}
	}
	t.Fatal("200 failed logins were let through")
}

func TestClosedRegistrationIsClosed(t *testing.T) {
	s := On(t, Start(t, Options{Registration: "closed"}))
	s.Client().Post(V3("register"), Obj{"username": "x", "password": "some long password", "auth": Obj{"type": "m.login.dummy"}}).WantError(403, "M_FORBIDDEN")
	s.Client().Post(V3("register")+Query("kind", "guest"), Obj{}).Want(403)
	s.Admin("still") // the operator's way stays open
}

func TestTokenRegistrationAsksForAToken(t *testing.T) {
	s := On(t, Start(t, Options{Registration: "token"}))
	r := s.Client().Post(V3("register"), Obj{"username": "x", "password": "some long password"}).Want(401)
	for _, flow := range r.Get("flows").Array() {
		if flow.Get("stages.0").Str != "m.login.registration_token" {
			t.Fatalf("flows %s", r.Get("flows"))
		}
	}
	s.Client().Post(V3("register"), Obj{"username": "x", "password": "some long password", "auth": Obj{"type": "m.login.dummy"}}).Want(401)
	s.Client().Post(V3("register"), Obj{
		"username": "x", "password": "some long password", "auth": Obj{"type": "m.login.registration_token", "token": "wrong", "session": r.Str("session")},
	}).Want(401)
	s.Client().Get(V1("register", "m.login.registration_token", "validity")+Query("token", "wrong")).OK().WantJSON("valid", false)
}

func TestStopIsGraceful(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		server := Start(t, Options{Database: url})
		s := On(t, server)
		u := s.User("stops")
		room := u.CreateRoom(nil)
		next := u.Next()
		answered := make(chan *Response, 1)
		go func() {
			defer close(answered)
			if r, err := u.Try("GET", V3("sync")+Query("since", next, "timeout", "60000"), nil); err == nil {
				answered <- r
			}
		}()
		start := time.Now()
		code, err := server.Stop()
		if err != nil || code != 0 {
			t.Fatalf("exit code %d, %v\n%s", code, err, server.Log())
		}
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("stopping took %s with a waiting sync", took)
		}
		<-answered
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		id := u.Say(room, "after the stop")
		u.SyncUntil(next, "the message", HasTimeline(room, ByID(id)))
	})
}
