package account

import (
	"context"
	"errors"
	"sync"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

var alice = External{Issuer: "https://id.example.com", Subject: "1", Email: "alice@example.com"}

func TestExternalPersonGetsAnAccountOnce(t *testing.T) {
	each(t, Options{Registration: RegistrationClosed}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		if _, err := f.ExternalUser(ctx, alice); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		id := must2(f.RegisterExternal(ctx, alice, "Alice", "Alice A."))(t)
		if id != "@alice:example.org" {
			t.Fatal(id)
		}
		profile := must2(f.Profile(ctx, id))(t)
		if string(profile["displayname"]) != `"Alice A."` {
			t.Errorf("profile %s", profile)
		}
		moved := alice
		moved.Email = "alice@example.net"
		if got := must2(f.ExternalUser(ctx, moved))(t); got != id {
			t.Error(got)
		}
		if got := must2(f.RegisterExternal(ctx, alice, "other", ""))(t); got != id {
			t.Errorf("a second account: %s", got)
		}
		if _, err := f.User(ctx, "@other:example.org"); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Error(err)
		}
		ids := must2(f.ExternalIDs(ctx, id))(t)
		if len(ids) != 1 || ids[0].Subject != "1" || ids[0].Issuer != alice.Issuer {
			t.Errorf("%+v", ids)
		}
	})
}

func TestExternalNamesThatCannotBe(t *testing.T) {
	each(t, Options{Reserved: func(id string) bool { return id == "@bridge:example.org" }}, func(t *testing.T, f fixture) {
		must2(f.CreateUser(t.Context(), "taken", "a password", false))(t)
		for name, code := range map[string]string{
			"taken": mxerr.UserInUse, "bridge": mxerr.Exclusive, "": mxerr.InvalidUsername, "with space": mxerr.InvalidUsername, "봉수": mxerr.InvalidUsername,
		} {
			if _, err := f.RegisterExternal(t.Context(), alice, name, ""); !mxerr.HasCode(err, code) {
				t.Errorf("%q: %v, want %s", name, err, code)
			}
		}
		if _, err := f.ExternalUser(t.Context(), alice); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a refused name left a link: %v", err)
		}
	})
}

func TestExternalPersonIsOneAtAnyTime(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		nodes := []fixture{f, newFixture(t, f.Store, Options{})}
		var wg sync.WaitGroup
		got, errs := make([]string, 8), make([]error, 8)
		for i := range got {
			wg.Go(func() {
				got[i], errs[i] = nodes[i%2].RegisterExternal(context.Background(), alice, "alice"+string(rune('a'+i)), "")
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, id := range got {
			if id != got[0] {
				t.Fatalf("one person, several accounts: %v", got)
			}
		}
		if users := must2(f.List(t.Context(), "", 100))(t); len(users) != 1 {
			t.Errorf("%d accounts were made", len(users))
		}
	})
}

func TestLinkingAnAccountThatIsThere(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		if _, err := f.LinkExternal(ctx, alice, "alice"); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		id := must2(f.CreateUser(ctx, "alice", "a password", false))(t)
		if got := must2(f.LinkExternal(ctx, alice, "Alice"))(t); got != id {
			t.Fatal(got)
		}
		if got := must2(f.LinkExternal(ctx, alice, "alice"))(t); got != id {
			t.Errorf("linking again: %s", got)
		}
		impostor := External{Issuer: alice.Issuer, Subject: "2"}
		if _, err := f.LinkExternal(ctx, impostor, "alice"); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Errorf("another person of the same provider: %v", err)
		}
		elsewhere := External{Issuer: "https://other.example", Subject: "1"}
		if got := must2(f.LinkExternal(ctx, elsewhere, "alice"))(t); got != id {
			t.Error(got)
		}
	})
}

func TestExternalPersonIsNotLetInOnceTheAccountIsClosed(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) {
		ctx := t.Context()
		id := must2(f.RegisterExternal(ctx, alice, "alice", ""))(t)
		if err := f.SetLocked(ctx, id, true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ExternalUser(ctx, alice); !mxerr.HasCode(err, mxerr.UserLocked) {
			t.Error(err)
		}
		if err := f.SetLocked(ctx, id, false); err != nil {
			t.Fatal(err)
		}
		if err := f.Deactivate(ctx, id, true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ExternalUser(ctx, alice); !mxerr.HasCode(err, mxerr.UserDeactivated) {
			t.Error(err)
		}
		must2(f.CreateUser(ctx, "bob", "a password", false))(t)
		if err := f.Deactivate(ctx, "@bob:example.org", false); err != nil {
			t.Fatal(err)
		}
		if _, err := f.LinkExternal(ctx, External{Issuer: "x", Subject: "y"}, "bob"); !mxerr.HasCode(err, mxerr.UserDeactivated) {
			t.Error(err)
		}
	})
}

func TestSuggestLocalpart(t *testing.T) {
	for name, want := range map[string]string{
		"Alice Müller": "alice.mller", "alice@example.com": "aliceexample.com", "봉수": "", "a_b-c": "a_b-c",
	} {
		if got := SuggestLocalpart(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
