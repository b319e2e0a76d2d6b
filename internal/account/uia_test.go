package account

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
)

// challengeOf is the 401 of an unfinished authentication.
func challengeOf(t *testing.T, err error) *mxerr.Error {
	t.Helper()
	var mx *mxerr.Error
	if !errors.As(err, &mx) || mx.Status != 401 || mx.Fields["session"] == "" {
		t.Fatalf("not a challenge: %v", err)
	}
	return mx
}

func stage(name, session string) json.RawMessage {
	return json.RawMessage(`{"type":"` + name + `","session":"` + session + `","identifier":{"type":"m.id.user","user":"alice"},"password":"` +
		testPassword + `"}`)
}

func TestStagesGoOnAnotherNodeInTheirOrder(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := context.Background()
		alice := f.register("alice").UserID
		other := newFixture(t, f.Store, Options{})
		r := UIARequest{
			Operation: "op", UserID: alice, Flows: []Flow{{StagePassword, StageDummy}}, Body: json.RawMessage(`{"keep":1}`),
		}
		_, err := f.Authorize(ctx, r)
		mx := challengeOf(t, err)
		session := mx.Fields["session"].(string)
		if mx.Code != "" || len(mx.Fields["completed"].([]string)) != 0 {
			t.Fatalf("first answer %+v", mx)
		}
		r.Body = json.RawMessage(`{}`)
		r.Auth = stage(StageDummy, session)
		_, err = other.Authorize(ctx, r)
		if mx = challengeOf(t, err); mx.Code != mxerr.Forbidden {
			t.Fatalf("wrong order: %+v", mx)
		}
		r.Auth = stage(StagePassword, session)
		_, err = other.Authorize(ctx, r)
		if mx = challengeOf(t, err); mx.Code != "" || mx.Fields["completed"].([]string)[0] != StagePassword {
			t.Fatalf("after the first stage: %+v", mx)
		}
		r.Auth = stage(StageDummy, session)
		done, err := f.Authorize(ctx, r)
		if err != nil || string(done.Body) != `{"keep":1}` || done.Found[StagePassword] != alice {
			t.Fatalf("%+v, %v", done, err)
		}
	})
}

func TestSessionsExpire(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		r := UIARequest{Operation: "op", Flows: []Flow{{StageDummy}}, Body: json.RawMessage(`{}`)}
		_, err := f.Authorize(context.Background(), r)
		session := challengeOf(t, err).Fields["session"].(string)
		f.clock.add(uiaLifetime)
		r.Auth = stage(StageDummy, session)
		_, err = f.Authorize(context.Background(), r)
		if mx := challengeOf(t, err); mx.Code != mxerr.Forbidden || mx.Fields["session"] == session {
			t.Fatalf("%+v", mx)
		}
		f.clean(context.Background())
	})
}

// What a session remembers may be a password: the database alone does not give it away.
func TestRememberedParametersAreSealed(t *testing.T) {
	f := newFixture(t, openSQLite(t), Options{})
	r := UIARequest{Operation: "op", Flows: []Flow{{StageDummy}}, Body: json.RawMessage(`{"password":"open sesame"}`)}
	_, err := f.Authorize(context.Background(), r)
	session := challengeOf(t, err).Fields["session"].(string)
	if _, err := f.loadUIA(context.Background(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := f.loadUIA(context.Background(), session+"x"); err == nil {
		t.Fatal("another name opened the session")
	}
}
