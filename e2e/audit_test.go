//go:build goolm

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/crypto/backup"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"bongsu.org/bongsu/internal/testdb"
)

// witness is somebody whom the server tells things over HTTP, and who keeps them.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	told bytes.Buffer
	news chan struct{}
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{news: make(chan struct{}, 1)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		_, _ = fmt.Fprintln(&w.told, r.URL, r.Header, string(body))
		w.mu.Unlock()
		select {
		case w.news <- struct{}{}:
		default:
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{}`))
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *witness) heard() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.told.Bytes())
}

// await returns once the witness was told of something.
func (w *witness) await(t *testing.T, what string) {
	t.Helper()
	timeout := time.After(syncPatience)
	for !bytes.Contains(w.heard(), []byte(what)) {
		select {
		case <-w.news:
		case <-timeout:
			t.Fatalf("a witness was not told of %s", what)
		}
	}
}

// audited is a server whose push gateway and application service are witnesses, with an application service that is sent everything.
type audited struct {
	*Suite
	database      string
	push, service *witness
}

func newAudited(t *testing.T, database string) *audited {
	t.Helper()
	a := &audited{database: database, push: newWitness(t), service: newWitness(t)}
	file := filepath.Join(t.TempDir(), "all.yaml")
	registration := fmt.Sprintf("id: all\nurl: %s\nas_token: audit-as\nhs_token: audit-hs\nsender_localpart: audit\n"+
		"receive_ephemeral: true\nnamespaces: {users: [{regex: '.*', exclusive: false}], rooms: [{regex: '.*', exclusive: false}]}\n", a.service.URL)
	if err := os.WriteFile(file, []byte(registration), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Suite = On(t, Start(t, Options{Database: database, Config: fmt.Sprintf("log: {level: debug}\nappservices: [%q]\n", file)}))
	return a
}

// pushTo makes a phone's notifications go to the witness, with all that the gateway may be told.
func (a *audited) pushTo(t *testing.T, p *phone) {
	t.Helper()
	kind := mautrix.PusherKindHTTP
	err := p.SetPusher(t.Context(), &mautrix.Pusher{
		AppID: "org.example", AppDisplayName: "Example", DeviceDisplayName: "Phone", Kind: &kind, Language: "en", PushKey: "key",
		Data: mautrix.PusherData{"url": a.push.URL + "/_matrix/push/v1/notify"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// preview asks for a preview of a page that is not there, which the log tells of at the level debug.
func (a *audited) preview(t *testing.T, p *phone, page string) {
	t.Helper()
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet,
		a.Server.URL+"/_matrix/client/v1/media/preview_url"+Query("url", page), nil))
	req.Header.Set("Authorization", "Bearer "+p.AccessToken)
	res := must[*http.Response](t)(transport.RoundTrip(req))
	_ = res.Body.Close()
	if res.StatusCode == http.StatusOK {
		t.Errorf("there is a preview of %s", page)
	}
}

// found tells where the secrets are, of all that the server keeps and told.
func (a *audited) found(t *testing.T, secrets map[string]string) []string {
	t.Helper()
	places := append(remains(t, a.Server, a.database), place{"push gateway", a.push.heard()}, place{"application service", a.service.heard()})
	return traces(places, secrets)
}

func newSecret(what string) string { return what + "-" + strings.ToLower(rand.Text()) }

// An encrypted conversation leaves nothing at the server by which it could be read: in no table, no file, no line of the log, and nothing
// that was told to others.
func TestServerSeesOnlyCiphertext(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		t.Parallel()
		a := newAudited(t, database)
		aliceName := a.Person(t, "audit-alice")
		alice, bob := a.Phone(t, aliceName, "A1"), a.Phone(t, a.Person(t, "audit-bob"), "B1")
		a.pushTo(t, bob)
		secrets := map[string]string{
			"alice's token": alice.AccessToken, "bob's token": bob.AccessToken, "the password": cryptoPassword,
		}
		secret := func(what string) string {
			secrets[what] = newSecret(what)
			return secrets[what]
		}
		ctx := t.Context()
		room := alice.encryptedRoom(t, bob.UserID)
		bob.enter(t, room)
		alice.awaitMember(t, room, bob.UserID, event.MembershipJoin)

		text := secret("text")
		message := alice.say(t, room, text)
		bob.reads(t, message, text)
		a.push.await(t, message.String()) // before bob answers: who answers has read
		a.service.await(t, message.String())
		answer := secret("answer")
		alice.reads(t, bob.say(t, room, answer), answer)

		sendFile(t, alice, bob, room, secret)
		backUp(t, alice, room, secrets)

		// What an identity is worth is in secret storage, under a key that the server does not have.
		recovery, keys, err := alice.publishIdentity(ctx)
		if err != nil {
			t.Fatal(err)
		}
		secrets["the recovery key"], secrets["the recovery key without gaps"] = recovery, strings.ReplaceAll(recovery, " ", "")
		secrets["the master key"] = string(keys.MasterKey.Seed())
		secrets["the self-signing key"] = string(keys.SelfSigningKey.Seed())
		secrets["the user-signing key"] = string(keys.UserSigningKey.Seed())
		other := a.Phone(t, aliceName, "A2")
		for _, p := range []*phone{alice, other} {
			if err := p.proveBy(ctx, recovery); err != nil {
				t.Fatal(err)
			}
		}
		sendToDevice(t, alice, other, secret("note"))

		a.preview(t, alice, "http://127.0.0.1:1/")
		for _, trace := range a.found(t, secrets) {
			t.Errorf("while the server runs: %s", trace)
		}
		if !strings.Contains(a.Server.Log(), "level=DEBUG") {
			t.Error("the log does not hold what it would at the level debug")
		}
		if _, err := a.Server.Stop(); err != nil {
			t.Fatal(err)
		}
		for _, trace := range a.found(t, secrets) {
			t.Errorf("after the server was stopped: %s", trace)
		}
	})
}

// sendFile sends an encrypted file with a secret in its content, its name and its caption, and has it read.
func sendFile(t *testing.T, from, to *phone, room id.RoomID, secret func(string) string) {
	t.Helper()
	ctx := t.Context()
	plain := []byte(strings.Repeat("filler ", 1000) + secret("content of a file") + strings.Repeat(" filler", 1000))
	file := attachment.NewEncryptedFile()
	sealed := bytes.Clone(plain)
	file.EncryptInPlace(sealed)
	uploaded := must[*mautrix.RespMediaUpload](t)(from.UploadBytes(ctx, sealed, "application/octet-stream"))
	content := &event.MessageEventContent{
		MsgType: event.MsgFile, Body: secret("caption"), FileName: secret("name of a file"),
		File: &event.EncryptedFileInfo{EncryptedFile: *file, URL: uploaded.ContentURI.CUString()},
	}
	encrypted := must[*event.EncryptedEventContent](t)(from.crypto.EncryptMegolmEvent(ctx, room, event.EventMessage, content))
	sent := must[*mautrix.RespSendEvent](t)(from.SendMessageEvent(ctx, room, event.EventEncrypted, encrypted)).EventID
	got := to.reads(t, sent, content.Body)
	read := must[*event.Event](t)(to.crypto.DecryptMegolmEvent(ctx, got)).Content.AsMessage()
	data := must[[]byte](t)(to.DownloadBytes(ctx, uploaded.ContentURI))
	if err := read.File.DecryptInPlace(data); err != nil || !bytes.Equal(data, plain) {
		t.Fatalf("the file was not read: %v", err)
	}
	if _, err := to.DownloadThumbnail(ctx, uploaded.ContentURI, 32, 32); err == nil {
		t.Error("there is a thumbnail of an encrypted file")
	}
}

// sendToDevice sends a secret to the user's other device alone, encrypted, and has it read. Both devices have proven themselves.
func sendToDevice(t *testing.T, from, to *phone, text string) {
	t.Helper()
	const name = "org.example.note"
	read := make(chan string, 1)
	to.crypto.SecretPushReceiver = func(_ context.Context, _ *crypto.DecryptedOlmEvent, content *event.SecretPushEventContent) {
		read <- content.Secret
	}
	if err := from.crypto.CryptoStore.PutSecret(t.Context(), name, text); err != nil {
		t.Fatal(err)
	}
	if err := from.crypto.PushSecret(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-read:
		if got != text {
			t.Errorf("read %q", got)
		}
	case <-time.After(syncPatience):
		t.Fatal("the message to the device did not come")
	}
}

// backUp puts a room's keys into a back-up, and notes them and the back-up's key as secrets.
func backUp(t *testing.T, p *phone, room id.RoomID, secrets map[string]string) {
	t.Helper()
	ctx := t.Context()
	key := must[*backup.MegolmBackupKey](t)(backup.NewMegolmBackupKey())
	version := must[*mautrix.RespRoomKeysVersionCreate](t)(p.CreateKeyBackupVersion(ctx, &mautrix.ReqRoomKeysVersionCreate[backup.MegolmAuthData]{
		Algorithm: id.KeyBackupAlgorithmMegolmBackupV1,
		AuthData:  backup.MegolmAuthData{PublicKey: id.Ed25519(base64.RawStdEncoding.EncodeToString(key.PublicKey().Bytes()))},
	})).Version
	secrets["the back-up's key"] = string(key.Bytes())
	stored := map[id.SessionID]mautrix.ReqKeyBackupData{}
	for session, data := range p.exported(t, room) {
		// The ratchet, which comes after a version and a counter, is the same in every form of a room's key.
		ratchet := must[[]byte](t)(base64.RawStdEncoding.DecodeString(data.SessionKey))[5:133]
		secrets["a key of the room"] = string(ratchet)
		sealed := must[*backup.EncryptedSessionData[backup.MegolmSessionData]](t)(backup.EncryptSessionData(key, data))
		stored[session] = mautrix.ReqKeyBackupData{IsVerified: true, SessionData: must[[]byte](t)(json.Marshal(sealed))}
	}
	must[*mautrix.RespRoomKeysUpdate](t)(p.PutKeysInBackup(ctx, version, &mautrix.ReqKeyBackup{
		Rooms: map[id.RoomID]mautrix.ReqRoomKeyBackup{room: {Sessions: stored}},
	}))
}

// The same search finds what is not encrypted, in each kind of place: else it would prove nothing.
func TestAuditFindsWhatIsNotEncrypted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		t.Parallel()
		a := newAudited(t, database)
		alice, bob := a.Phone(t, a.Person(t, "clear-alice"), "A1"), a.Phone(t, a.Person(t, "clear-bob"), "B1")
		a.pushTo(t, bob)
		ctx := t.Context()
		room := alice.encryptedRoom(t, bob.UserID)
		bob.enter(t, room)
		alice.awaitMember(t, room, bob.UserID, event.MembershipJoin)

		text, file, link := newSecret("text"), newSecret("file"), newSecret("link")
		sent := must[*mautrix.RespSendEvent](t)(alice.SendMessageEvent(ctx, room, event.EventMessage,
			&event.MessageEventContent{MsgType: event.MsgText, Body: base64.StdEncoding.EncodeToString([]byte("so: " + text))},
			mautrix.ReqSendEvent{DontEncrypt: true}))
		must[*mautrix.RespMediaUpload](t)(alice.UploadBytes(ctx, []byte("a file with "+file), "text/plain"))
		a.preview(t, alice, "http://127.0.0.1:1/"+link)
		a.push.await(t, sent.EventID.String())
		a.service.await(t, sent.EventID.String())

		places := []string{"table events: text", "data/media/: file", "log: link", "push gateway: text", "application service: text"}
		if database == "" {
			places = append(places, "data/bongsu.db: text")
		} else {
			places = append(places, "postgres/pg_wal/: text", "postgres/base/: text")
		}
		found := a.found(t, map[string]string{"text": text, "file": file, "link": link})
		for _, want := range places {
			where, what, _ := strings.Cut(want, ": ")
			if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, where) && strings.Contains(f, ": "+what+",") }) {
				t.Errorf("not found: %s; only %v", want, found)
			}
		}
	})
}
