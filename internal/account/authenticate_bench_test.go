package account

import (
	"context"
	"testing"
)

// What every request pays to be known.
func BenchmarkAuthenticate(b *testing.B) {
	f := New(Options{ServerName: "example.org", Store: openSQLite(b), Registration: RegistrationOpen})
	b.Cleanup(f.Close)
	l, err := f.Register(context.Background(), Registering{Username: "alice", Password: testPassword})
	if err != nil {
		b.Fatal(err)
	}
	seen := Seen{Address: "192.0.2.1", UserAgent: "bench"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Authenticate(context.Background(), l.AccessToken, seen); err != nil {
			b.Fatal(err)
		}
	}
}
