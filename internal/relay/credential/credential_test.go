package credential

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestKnownPassword(t *testing.T) {
	// Made with: printf '1433895918:my_user' | openssl dgst -sha1 -hmac my_secret -binary | base64
	name, password := Make("my_secret", "my_user", time.Unix(1433895918, 0))
	if name != "1433895918:my_user" || password != "/joXgzyixkkRp0Nbwp+mAPOvxyc=" {
		t.Errorf("got %s %s", name, password)
	}
}

func TestUser(t *testing.T) {
	now := time.Unix(1000, 0)
	for name, want := range map[string]string{
		"1001:@a:example.org": "@a:example.org", "1000:@a:example.org": "", "999:@a:example.org": "", "1001:": "", "1001": "",
		":@a:example.org": "", "x:@a:example.org": "", "99999999999999999999:@a:b": "",
	} {
		user, ok := User(name, now)
		if user != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", name, user, ok)
		}
	}
}

func TestWhatIsMadeIsGoodUntilThen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringN(1, 40, -1).Draw(t, "user")
		until := time.Unix(rapid.Int64Range(1, 1<<40).Draw(t, "until"), 0)
		name, password := Make("secret", user, until)
		if got, ok := User(name, until.Add(-time.Second)); !ok || got != user {
			t.Fatalf("refused before its end: %q", got)
		}
		if _, ok := User(name, until); ok {
			t.Fatal("good after its end")
		}
		if Password("secret", name) != password || Password("other", name) == password {
			t.Fatal("the password does not hang on the secret")
		}
	})
}
