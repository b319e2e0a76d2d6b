package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

func TestRegisteredTokenAuthenticates(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		l := f.register("Alice")
		s, err := f.Authenticate(context.Background(), l.AccessToken, Seen{Address: "192.0.2.1", UserAgent: "test"})
		if err != nil || s.UserID != "@alice:example.org" || s.DeviceID != l.DeviceID || s.Guest || s.Admin {
			t.Fatalf("session %+v, %v", s, err)
		}
		if _, err := f.Authenticate(context.Background(), l.AccessToken+"x", Seen{}); !errors.Is(err, ErrUnknownToken) {
			t.Fatalf("a wrong token gave %v", err)
		}
		d, err := f.Device(context.Background(), l.UserID, l.DeviceID)
		if err != nil || d.LastSeenIP != "192.0.2.1" {
			t.Fatalf("device %+v, %v", d, err)
		}
	})
}

func TestRevocationIsSeenAtOnceHereAndByNewsElsewhere(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		var other fixture
		f.OnRevoked = func(h [32]byte) { other.Forget(h) }
		other = newFixture(t, f.Store, Options{})
		l := f.register("alice")
		for _, node := range []fixture{f, other} {
			if _, err := node.Authenticate(context.Background(), l.AccessToken, Seen{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.DeleteDevices(context.Background(), l.UserID, []string{l.DeviceID}); err != nil {
			t.Fatal(err)
		}
		for i, node := range []fixture{f, other} {
			if _, err := node.Authenticate(context.Background(), l.AccessToken, Seen{}); !errors.Is(err, ErrUnknownToken) {
				t.Errorf("node %d: %v", i, err)
			}
		}
	})
}

func TestRevocationElsewhereIsSeenWithoutNewsAfterAWhile(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		other := newFixture(t, f.Store, Options{})
		l := f.register("alice")
		_, err := other.Authenticate(context.Background(), l.AccessToken, Seen{})
		must(t, 0, err)
		must(t, 0, f.DeleteAllDevices(context.Background(), l.UserID, ""))
		other.clock.add(sessionTTL)
		if _, err := other.Authenticate(context.Background(), l.AccessToken, Seen{}); !errors.Is(err, ErrUnknownToken) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestLoginWithKnownDeviceReplacesItsTokens(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		first := f.register("alice")
		second := must2(f.loginAs("@alice:example.org", NewDevice{ID: first.DeviceID, DisplayName: "ignored"}))(t)
		if _, err := f.Authenticate(context.Background(), first.AccessToken, Seen{}); !errors.Is(err, ErrUnknownToken) {
			t.Fatalf("the old token gave %v", err)
		}
		if _, err := f.Authenticate(context.Background(), second.AccessToken, Seen{}); err != nil {
			t.Fatal(err)
		}
		d := must2(f.Device(context.Background(), first.UserID, first.DeviceID))(t)
		if d.DisplayName != nil {
			t.Fatalf("the known device was renamed to %q", *d.DisplayName)
		}
	})
}

func TestLastSeenIsWrittenAtClose(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		l := f.register("alice")
		f.clock.add(time.Minute)
		_, err := f.Authenticate(context.Background(), l.AccessToken, Seen{Address: "192.0.2.7"})
		must(t, 0, err)
		f.Close()
		after := newFixture(t, f.Store, Options{})
		d := must2(after.Device(context.Background(), l.UserID, l.DeviceID))(t)
		if d.LastSeenIP != "192.0.2.7" || d.LastSeenTS != f.clock.Now().UnixMilli() {
			t.Fatalf("device %+v", d)
		}
	})
}

func TestRefresh(t *testing.T) {
	each(t, Options{AccessLifetime: time.Minute}, func(t *testing.T, f fixture) {
		ctx := context.Background()
		f.register("alice")
		first := must2(f.loginAs("alice", NewDevice{Refresh: true}))(t)
		if first.ExpiresInMS != 60_000 || first.RefreshToken == "" {
			t.Fatalf("login %+v", first)
		}
		f.clock.add(2 * time.Minute)
		if _, err := f.Authenticate(ctx, first.AccessToken, Seen{}); !errors.Is(err, ErrExpiredToken) {
			t.Fatalf("expired token: %v", err)
		}
		lost := must2(f.Refresh(ctx, first.RefreshToken))(t)
		// The answer may be lost: the old refresh token is good until something new is used.
		second := must2(f.Refresh(ctx, first.RefreshToken))(t)
		if lost.AccessToken == second.AccessToken || second.DeviceID != first.DeviceID {
			t.Fatalf("second refresh %+v", second)
		}
		if _, err := f.Authenticate(ctx, second.AccessToken, Seen{}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Refresh(ctx, first.RefreshToken); !mxerr.HasCode(err, mxerr.UnknownToken) {
			t.Fatalf("spent refresh token: %v", err)
		}
		third := must2(f.Refresh(ctx, second.RefreshToken))(t)
		if _, err := f.Refresh(ctx, third.RefreshToken); err != nil { // using the new refresh token ends the old one, too
			t.Fatal(err)
		}
		if _, err := f.Refresh(ctx, second.RefreshToken); !mxerr.HasCode(err, mxerr.UnknownToken) {
			t.Fatalf("spent refresh token: %v", err)
		}
	})
}

func TestStolenRefreshTokenEndsTheDevicesTokensSoftly(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := context.Background()
		f.register("alice")
		first := must2(f.loginAs("alice", NewDevice{Refresh: true}))(t)
		second := must2(f.Refresh(ctx, first.RefreshToken))(t)
		_, err := f.Authenticate(ctx, second.AccessToken, Seen{})
		must(t, 0, err)
		f.clock.add(reuseGrace)
		_, err = f.Refresh(ctx, first.RefreshToken)
		var mx *mxerr.Error
		if !errors.As(err, &mx) || mx.Fields["soft_logout"] != true {
			t.Fatalf("reuse gave %v", err)
		}
		if _, err := f.Authenticate(ctx, second.AccessToken, Seen{}); !errors.Is(err, ErrExpiredToken) {
			t.Fatalf("the other holder's token gave %v", err)
		}
		if _, err := f.Refresh(ctx, second.RefreshToken); !errors.As(err, &mx) || mx.Fields["soft_logout"] != true {
			t.Fatalf("the other holder's refresh gave %v", err)
		}
		if _, err := f.Device(ctx, first.UserID, first.DeviceID); err != nil {
			t.Fatalf("the device is gone: %v", err)
		}
	})
}

func TestLoginTokenServesOnceAndExpires(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := context.Background()
		alice := f.register("alice")
		token, _, err := f.NewLoginToken(ctx, alice.UserID)
		must(t, 0, err)
		l := must2(f.LoginByToken(ctx, token, NewDevice{}))(t)
		if l.UserID != alice.UserID || l.DeviceID == alice.DeviceID {
			t.Fatalf("login %+v", l)
		}
		if _, err := f.LoginByToken(ctx, token, NewDevice{}); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Fatalf("second use: %v", err)
		}
		token, lifetime, err := f.NewLoginToken(ctx, alice.UserID)
		must(t, 0, err)
		f.clock.add(lifetime)
		if _, err := f.LoginByToken(ctx, token, NewDevice{}); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Fatalf("late use: %v", err)
		}
	})
}
