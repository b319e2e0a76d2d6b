package gateway

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

const (
	alice = "@alice:example.org"
	bob   = "@bob:example.org"
	carol = "@carol:example.org"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// node is what pushing needs of a running server.
type node struct {
	st     *store.Store
	reader *room.Reader
	engine *room.Engine
	push   *Service
}

func quickTiming() Timing {
	t := DefaultTiming()
	t.Renew, t.StopAfter, t.TakeAfter = 50*time.Millisecond, 500*time.Millisecond, time.Second
	t.Look, t.Gather, t.Retry, t.RetryMost = 50*time.Millisecond, time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	return t
}

func testLog(tb testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// newNode starts a node whose rooms and pushing share a database with others of the same url and dir.
func newNode(tb testing.TB, url, dir, name string, t Timing) *node {
	tb.Helper()
	st, err := store.Open(tb.Context(), store.Options{URL: url, Dir: dir, Lanes: 4, Log: testLog(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(st.Close)
	n := &node{st: st, reader: room.NewReader(st)}
	n.startPush(tb, name, t)
	signer := &room.Signer{ServerName: "example.org", KeyID: "ed25519:a", Key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	n.engine, err = room.NewEngine(room.Options{
		Store: st, Signer: signer, DefaultVersion: "12", Committed: func(*store.Batch) { n.push.Wake() }, Log: testLog(tb),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func (n *node) startPush(tb testing.TB, name string, t Timing) {
	tb.Helper()
	vapid, err := LoadVAPID(tb.Context(), n.st)
	if err != nil {
		tb.Fatal(err)
	}
	n.push, err = Start(tb.Context(), Options{
		Store: n.st, NodeID: name, ServerName: "example.org", VAPID: vapid, AllowPrivate: true, Timing: t, Log: testLog(tb),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(n.push.Close)
}

func (n *node) newRoom(tb testing.TB, creator string, members ...string) string {
	tb.Helper()
	id, err := n.engine.Create(tb.Context(), room.CreateRequest{Creator: creator, Preset: "public_chat", Name: "Hill"})
	if err != nil {
		tb.Fatal(err)
	}
	for _, user := range members {
		if err := n.engine.Join(tb.Context(), room.MemberRequest{RoomID: id, Sender: user}); err != nil {
			tb.Fatal(err)
		}
	}
	return id
}

func (n *node) send(tb testing.TB, roomID, sender, typ, content string) string {
	tb.Helper()
	id, err := n.engine.Send(context.Background(), room.SendRequest{RoomID: roomID, Sender: sender, Type: typ, Content: []byte(content)})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func (n *node) say(tb testing.TB, roomID, sender, body string) string {
	tb.Helper()
	return n.send(tb, roomID, sender, "m.room.message", fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, body))
}

func (n *node) read(tb testing.TB, roomID, user, event string) {
	tb.Helper()
	err := room.NewReceipts(n.reader).Send(tb.Context(), room.ReceiptRequest{RoomID: roomID, User: user, Type: "m.read", EventID: event})
	if err != nil {
		tb.Fatal(err)
	}
	n.push.Wake()
}

// setPusher sets a pusher that goes to an address.
func (n *node) setPusher(tb testing.TB, user, key, address, format string) store.Pusher {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := json.Marshal(map[string]string{"url": address + "/_matrix/push/v1/notify", "format": format})
	if err != nil {
		tb.Fatal(err)
	}
	p := store.Pusher{
		UserID: user, AppID: "app", Pushkey: key, DeviceID: "D", Kind: KindHTTP, Lang: "en", Data: data, Host: u.Host, Activated: true,
		Version: time.Now().UnixNano(), UpdatedTS: time.Now().UnixMilli(),
	}
	n.put(tb, p)
	return p
}

func (n *node) put(tb testing.TB, p store.Pusher) {
	tb.Helper()
	if err := n.st.Write(tb.Context(), func(tx *store.Tx) error { return tx.PutPusher(tb.Context(), p) }); err != nil {
		tb.Fatal(err)
	}
}

func (n *node) pushers(tb testing.TB, user string) (out []store.Pusher) {
	tb.Helper()
	err := n.st.Read(tb.Context(), func(tx *store.Tx) (err error) {
		out, err = tx.Pushers(tb.Context(), user)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// sink is a push gateway. What it takes goes to got; answer decides, and may block.
type sink struct {
	*httptest.Server
	got   chan gjson.Result
	tried chan struct{}
}

func newSink(tb testing.TB, answer func(w http.ResponseWriter, body gjson.Result) (took bool)) *sink {
	s := &sink{got: make(chan gjson.Result, 1000), tried: make(chan struct{}, 1000)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/_matrix/push/v1/notify" {
			tb.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		body := gjson.ParseBytes(raw).Get("notification")
		s.tried <- struct{}{}
		if answer == nil || answer(w, body) {
			_, _ = io.WriteString(w, `{"rejected":[]}`)
			s.got <- body
		}
	}))
	tb.Cleanup(s.Close)
	return s
}

// next is the next notification.
func (s *sink) next(tb testing.TB) gjson.Result {
	tb.Helper()
	select {
	case n := <-s.got:
		return n
	case <-time.After(patience):
		tb.Fatal("no notification came")
		return gjson.Result{}
	}
}

// event is the next notification of an event, which has to be the given one. Counts alone are passed over.
func (s *sink) event(tb testing.TB, id string) gjson.Result {
	tb.Helper()
	for {
		n := s.next(tb)
		switch got := n.Get("event_id").Str; got {
		case "":
		case id:
			return n
		default:
			tb.Fatalf("a notification of %s came, not of %s", got, id)
		}
	}
}
