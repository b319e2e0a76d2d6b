package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/appservice"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"bongsu.org/bongsu/internal/testdb"
)

// bridge is an application service on mautrix-go's appservice package, with a server that runs for it.
type bridge struct {
	*appservice.AppService
	t     *testing.T
	suite *Suite
	addr  string
	http  *http.Server

	mu     sync.Mutex
	events []*event.Event
	news   chan struct{}
}

// eachBridge runs a test with a server and an application service of its own, on each kind of database.
func eachBridge(t *testing.T, test func(*testing.T, *bridge)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		test(t, newBridge(t, url))
	})
}

func newBridge(t *testing.T, database string) *bridge {
	t.Helper()
	return bridgeTo(t, func(settings string) *Server {
		return Start(t, Options{Database: database, RateLimits: true, Config: settings})
	})
}

// bridgeTo makes an application service of the server that start starts with its settings.
func bridgeTo(t *testing.T, start func(settings string) *Server) *bridge {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	b := &bridge{t: t, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), news: make(chan struct{}, 1)}
	reg := appservice.CreateRegistration()
	reg.ID, reg.URL, reg.SenderLocalpart, reg.EphemeralEvents = "hills", "http://"+b.addr, "hillbot", true
	reg.Protocols, reg.RateLimited = []string{"beacon"}, new(bool)
	reg.Namespaces.UserIDs.Register(regexp.MustCompile(`^@hill_.*:bongsu\.test$`), true)
	reg.Namespaces.RoomAliases.Register(regexp.MustCompile(`^#hill_.*:bongsu\.test$`), true)
	file := filepath.Join(t.TempDir(), "hills.yaml")
	if err := reg.Save(file); err != nil {
		t.Fatal(err)
	}
	server := start(fmt.Sprintf(
		"appservices: [%q]\nrate_limits: {messages: 1/h burst 400, registration: 1/h burst 10, login: 1/h burst 10}\n", file))
	b.suite = On(t, server)
	b.AppService, err = appservice.CreateFull(appservice.CreateOpts{
		Registration: reg, HomeserverDomain: server.Name, HomeserverURL: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.HTTPClient, b.QueryHandler = b.suite.HTTP(), b
	b.Router.HandleFunc("GET /_matrix/app/v1/thirdparty/protocol/beacon", reply(`{"user_fields":["hill"],"location_fields":["hill"],
		"icon":"mxc://example.org/icon","field_types":{"hill":{"regexp":".*","placeholder":"Namsan"}},
		"instances":[{"network_id":"seoul","desc":"Seoul","fields":{}}]}`))
	b.Router.HandleFunc("GET /_matrix/app/v1/thirdparty/user/beacon", func(w http.ResponseWriter, r *http.Request) {
		reply(`[{"userid":"@hill_`+r.URL.Query().Get("hill")+`:bongsu.test","protocol":"beacon","fields":{}}]`)(w, r)
	})
	b.Router.HandleFunc("GET /_matrix/app/v1/thirdparty/location", reply(`[]`))
	b.up()
	t.Cleanup(b.down)
	go b.gather(t.Context())
	return b
}

func reply(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

// up begins to listen, down ends it: the service is not there then.
func (b *bridge) up() {
	b.t.Helper()
	l, err := net.Listen("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	b.http = &http.Server{Handler: b.Router, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(l) }(b.http)
}

func (b *bridge) down() { _ = b.http.Close() }

// gather notes what arrives, in order.
func (b *bridge) gather(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-b.Events:
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
			select {
			case b.news <- struct{}{}:
			default:
			}
		}
	}
}

// await waits for an event that has arrived or arrives.
func (b *bridge) await(what string, wanted func(*event.Event) bool) *event.Event {
	b.t.Helper()
	timeout := time.After(syncPatience)
	for {
		b.mu.Lock()
		i := slices.IndexFunc(b.events, wanted)
		var found *event.Event
		if i >= 0 {
			found = b.events[i]
		}
		b.mu.Unlock()
		if found != nil {
			return found
		}
		select {
		case <-b.news:
		case <-timeout:
			b.t.Fatalf("the application service was not told in time of %s", what)
		}
	}
}

// said is the texts of all messages, in the order in which they arrived.
func (b *bridge) said() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Type == event.EventMessage {
			text, _ := e.Content.Raw["body"].(string)
			out = append(out, text)
		}
	}
	return out
}

// QueryUser makes users whose name does not say that they are nobody.
func (b *bridge) QueryUser(userID id.UserID) bool {
	return !strings.Contains(userID.String(), "nobody") && b.Intent(userID).EnsureRegistered(context.Background()) == nil
}

// QueryAlias makes a room.
func (b *bridge) QueryAlias(alias id.RoomAlias) bool {
	local, _, _ := strings.Cut(strings.TrimPrefix(alias.String(), "#"), ":")
	_, err := b.BotIntent().CreateRoom(context.Background(), &mautrix.ReqCreateRoom{Preset: "public_chat", RoomAliasName: local})
	return err == nil && !strings.Contains(local, "nowhere")
}

func (b *bridge) ghost(name string) *appservice.IntentAPI {
	return b.Intent(id.NewUserID("hill_"+name, b.HomeserverDomain))
}

func TestAppserviceConversation(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		ctx := t.Context()
		alice := b.suite.User("alice")
		ghost := b.ghost("namsan")
		// The ghost is made when it is first asked for.
		room := id.RoomID(alice.CreateRoom(Obj{"preset": "private_chat", "invite": []string{ghost.UserID.String()}}))
		b.await("the invitation", func(e *event.Event) bool {
			return e.Type == event.StateMember && e.GetStateKey() == ghost.UserID.String() && e.Content.AsMember().Membership == event.MembershipInvite
		})
		if err := ghost.EnsureJoined(ctx, room); err != nil {
			t.Fatal(err)
		}
		said := alice.Say(room.String(), "is there smoke?")
		b.await("what alice said", withID(id.EventID(said)))
		const past = 1_000_000_000_000
		answer := must[*mautrix.RespSendEvent](t)(ghost.SendMessageEvent(ctx, room, event.EventMessage,
			&event.MessageEventContent{MsgType: event.MsgText, Body: "five lines of it"}, mautrix.ReqSendEvent{Timestamp: past})).EventID
		got := alice.Get(V3("rooms", room.String(), "event", answer.String())).OK()
		if ts := gjson.GetBytes(got.Raw, "origin_server_ts").Int(); ts != past {
			t.Errorf("the time is %d", ts)
		}
		b.await("its own answer", withID(answer))
		alice.Put(V3("rooms", room.String(), "typing", alice.ID), Obj{"typing": true, "timeout": 30000}).OK()
		b.await("typing", func(e *event.Event) bool {
			return e.Type == event.EphemeralEventTyping && e.RoomID == room && slices.Equal(e.Content.AsTyping().UserIDs, []id.UserID{id.UserID(alice.ID)})
		})
		alice.Post(V3("rooms", room.String(), "receipt", "m.read", answer.String()), Obj{}).OK()
		b.await("the receipt", func(e *event.Event) bool { return e.Type == event.EphemeralEventReceipt && e.RoomID == room })
		alice.Put(V3("presence", alice.ID, "status"), Obj{"presence": "online", "status_msg": "on the hill"}).OK()
		b.await("presence", func(e *event.Event) bool {
			return e.Type == event.EphemeralEventPresence && e.Sender == id.UserID(alice.ID)
		})
		if _, err := b.BotClient().AppservicePing(ctx, "hills", "txn"); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
}

func TestAppserviceIsBackAfterAWhile(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		ctx := t.Context()
		alice := b.suite.User("alice")
		room := alice.PublicRoom()
		if err := b.ghost("mok").EnsureJoined(ctx, id.RoomID(room)); err != nil {
			t.Fatal(err)
		}
		var want []string
		say := func(n int) (last string) {
			for range n {
				want = append(want, fmt.Sprint("message ", len(want)))
				last = alice.Say(room, want[len(want)-1])
			}
			return last
		}
		b.await("the first messages", withID(id.EventID(say(5))))
		b.down()
		say(120)
		b.suite.Server.Kill() // and with it what it had in memory
		if err := b.suite.Server.Restart(); err != nil {
			t.Fatal(err)
		}
		last := say(130)
		b.up()
		b.await("the last message", withID(id.EventID(last)))
		if got := b.said(); !slices.Equal(got, want) {
			t.Errorf("got %d messages %v, want %d", len(got), got, len(want))
		}
	})
}

// TestAppserviceOutlivesItsNode: the node that sends is killed, and the other one goes on where it was.
func TestAppserviceOutlivesItsNode(t *testing.T) {
	url := testdb.Postgres(t)
	var settings string
	b := bridgeTo(t, func(text string) *Server {
		settings = text
		return Start(t, Options{Database: url, Config: settings})
	})
	first := b.suite
	alice := first.User("alice")
	room := alice.PublicRoom()
	if err := b.ghost("ansan").EnsureJoined(t.Context(), id.RoomID(room)); err != nil {
		t.Fatal(err)
	}
	var want []string
	say := func(u *User, n int) (last string) {
		for range n {
			want = append(want, fmt.Sprint("message ", len(want)))
			last = u.Say(room, want[len(want)-1])
		}
		return last
	}
	b.await("the first messages", withID(id.EventID(say(alice, 20)))) // so that it is the first node that sends
	second := On(t, Start(t, Options{Database: url, Config: settings}))
	b.down()
	say(alice, 150)
	first.Server.Kill()
	b.up()
	last := say(alice.at(second), 30)
	b.await("the last message", withID(id.EventID(last)))
	if got := b.said(); !slices.Equal(got, want) {
		t.Errorf("got %d messages %v, want %d", len(got), got, len(want))
	}
}

func TestAppserviceNamespaces(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		ctx := t.Context()
		alice := b.suite.User("alice")
		room := alice.PublicRoom()
		stranger := b.suite.Client()
		stranger.Post(V3("register"), Obj{"username": "hill_mine", "password": "a long password", "auth": Obj{"type": "m.login.dummy"}}).
			WantError(400, "M_EXCLUSIVE")
		stranger.Get(V3("register", "available")+Query("username", "hillbot")).WantError(400, "M_EXCLUSIVE")
		alice.Put(V3("directory", "room", "#hill_mine:bongsu.test"), Obj{"room_id": room}).WantError(400, "M_EXCLUSIVE")
		alice.Post(V3("createRoom"), Obj{"room_alias_name": "hill_mine"}).WantError(400, "M_EXCLUSIVE")
		stranger.Post(V3("register"), Obj{"type": "m.login.application_service", "username": "hill_x"}).WantError(401, "M_MISSING_TOKEN")
		alice.Post(V3("register"), Obj{"type": "m.login.application_service", "username": "hill_x"}).WantError(401, "M_UNKNOWN_TOKEN")

		service := b.suite.Client()
		service.Token = b.Registration.AppToken
		service.Post(V3("register"), Obj{"type": "m.login.application_service", "username": "other"}).WantError(400, "M_EXCLUSIVE")
		service.Get(V3("account", "whoami")).OK().WantJSON("user_id", "@hillbot:bongsu.test")
		service.Get(V3("account", "whoami")+Query("user_id", alice.ID)).WantError(403, "M_FORBIDDEN")
		service.Get(V3("account", "whoami")+Query("user_id", "@hill_unmade:bongsu.test")).WantError(403, "M_FORBIDDEN")
		service.Get(V3("account", "whoami")+Query("device_id", "NONE")).WantError(400, "M_UNKNOWN_DEVICE")
		service.Put(V3("directory", "room", "#other:bongsu.test"), Obj{"room_id": room}).WantError(400, "M_EXCLUSIVE")
		alice.Post(V1("appservice", "hills", "ping"), Obj{}).WantError(403, "M_FORBIDDEN")
		service.Post(V1("appservice", "others", "ping"), Obj{}).WantError(403, "M_FORBIDDEN")
		for i := range 30 { // more than anybody else may
			if err := b.ghost(fmt.Sprint("many", i)).EnsureRegistered(ctx); err != nil {
				t.Fatal(err)
			}
		}
		made := service.Post(V3("register"), Obj{"type": "m.login.application_service", "username": "hill_in", "inhibit_login": true}).OK()
		made.WantJSON("user_id", "@hill_in:bongsu.test", "access_token", nil)
		login := Obj{"type": "m.login.application_service", "identifier": Obj{"type": "m.id.user", "user": "hill_in"}}
		logged := b.suite.Client()
		logged.Token = service.Post(V3("login"), login).OK().Str("access_token")
		logged.Get(V3("account", "whoami")).OK().WantJSON("user_id", "@hill_in:bongsu.test")
		service.Post(V3("login"), Obj{"type": "m.login.application_service", "identifier": Obj{"type": "m.id.user", "user": alice.Localpart}}).
			WantError(403, "M_EXCLUSIVE")
		stranger.Post(V3("login"), login).WantError(401, "M_MISSING_TOKEN")
		// Device management without interactive authentication.
		as := Query("user_id", "@hill_in:bongsu.test")
		service.Put(V3("devices", "BRIDGE")+as, Obj{"display_name": "a bridge"}).Want(201)
		service.Put(V3("devices", "BRIDGE")+as, Obj{"display_name": "the bridge"}).Want(200)
		service.Get(V3("account", "whoami")+as+"&device_id=BRIDGE").OK().WantJSON("device_id", "BRIDGE")
		service.Delete(V3("devices", "BRIDGE")+as, nil).OK()
		service.Get(V3("devices", "BRIDGE")+as).WantError(404, "M_NOT_FOUND")
		service.Put(V3("rooms", room, "send", "m.room.message", "1")+as+"&ts=-5", Text("x")).WantError(400, "M_INVALID_PARAM")
		b.down()
		service.Post(V1("appservice", "hills", "ping"), Obj{}).WantError(502, "M_CONNECTION_FAILED")
		b.up()
		b.Registration.ServerToken = "another"
		service.Post(V1("appservice", "hills", "ping"), Obj{}).WantError(502, "M_BAD_STATUS").WantJSON("status", 401)
	})
}

func TestAppserviceQueriesAndDirectories(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		alice := b.suite.User("alice")
		room := alice.Post(V3("join", "#hill_gaehwa:bongsu.test"), Obj{}).OK().Str("room_id")
		alice.Get(V3("directory", "room", "#hill_gaehwa:bongsu.test")).OK().WantJSON("room_id", room)
		alice.Get(V3("directory", "room", "#hill_nowhere:bongsu.test")).WantError(404, "M_NOT_FOUND")
		alice.Get(V3("profile", "@hill_asked:bongsu.test")).OK()
		alice.Get(V3("profile", "@hill_nobody:bongsu.test")).WantError(404, "M_NOT_FOUND")

		alice.Get(V3("thirdparty", "protocols")).OK().WantJSON("beacon.instances.0.instance_id", "hills|seoul")
		alice.Get(V3("thirdparty", "protocol", "beacon")).OK().WantJSON("instances.0.network_id", "seoul")
		alice.Get(V3("thirdparty", "protocol", "pigeon")).WantError(404, "M_NOT_FOUND")
		alice.Get(V3("thirdparty", "user", "beacon")+Query("hill", "ansan")).OK().WantJSON("0.userid", "@hill_ansan:bongsu.test")
		alice.Get(V3("thirdparty", "location")+Query("alias", "#x:bongsu.test")).WantError(404, "M_NOT_FOUND")

		service := b.suite.Client()
		service.Token = b.Registration.AppToken
		listed := V3("directory", "list", "appservice", "seoul", room)
		alice.Put(listed, Obj{"visibility": "public"}).WantError(403, "M_FORBIDDEN")
		service.Put(listed, Obj{"visibility": "public"}).OK()
		alice.Post(V3("publicRooms"), Obj{"third_party_instance_id": "hills|seoul"}).OK().
			WantJSON("chunk.#", 1, "chunk.0.room_id", room, "total_room_count_estimate", 1)
		alice.Post(V3("publicRooms"), Obj{}).OK().WantJSON("chunk.#", 0)
		alice.Post(V3("publicRooms"), Obj{"include_all_networks": true}).OK().WantJSON("chunk.#", 1)
		service.Put(listed, Obj{"visibility": "private"}).OK()
		alice.Post(V3("publicRooms"), Obj{"third_party_instance_id": "hills|seoul"}).OK().WantJSON("chunk.#", 0)
		b.down()
		alice.Get(V3("directory", "room", "#hill_silent:bongsu.test")).Want(408)
	})
}

func TestAppserviceSettingsAreChecked(t *testing.T) {
	_, err := launch(Options{Config: "appservices: [/nonexistent.yaml]"}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "/nonexistent.yaml") {
		t.Errorf("started with a registration that is not there: %v", err)
	}
}
