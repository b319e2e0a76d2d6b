package gateway

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// browser is a browser's subscription together with its push service.
type browser struct {
	*httptest.Server
	key    *ecdh.PrivateKey
	auth   []byte
	status atomic.Int32
	got    chan message
}

// message is what came, decrypted.
type message struct {
	payload      gjson.Result
	urgency, ttl string
	topic        string
	vapid        string
}

func newBrowser(t *testing.T) *browser {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{key: key, auth: make([]byte, 16), got: make(chan message, 100)}
	_, _ = rand.Read(b.auth)
	b.status.Store(http.StatusCreated)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) > 4096 || r.Header.Get("Content-Encoding") != "aes128gcm" {
			t.Errorf("%d bytes, %v, %v", len(body), r.Header, err)
		}
		plain := b.decrypt(t, body)
		w.WriteHeader(int(b.status.Load()))
		b.got <- message{
			gjson.ParseBytes(plain), r.Header.Get("Urgency"), r.Header.Get("TTL"), r.Header.Get("Topic"), r.Header.Get("Authorization"),
		}
	}))
	t.Cleanup(b.Close)
	return b
}

// decrypt is RFC 8291, 4 and RFC 8188, 2, from the browser's side.
func (b *browser) decrypt(t *testing.T, body []byte) []byte {
	t.Helper()
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		t.Fatalf("a body of %d bytes", len(body))
	}
	salt, size, sender, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if int(size) < len(sealed) {
		t.Errorf("a record of %d bytes in one of %d", len(sealed), size)
	}
	peer, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.key.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		out, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ikm := derive(secret, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(sender), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), sealed, nil)
	if err != nil {
		t.Fatalf("decrypting: %v", err)
	}
	text, _, ok := strings.Cut(string(plain), "\x02")
	if !ok {
		t.Fatal("no end of the padding")
	}
	return []byte(text)
}

func (b *browser) next(t *testing.T) message {
	t.Helper()
	select {
	case m := <-b.got:
		return m
	case <-time.After(patience):
		t.Fatal("no message came")
		return message{}
	}
}

func (b *browser) pusher(t *testing.T, format string) store.Pusher {
	t.Helper()
	u, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]string{"url": b.URL + "/push/1", "format": format, "auth": encode(b.auth)})
	if err != nil {
		t.Fatal(err)
	}
	return store.Pusher{
		UserID: alice, AppID: "web", Pushkey: encode(b.key.PublicKey().Bytes()), DeviceID: "D", Kind: KindWebPush, Lang: "en", Data: data,
		Host: u.Host, Activated: true, Version: time.Now().UnixNano(),
	}
}

// checkVAPID is RFC 8292, from the push service's side.
func checkVAPID(t *testing.T, header, origin, key string) {
	t.Helper()
	fields := strings.FieldsFunc(strings.TrimPrefix(header, "vapid "), func(r rune) bool { return r == ',' || r == ' ' })
	if len(fields) != 2 || fields[1] != "k="+key {
		t.Fatalf("authorization %q", header)
	}
	parts := strings.Split(strings.TrimPrefix(fields[0], "t="), ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", fields[0])
	}
	decode := func(s string) []byte {
		out, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	point, sum, sig := decode(key), sha256.Sum256([]byte(parts[0]+"."+parts[1])), decode(parts[2])
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the token's signature is wrong")
	}
	claims := gjson.ParseBytes(decode(parts[1]))
	left := time.Until(time.Unix(claims.Get("exp").Int(), 0))
	if claims.Get("aud").Str != origin || claims.Get("sub").Str != "https://example.org" || left < 0 || left > 24*time.Hour {
		t.Errorf("claims %s", claims.Raw)
	}
}

func TestWebPushIsDecryptedByTheBrowser(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		b := newBrowser(t)
		id := n.newRoom(t, bob, alice, carol)
		n.put(t, b.pusher(t, ""))
		said := n.say(t, id, bob, "smoke")
		got := b.next(t)
		same(t, got.payload, `{"app_id":"web","event_id":"`+said+`","room_id":"`+id+`","type":"m.room.message","sender":"@bob:example.org",`+
			`"room_name":"Hill","prio":"low","content":{"msgtype":"m.text","body":"smoke"},"counts":{"unread":1}}`)
		if got.urgency != "normal" || got.ttl != "86400" {
			t.Errorf("urgency %q, TTL %q", got.urgency, got.ttl)
		}
		checkVAPID(t, got.vapid, b.URL, n.push.VAPID.Public())

		long := n.say(t, id, bob, strings.Repeat("long ", 2000))
		if got := b.next(t).payload; got.Get("event_id").Str != long || got.Get("content").Exists() || got.Get("room_name").Str != "Hill" {
			t.Errorf("a long message: %s", got.Raw)
		}
		n.read(t, id, alice, long)
		got = b.next(t)
		same(t, got.payload, `{"app_id":"web","counts":{"unread":0}}`)
		if got.urgency != "low" || got.topic != "badge" {
			t.Errorf("urgency %q, topic %q", got.urgency, got.topic)
		}

		b.status.Store(http.StatusGone)
		n.say(t, id, bob, "to nobody")
		b.next(t)
		eventually(t, "a subscription that is gone is still there", func() bool { return len(n.pushers(t, alice)) == 0 })
	})
}

func TestTheKeyOfWebPushStaysTheSame(t *testing.T) {
	n := newNode(t, "", t.TempDir(), "a", quickTiming())
	again, err := LoadVAPID(t.Context(), n.st)
	if err != nil || again.Public() != n.push.VAPID.Public() {
		t.Errorf("%v, %q and %q", err, again.Public(), n.push.VAPID.Public())
	}
}

func TestAPusherThatIsNotActivatedGetsTheRequestAlone(t *testing.T) {
	n := newNode(t, "", t.TempDir(), "a", quickTiming())
	b := newBrowser(t)
	id := n.newRoom(t, bob, alice, carol)
	p := b.pusher(t, "")
	p.Activated, p.AckToken, p.AckExpiresTS = false, "TOKEN", time.Now().Add(time.Hour).UnixMilli()
	err := n.st.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutPusher(t.Context(), p); err != nil {
			return err
		}
		return tx.QueuePush(t.Context(), []store.PushQueued{{UserID: alice, AppID: p.AppID, Pushkey: p.Pushkey, Pos: store.PushActivation,
			TS: time.Now().UnixMilli()}})
	})
	if err != nil {
		t.Fatal(err)
	}
	n.say(t, id, bob, "too early")
	same(t, b.next(t).payload, `{"app_id":"web","ack_token":"TOKEN"}`)
	eventually(t, "the message is not counted", func() bool { return n.unread(t, alice) == 1 })
	if err := n.st.Write(t.Context(), func(tx *store.Tx) error { return tx.ActivatePusher(t.Context(), p) }); err != nil {
		t.Fatal(err)
	}
	second := n.say(t, id, bob, "in time")
	got := b.next(t).payload
	if got.Get("event_id").Str != second || got.Get("counts.unread").Int() != 2 {
		t.Errorf("got %s", got.Raw)
	}
}

func TestKeysOfSubscriptionsAreChecked(t *testing.T) {
	b := newBrowser(t)
	key, auth := encode(b.key.PublicKey().Bytes()), encode(b.auth)
	for name, c := range map[string]struct {
		key, auth string
		good      bool
	}{
		"good": {key, auth, true}, "no point": {encode(make([]byte, 65)), auth, false}, "short": {key[:20], auth, false},
		"padding": {key + "=", auth, false}, "secret": {key, auth[:10], false}, "empty": {"", "", false},
	} {
		if err := CheckKeys(c.key, c.auth); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
