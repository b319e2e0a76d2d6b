package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// grant logs a device in as the authorization server does.
func (f fixture) grant(userID, deviceID string) (Login, error) {
	return f.LoginByGrant(context.Background(), func(*store.Tx) (Granted, error) {
		return Granted{UserID: userID, ClientID: "app", Scope: "s", Device: &NewDevice{ID: deviceID, DisplayName: "App"}}, nil
	})
}

func TestLoginByGrant(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		alice := f.register("alice").UserID
		l := must2(f.grant(alice, "PHONE"))(t)
		if s := must2(f.Authenticate(ctx, l.AccessToken, Seen{}))(t); s.UserID != alice || s.DeviceID != "PHONE" || l.RefreshToken == "" {
			t.Errorf("the session is %+v of %+v", s, l)
		}
		if o := must2(f.OAuthSession(ctx, alice, "PHONE"))(t); o.ClientID != "app" || o.Scope != "s" {
			t.Errorf("it is noted as %+v", o)
		}
		all := func(string) error { return nil }
		if _, err := f.RefreshByClient(ctx, l.RefreshToken, "another", all); !errors.Is(err, ErrOtherClient) {
			t.Errorf("another app refreshed: %v", err)
		}
		objection := errors.New("objection")
		if _, err := f.RefreshByClient(ctx, l.RefreshToken, "app", func(string) error { return objection }); !errors.Is(err, objection) {
			t.Errorf("an objection was passed over: %v", err)
		}
		l = must2(f.RefreshByClient(ctx, l.RefreshToken, "app", all))(t)
		// A login by password of the same device is no longer one by OAuth.
		must2(f.loginAs("alice", NewDevice{ID: "PHONE", Refresh: true}))(t)
		if _, err := f.OAuthSession(ctx, alice, "PHONE"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the device is still of the app: %v", err)
		}
		if _, err := f.Authenticate(ctx, l.AccessToken, Seen{}); !errors.Is(err, ErrUnknownToken) {
			t.Errorf("the app's token works: %v", err)
		}
	})
}

func TestGrantThatFailsChangesNothing(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		alice := f.register("alice").UserID
		l := must2(f.grant(alice, "PHONE"))(t)
		if _, err := f.grant(alice, "bad\x00id"); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("a bad device id gave %v", err)
		}
		if err := f.SetLocked(t.Context(), alice, true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.grant(alice, "PHONE"); !mxerr.HasCode(err, mxerr.UserLocked) {
			t.Errorf("a locked user logged in: %v", err)
		}
		if err := f.SetLocked(t.Context(), alice, false); err != nil {
			t.Fatal(err)
		}
		must2(f.Authenticate(t.Context(), l.AccessToken, Seen{}))(t)
	})
}

func TestRevoke(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		alice := f.register("alice").UserID
		for name, pick := range map[string]func(Login) string{
			"access token":  func(l Login) string { return l.AccessToken },
			"refresh token": func(l Login) string { return l.RefreshToken },
		} {
			l := must2(f.grant(alice, "PHONE"))(t)
			must2(f.Authenticate(ctx, l.AccessToken, Seen{}))(t) // in memory now
			for range 2 {
				if err := f.Revoke(ctx, pick(l)); err != nil {
					t.Errorf("by the %s: %v", name, err)
				}
			}
			if _, err := f.Authenticate(ctx, l.AccessToken, Seen{}); !errors.Is(err, ErrUnknownToken) {
				t.Errorf("by the %s: the access token gave %v", name, err)
			}
			if _, err := f.Device(ctx, alice, "PHONE"); !mxerr.HasCode(err, mxerr.NotFound) {
				t.Errorf("by the %s: the device is there: %v", name, err)
			}
		}
	})
}

func TestCrossSigningResetIsAllowedOnceAndSoon(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		alice := f.register("alice").UserID
		call := UIARequest{
			Operation: "replace", UserID: alice, Flows: []Flow{{StageOAuth}}, Body: json.RawMessage(`{"master_key":{}}`),
			Params: map[string]any{StageOAuth: map[string]string{"url": "https://x"}},
		}
		_, err := f.Authorize(ctx, call)
		var mx *mxerr.Error
		if !errors.As(err, &mx) || mx.Status != http.StatusUnauthorized || mx.Fields["params"] == nil {
			t.Fatalf("the first call gave %v", err)
		}
		call.Auth = must2(json.Marshal(map[string]any{"session": mx.Fields["session"], "type": StageOAuth}))(t)
		if done, err := f.Authorize(ctx, call); err == nil {
			t.Fatalf("it went through as %+v", done)
		}
		if err := f.AllowCrossSigningReset(ctx, alice); err != nil {
			t.Fatal(err)
		}
		done := must2(f.Authorize(ctx, call))(t)
		f.FinishUIA(ctx, done)
		f.EndCrossSigningReset(ctx, alice)
		if allowed := must2(f.CrossSigningResetAllowed(ctx, alice))(t); allowed {
			t.Error("it is allowed twice")
		}
		if err := f.AllowCrossSigningReset(ctx, alice); err != nil {
			t.Fatal(err)
		}
		if allowed := must2(f.CrossSigningResetAllowed(ctx, "@bob:example.org"))(t); allowed {
			t.Error("it is allowed to somebody else")
		}
		f.clock.add(resetLifetime)
		if allowed := must2(f.CrossSigningResetAllowed(ctx, alice))(t); allowed {
			t.Error("it is allowed for longer than it should be")
		}
	})
}
