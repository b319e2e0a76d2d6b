package room

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"pgregory.net/rapid"
)

func testSigner() *Signer {
	return &Signer{ServerName: "example.org", KeyID: "ed25519:a", Key: ed25519.NewKeyFromSeed(make([]byte, 32))}
}

// What build makes must be what the library, reading it as an event of a foreign server, finds intact: same id, content hash and
// signature.
func TestBuiltEventsVerify(t *testing.T) {
	types := []string{
		"m.room.message", "m.room.encrypted", "m.room.member", "m.room.power_levels", "m.room.join_rules",
		"m.room.history_visibility", "m.room.redaction", "m.room.name", "org.example.\u2028 odd\"\\\n\x01 ü",
	}
	versions := []gomatrixserverlib.RoomVersion{"6", "7", "8", "9", "10", "11", "12"}
	s := testSigner()
	rapid.Check(t, func(t *rapid.T) {
		ver := gomatrixserverlib.MustGetRoomVersion(rapid.SampledFrom(versions).Draw(t, "version"))
		p := &proto{
			RoomID: "!room:example.org", Type: rapid.SampledFrom(types).Draw(t, "type"), Sender: "@ü\"a:example.org",
			TS: rapid.Int64Range(0, 1<<50).Draw(t, "ts"), Depth: rapid.Int64Range(1, 1<<40).Draw(t, "depth"),
			Prev: []string{"$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, Auth: []string{},
		}
		if ver.DomainlessRoomIDs() {
			p.RoomID = "!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		}
		if rapid.Bool().Draw(t, "state") {
			key := strings.ReplaceAll(rapid.StringN(0, 20, 60).Draw(t, "state_key"), "\x00", "") // which is refused
			p.StateKey = &key
		}
		// Keys need no escapes, since the library forgets them (see canonicalJSON).
		content := rapid.MapOf(rapid.StringMatching(`[a-zA-Z0-9_.ü가]{0,8}`), rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Int64Range(-1<<50, 1<<50), func(n int64) any { return n }),
		)).Draw(t, "content")
		content["membership"], content["redacts"] = "join", "$x"
		p.Content, _ = json.Marshal(content)

		b, err := s.build(ver, p)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := ver.NewEventFromUntrustedJSON(b.JSON)
		if err != nil {
			t.Fatalf("the library refuses %s: %v", b.JSON, err)
		}
		if ev.Redacted() {
			t.Fatalf("content hash is wrong: %s", b.JSON)
		}
		if ev.EventID() != b.ID {
			t.Fatalf("event id %s, the library says %s: %s", b.ID, ev.EventID(), b.JSON)
		}
		redacted, err := ver.RedactEventJSON(b.JSON)
		if err != nil {
			t.Fatal(err)
		}
		pub, _ := s.Key.Public().(ed25519.PublicKey)
		if err := gomatrixserverlib.VerifyJSON(s.ServerName, gomatrixserverlib.KeyID(s.KeyID), pub, redacted); err != nil {
			t.Fatalf("signature of %s: %v", redacted, err)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	s := testSigner()
	ver := gomatrixserverlib.MustGetRoomVersion("12")
	p := &proto{
		RoomID: "!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Type: "m.room.message", Sender: "@a:example.org", TS: 1, Depth: 1,
		Content: json.RawMessage(`{"msgtype":"m.text","body":"hello, this is a message of some length"}`),
		Prev:    []string{"$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		Auth:    []string{"$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.build(ver, p); err != nil {
			b.Fatal(err)
		}
	}
}
