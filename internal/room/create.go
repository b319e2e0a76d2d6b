package room

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// StateEvent is a state event that a client wants in a new room.
type StateEvent struct {
	Type     string          `json:"type"`
	StateKey string          `json:"state_key"`
	Content  json.RawMessage `json:"content"`
}

// CreateRequest is a new room (Client-Server API, "Creation").
type CreateRequest struct {
	Creator         string
	Public          bool // visibility: listed in the directory
	Preset          string
	RoomVersion     string
	AliasName       string // localpart of the alias
	Name            string
	Topic           string
	Invite          []string
	IsDirect        bool
	CreationContent json.RawMessage
	InitialState    []StateEvent
	PowerLevels     json.RawMessage // power_level_content_override
	// NoDefaultEncryption: the room is encrypted only if InitialState says so.
	NoDefaultEncryption bool
	// Also is done in the same transaction, once the room has its events; what it fails with, Create does. May be nil.
	Also func(ctx context.Context, tx *store.LaneTx, num int64, roomID string) error
}

// The limits of a request to create a room.
const (
	maxInvites      = 1000
	maxInitialState = 1000
)

// Presets of createRoom.
const (
	presetPrivate = "private_chat"
	presetTrusted = "trusted_private_chat"
	presetPublic  = "public_chat"
)

// Create makes a room with all its first events in one transaction, and returns its id.
func (e *Engine) Create(ctx context.Context, req CreateRequest) (string, error) {
	plan, err := e.planRoom(req)
	if err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		roomID, err := e.createPlanned(ctx, plan)
		// In newer versions the room's id is the hash of its create event, which two rooms that one user makes within the same
		// millisecond at two nodes would share; at one node, creationTime keeps them apart.
		if !errors.Is(err, store.ErrConflict) || try == createTries {
			return roomID, err
		}
		time.Sleep(time.Millisecond)
	}
}

// createTries bounds how often a room whose id was taken is made again.
const createTries = 10

// creationTime is now, in milliseconds, or a little later: no two rooms of this node are made at the same time.
func (e *Engine) creationTime() int64 {
	for {
		last := e.created.Load()
		ts := max(nowMS(), last+1)
		if e.created.CompareAndSwap(last, ts) {
			return ts
		}
	}
}

func (e *Engine) createPlanned(ctx context.Context, plan *roomPlan) (string, error) {
	var roomID string
	err := e.store.NewRoomLane(rand.Text()).Do(ctx, func(lt *store.LaneTx) error {
		tx := &roomTx{LaneTx: lt, ctx: ctx, e: e, cache: e.lanes[lt.Lane()]}
		return tx.cache.guard(func() error {
			var err error
			roomID, err = tx.create(plan)
			return err
		})
	})
	if err != nil {
		return "", err
	}
	return roomID, nil
}

// roomPlan is a checked CreateRequest.
type roomPlan struct {
	CreateRequest
	version     gomatrixserverlib.IRoomVersion
	create      json.RawMessage // content of m.room.create
	roomType    string
	alias       string
	powerLevels json.RawMessage
	encrypt     bool // by default
}

func (e *Engine) planRoom(req CreateRequest) (*roomPlan, error) {
	p := &roomPlan{CreateRequest: req}
	if err := p.chooseVersion(e.version); err != nil {
		return nil, err
	}
	if err := p.choosePreset(); err != nil {
		return nil, err
	}
	if err := p.checkInvites(); err != nil {
		return nil, err
	}
	if len(req.InitialState) > maxInitialState {
		return nil, mxerr.InvalidParamf("initial_state has more than %d events", maxInitialState)
	}
	if req.AliasName != "" {
		p.alias = "#" + req.AliasName + ":" + e.ServerName()
		if err := CheckAlias(p.alias); err != nil {
			return nil, err
		}
	}
	if err := p.planCreateEvent(); err != nil {
		return nil, err
	}
	p.encrypt = p.encryptsByDefault(e.encryption)
	return p, p.planPowerLevels()
}

// CheckAlias tells whether an alias has the right form (Appendices, "Room Aliases").
func CheckAlias(alias string) error {
	local, server, ok := strings.Cut(strings.TrimPrefix(alias, "#"), ":")
	if !strings.HasPrefix(alias, "#") || !ok || local == "" || server == "" || len(alias) > maxField || !utf8.ValidString(alias) ||
		strings.Contains(local, "\x00") || strings.ContainsAny(server, " \t\n\r\x00") {
		return mxerr.InvalidParamf("%q is not a room alias", alias)
	}
	return nil
}

func (p *roomPlan) chooseVersion(def gomatrixserverlib.RoomVersion) error {
	want := gomatrixserverlib.RoomVersion(p.RoomVersion)
	if want == "" {
		want = def
	}
	if !SupportedVersion(string(want)) {
		return mxerr.New(http.StatusBadRequest, mxerr.UnsupportedRoomVersion, "Room version %q is not supported", want)
	}
	p.version = gomatrixserverlib.MustGetRoomVersion(want)
	return nil
}

// SupportedVersions are the room versions that rooms can be made with, oldest first.
var SupportedVersions = []string{"6", "7", "8", "9", "10", "11", "12"}

// SupportedVersion tells whether rooms of a version can be made.
func SupportedVersion(v string) bool { return slices.Contains(SupportedVersions, v) }

func (p *roomPlan) choosePreset() error {
	switch p.Preset {
	case presetPrivate, presetTrusted, presetPublic:
	case "":
		p.Preset = presetPrivate
		if p.Public {
			p.Preset = presetPublic
		}
	default:
		return mxerr.InvalidParamf("preset must be %s, %s or %s", presetPrivate, presetTrusted, presetPublic)
	}
	return nil
}

func (p *roomPlan) checkInvites() error {
	if len(p.Invite) > maxInvites {
		return mxerr.InvalidParamf("invite has more than %d users", maxInvites)
	}
	for _, u := range p.Invite {
		if _, err := spec.NewUserID(u, true); err != nil {
			return mxerr.InvalidParamf("%q is not a user id", u)
		}
	}
	slices.Sort(p.Invite)
	p.Invite = slices.Compact(p.Invite)
	p.Invite = slices.DeleteFunc(p.Invite, func(u string) bool { return u == p.Creator })
	return nil
}

func (p *roomPlan) planCreateEvent() error {
	content := map[string]any{}
	if len(p.CreationContent) > 0 {
		if err := json.Unmarshal(p.CreationContent, &content); err != nil {
			return mxerr.BadJSONf("creation_content must be an object")
		}
	}
	delete(content, "creator")
	content["room_version"] = p.version.Version()
	if p.version.CreatorInCreateEvent() {
		content["creator"] = p.Creator
	}
	if p.version.PrivilegedCreators() && p.Preset == presetTrusted && len(p.Invite) > 0 {
		creators, _ := content["additional_creators"].([]any)
		for _, u := range p.Invite {
			if !slices.Contains(creators, any(u)) {
				creators = append(creators, u)
			}
		}
		content["additional_creators"] = creators
	}
	p.roomType, _ = content["type"].(string)
	raw, err := json.Marshal(content)
	p.create = raw
	return err
}

// planPowerLevels makes the default power levels, changed by the request's override, which replaces whole keys.
func (p *roomPlan) planPowerLevels() error {
	users := map[string]any{}
	tombstone := 100
	if p.version.PrivilegedCreators() {
		tombstone = 150 // room version 12: creators stand above all levels
	} else {
		users[p.Creator] = 100
		if p.Preset == presetTrusted {
			for _, u := range p.Invite {
				users[u] = 100
			}
		}
	}
	content := map[string]any{
		"users": users, "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50, "kick": 50, "redact": 50, "invite": 0,
		"events": map[string]any{
			"m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.power_levels": 100,
			"m.room.history_visibility": 100, "m.room.server_acl": 100, "m.room.encryption": 100, "m.room.tombstone": tombstone,
		},
	}
	if len(p.PowerLevels) > 0 {
		var override map[string]any
		if err := decodeNumbers(p.PowerLevels, &override); err != nil {
			return mxerr.BadJSONf("power_level_content_override must be an object")
		}
		for k, v := range override {
			content[k] = v
		}
	}
	raw, err := json.Marshal(content)
	p.powerLevels = raw
	return err
}

// decodeNumbers decodes JSON without turning whole numbers into floating-point ones.
func decodeNumbers(raw []byte, v any) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	return dec.Decode(v)
}

// create appends the first events, in the order that the specification gives.
func (tx *roomTx) create(p *roomPlan) (string, error) {
	if err := tx.begin(p); err != nil {
		return "", err
	}
	if err := tx.selfJoin(p); err != nil {
		return "", err
	}
	if err := tx.putState(p.Creator, "m.room.power_levels", "", p.powerLevels); err != nil {
		return "", badFirstEvent(err)
	}
	if err := tx.createAlias(p); err != nil {
		return "", err
	}
	for _, s := range p.stateInOrder() {
		if err := tx.putState(p.Creator, s.Type, s.StateKey, s.Content); err != nil {
			return "", badFirstEvent(err)
		}
	}
	for _, u := range p.Invite {
		extra := map[string]any{}
		if p.IsDirect {
			extra["is_direct"] = true
		}
		if err := tx.changeMember(memberChange{sender: p.Creator, target: u, membership: spec.Invite, extra: extra}); err != nil {
			return "", err
		}
	}
	if p.Also != nil {
		if err := p.Also(tx.ctx, tx.LaneTx, tx.room.num, tx.room.id); err != nil {
			return "", err
		}
	}
	return tx.room.id, nil
}

// badFirstEvent says of an event that the rules refuse in its creator's own new room that the request was wrong.
func badFirstEvent(err error) error {
	if mxerr.HasCode(err, mxerr.Forbidden) {
		return mxerr.New(http.StatusBadRequest, mxerr.InvalidRoomState, "The room cannot be made with this state: %s", err)
	}
	return err
}

// begin appends the create event, from which the room's id follows in newer room versions.
func (tx *roomTx) begin(p *roomPlan) error {
	pos := tx.Next()
	r := &store.Room{Num: int64(pos), Version: string(p.version.Version()), Creator: p.Creator, Type: p.roomType, Published: p.Public}
	if !p.version.DomainlessRoomIDs() {
		r.ID = "!" + rand.Text()[:18] + ":" + tx.e.ServerName()
	}
	rs, err := newRoomState(r)
	if err != nil {
		return err
	}
	tx.room = rs
	key := ""
	ev, err := tx.appendAt(pos, &proto{
		Type: spec.MRoomCreate, StateKey: &key, Sender: p.Creator, Content: p.create, TS: tx.e.creationTime(),
	}, origin{})
	if err != nil {
		return badFirstEvent(err)
	}
	if rs.id == "" {
		rs.id = "!" + strings.TrimPrefix(ev.ID, "$")
		ev.RoomID, r.ID = rs.id, rs.id
	}
	tx.cache.add(rs)
	return tx.AddRoom(tx.ctx, r)
}

func (tx *roomTx) selfJoin(p *roomPlan) error {
	return tx.changeMember(memberChange{sender: p.Creator, target: p.Creator, membership: spec.Join})
}

func (tx *roomTx) createAlias(p *roomPlan) error {
	if p.alias == "" {
		return nil
	}
	err := tx.AddAlias(tx.ctx, p.alias, tx.room.num, p.Creator)
	if errors.Is(err, store.ErrConflict) {
		return mxerr.New(http.StatusBadRequest, mxerr.RoomInUse, "The alias %s is taken", p.alias)
	}
	if err != nil {
		return err
	}
	content, err := json.Marshal(map[string]string{"alias": p.alias})
	if err != nil {
		return err
	}
	return tx.putState(p.Creator, "m.room.canonical_alias", "", content)
}

// stateInOrder is the preset's state, then initial_state, then name and topic; what comes later takes the place of what came before.
func (p *roomPlan) stateInOrder() []StateEvent {
	joinRule, guests := "invite", "can_join"
	if p.Preset == presetPublic {
		joinRule, guests = "public", "forbidden"
	}
	all := []StateEvent{
		{Type: "m.room.join_rules", Content: object("join_rule", joinRule)},
		{Type: "m.room.history_visibility", Content: object("history_visibility", "shared")},
		{Type: "m.room.guest_access", Content: object("guest_access", guests)},
	}
	if p.encrypt {
		all = append(all, defaultEncryption())
	}
	all = append(all, p.InitialState...)
	if p.Name != "" {
		all = append(all, StateEvent{Type: "m.room.name", Content: object("name", p.Name)})
	}
	if p.Topic != "" {
		all = append(all, StateEvent{Type: "m.room.topic", Content: topicContent(p.Topic)})
	}
	var out []StateEvent
	for i, s := range all {
		replaced := slices.ContainsFunc(all[i+1:], func(later StateEvent) bool { return later.Type == s.Type && later.StateKey == s.StateKey })
		if !replaced {
			out = append(out, s)
		}
	}
	return out
}

func object(field, value string) json.RawMessage {
	return append(appendString(append(appendString([]byte("{"), field), ':'), value), '}')
}

// topicContent gives a topic in both forms (Client-Server API, m.room.topic).
func topicContent(topic string) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{ // strings only
		"topic":   topic,
		"m.topic": map[string]any{"m.text": []any{map[string]any{"body": topic, "mimetype": "text/plain"}}},
	})
	return raw
}

func (tx *roomTx) putState(sender, typ, key string, content json.RawMessage) error {
	_, err := tx.append(&proto{Type: typ, StateKey: &key, Sender: sender, Content: content}, origin{})
	return err
}
