package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

func TestPasswordHashes(t *testing.T) {
	f := newFixture(t, openSQLite(t), Options{})
	ctx := context.Background()
	hash := must2(f.hashPassword(ctx, "correct horse"))(t)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, "horse") {
		t.Fatal(hash)
	}
	if other := must2(f.hashPassword(ctx, "correct horse"))(t); other == hash {
		t.Fatal("no salt")
	}
	for password, want := range map[string]bool{"correct horse": true, "wrong": false, "": false} {
		if got := must2(f.samePassword(ctx, hash, password))(t); got != want {
			t.Errorf("%q: %v", password, got)
		}
	}
	if must2(f.samePassword(ctx, "", ""))(t) {
		t.Error("no hash accepts a password")
	}
	if _, err := f.samePassword(ctx, "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", "x"); !errors.Is(err, errBadHash) {
		t.Errorf("an immense hash: %v", err)
	}
}

func TestPasswordPolicy(t *testing.T) {
	for password, code := range map[string]string{
		"": mxerr.WeakPassword, "7 chars": mxerr.WeakPassword, "super secure": "", "$uperMEGA1337": "", "비밀번호입니다요": "",
		strings.Repeat("x", 513): mxerr.InvalidParam,
	} {
		if err := CheckPassword(password); code == "" && err != nil || code != "" && !mxerr.HasCode(err, code) {
			t.Errorf("%q: %v, want %q", password, err, code)
		}
	}
}

func TestTooManyWrongPasswordsBlockTheRightOne(t *testing.T) {
	failures := 0
	each(t, Options{FailedLogin: func(string) (bool, time.Duration) { failures++; return failures%3 != 0, time.Minute }},
		func(t *testing.T, f fixture) {
			f.register("alice")
			for range 3 {
				_, err := f.LoginByPassword(context.Background(), Identifier{Type: "m.id.user", User: "alice"}, "wrong", NewDevice{})
				if !mxerr.HasCode(err, mxerr.Forbidden) {
					t.Fatal(err)
				}
			}
			if _, err := f.loginAs("alice", NewDevice{}); !mxerr.HasCode(err, mxerr.LimitExceeded) {
				t.Fatal(err)
			}
			f.clock.add(time.Minute)
			if _, err := f.loginAs("alice", NewDevice{}); err != nil {
				t.Fatal(err)
			}
		})
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=1,t=0,p=1$$")
	f.Fuzz(func(t *testing.T, hash string) {
		h, err := parseHash(hash)
		if err == nil && (h.rounds == 0 || h.memory > maxArgonMemory || len(h.key) < 16) {
			t.Fatalf("%q gave %+v", hash, h)
		}
	})
}
