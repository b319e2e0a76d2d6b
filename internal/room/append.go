package room

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// origin is the request that an event comes from.
type origin struct {
	device, txnID string
	txnKey        []byte
	closing       bool // the account is closed, which leaves every room
}

// append authorises, builds and hands over an event, and moves the room on.
func (tx *roomTx) append(p *proto, from origin) (*store.Event, error) {
	pos := tx.Next()
	return tx.appendAt(pos, p, from)
}

func (tx *roomTx) appendAt(pos store.Pos, p *proto, from origin) (*store.Event, error) {
	rs := tx.room
	if p.TS == 0 {
		p.TS = nowMS()
	}
	p.RoomID, p.Depth = rs.id, min(rs.depth+1, maxInt)
	p.Prev, p.Auth = []string{}, []string{}
	if rs.lastID != "" {
		p.Prev = []string{rs.lastID}
	}
	if err := tx.chooseAuth(p); err != nil {
		return nil, err
	}
	b, err := tx.e.signer.build(rs.version, p)
	if err != nil {
		return nil, err
	}
	if err := tx.authorise(p, b); err != nil {
		return nil, err
	}
	if err := tx.checkInvite(p); err != nil {
		return nil, err
	}
	if !from.closing {
		if err := tx.checkNotice(p); err != nil {
			return nil, err
		}
	}
	if err := tx.checkEncryption(p); err != nil {
		return nil, err
	}
	ev := &store.Event{
		Pos: pos, Room: rs.num, RoomID: rs.id, ID: b.ID, Type: p.Type, StateKey: p.StateKey, Sender: p.Sender, TS: p.TS, Depth: p.Depth,
		Device: from.device, TxnID: from.txnID, TxnKey: from.txnKey, JSON: b.JSON,
	}
	ev.RelatesTo, ev.RelType = relation(p)
	if err := tx.noteState(ev); err != nil {
		return nil, err
	}
	tx.cache.touched = append(tx.cache.touched, rs.num)
	tx.AddEvent(ev)
	rs.apply(ev)
	return ev, nil
}

// relation is the event that an event relates to (Client-Server API, "Forming relationships between events"). State events have none.
func relation(p *proto) (target, relType string) {
	if p.StateKey != nil || !bytes.Contains(p.Content, []byte("m.relates_to")) {
		return "", ""
	}
	rel := gjson.GetBytes(p.Content, `m\.relates_to`)
	target, relType = rel.Get("event_id").Str, rel.Get("rel_type").Str
	if target == "" || relType == "" || len(target) > maxField || len(relType) > maxField {
		return "", ""
	}
	return target, relType
}

// chooseAuth fills in auth_events (Server-Server API, "Auth events selection").
func (tx *roomTx) chooseAuth(p *proto) error {
	if p.Type == spec.MRoomCreate {
		return nil
	}
	needed := gomatrixserverlib.StateNeeded{Create: true, PowerLevels: true, Member: []string{p.Sender}}
	if p.Type == spec.MRoomMember {
		var err error
		needed, err = gomatrixserverlib.StateNeededForProtoEvent(&gomatrixserverlib.ProtoEvent{
			Type: p.Type, StateKey: p.StateKey, SenderID: p.Sender, RoomID: p.RoomID, Content: spec.RawJSON(p.Content),
		})
		if err != nil {
			return mxerr.BadJSONf("The content of this membership event does not have the right form")
		}
	}
	for _, t := range needed.Tuples() {
		if t.EventType == spec.MRoomCreate && tx.room.version.DomainlessRoomIDs() {
			continue // room version 12: the room's id is the reference
		}
		n, err := tx.room.get(tx.ctx, tx.LaneTx, t.EventType, t.StateKey)
		if err != nil {
			return err
		}
		if n != nil && !slices.Contains(p.Auth, n.ev.ID) {
			p.Auth = append(p.Auth, n.ev.ID)
		}
	}
	return nil
}

// authorise asks the library whether the event passes the room version's authorisation rules. For message events the answer is
// remembered.
func (tx *roomTx) authorise(p *proto, b built) error {
	rs := tx.room
	remember := p.StateKey == nil && p.Type != spec.MRoomRedaction
	if remember {
		if answer, ok := rs.allowed[p.Sender][p.Type]; ok {
			return answer
		}
	}
	answer := tx.askLibrary(b)
	var refused *gomatrixserverlib.NotAllowed
	if answer != nil && !errors.As(answer, &refused) {
		return answer
	}
	if refused != nil {
		answer = mxerr.Forbiddenf("Not allowed in this room: %s", strings.ReplaceAll(refused.Message, `"`, `'`))
	}
	if remember {
		if rs.allowed[p.Sender] == nil {
			rs.allowed[p.Sender] = map[string]error{}
		}
		if len(rs.allowed[p.Sender]) < 100 {
			rs.allowed[p.Sender][p.Type] = answer
		}
	}
	return answer
}

func (tx *roomTx) askLibrary(b built) error {
	pdu, err := tx.room.version.NewEventFromTrustedJSONWithEventID(b.ID, b.JSON, false)
	if err != nil {
		return mxerr.BadJSONf("The event does not have the right form")
	}
	if err := gomatrixserverlib.CheckFields(pdu); err != nil {
		return mxerr.BadJSONf("The event does not have the right form: %s", err)
	}
	provider := &authProvider{tx: tx}
	err = gomatrixserverlib.Allowed(pdu, provider, userIDOf)
	if provider.err != nil {
		return provider.err
	}
	var refused *gomatrixserverlib.NotAllowed
	if err != nil && !errors.As(err, &refused) {
		// What is left is content that the rules could not read, such as power levels for what is no user id.
		return mxerr.BadJSONf("The event does not have the right form: %s", err)
	}
	return err
}

func userIDOf(_ spec.RoomID, sender spec.SenderID) (*spec.UserID, error) {
	return spec.NewUserID(string(sender), true)
}

// authProvider gives the library the room's current state.
type authProvider struct {
	tx  *roomTx
	err error // of the database, which the library would take for a missing event
}

func (a *authProvider) get(typ, key string) (gomatrixserverlib.PDU, error) {
	n, err := a.tx.room.get(a.tx.ctx, a.tx.LaneTx, typ, key)
	if err != nil {
		a.err = err
		return nil, err
	}
	pdu, err := n.parsed(a.tx.room.version)
	if err != nil {
		a.err = err
		return nil, err
	}
	return pdu, nil
}

// Create implements gomatrixserverlib.AuthEventProvider.
func (a *authProvider) Create() (gomatrixserverlib.PDU, error) { return a.get(spec.MRoomCreate, "") }

// JoinRules implements gomatrixserverlib.AuthEventProvider.
func (a *authProvider) JoinRules() (gomatrixserverlib.PDU, error) {
	return a.get(spec.MRoomJoinRules, "")
}

// PowerLevels implements gomatrixserverlib.AuthEventProvider.
func (a *authProvider) PowerLevels() (gomatrixserverlib.PDU, error) {
	return a.get(spec.MRoomPowerLevels, "")
}

// Member implements gomatrixserverlib.AuthEventProvider.
func (a *authProvider) Member(user spec.SenderID) (gomatrixserverlib.PDU, error) {
	return a.get(spec.MRoomMember, string(user))
}

// ThirdPartyInvite implements gomatrixserverlib.AuthEventProvider.
func (a *authProvider) ThirdPartyInvite(token string) (gomatrixserverlib.PDU, error) {
	return a.get(spec.MRoomThirdPartyInvite, token)
}

// Valid implements gomatrixserverlib.AuthEventProvider: the state is of one room by construction.
func (a *authProvider) Valid() bool { return true }

// unchanged is the id of the current state event if p would only repeat it.
func (tx *roomTx) unchanged(p *proto) string {
	if p.StateKey == nil {
		return ""
	}
	n, err := tx.room.get(tx.ctx, tx.LaneTx, p.Type, *p.StateKey)
	if err != nil || n == nil || n.ev.Sender != p.Sender {
		return ""
	}
	want, err := canonicalJSON(p.Content)
	if err != nil || !bytes.Equal(want, n.ev.Content()) {
		return ""
	}
	return n.ev.ID
}

// summaryOf maps state events to the columns that lists of rooms read.
var summaryOf = map[string]struct{ column, field string }{
	"m.room.name":               {"name", "name"},
	"m.room.topic":              {"topic", "topic"},
	"m.room.avatar":             {"avatar_url", "url"},
	"m.room.canonical_alias":    {"canonical_alias", "alias"},
	"m.room.join_rules":         {"join_rule", "join_rule"},
	"m.room.history_visibility": {"history_visibility", "history_visibility"},
	"m.room.guest_access":       {"guest_access", "guest_access"},
	"m.room.encryption":         {"encryption", "algorithm"},
}

// noteState fills in what a state event changes beside the state.
func (tx *roomTx) noteState(ev *store.Event) error {
	if !ev.IsState() {
		return nil
	}
	old, err := tx.room.get(tx.ctx, tx.LaneTx, ev.Type, *ev.StateKey)
	if err != nil {
		return err
	}
	if old != nil {
		ev.Replaces = old.ev.ID
	}
	if ev.Type == spec.MRoomMember {
		before, after := membershipOf(old), gjson.GetBytes(ev.JSON, "content.membership").Str
		ev.Member = &store.MemberChange{
			Membership: after, Joined: count(after, "join") - count(before, "join"), Invited: count(after, "invite") - count(before, "invite"),
		}
		return nil
	}
	if s, ok := summaryOf[ev.Type]; ok && *ev.StateKey == "" {
		ev.Summary = &store.SummaryChange{Column: s.column}
		if v := gjson.GetBytes(ev.JSON, "content."+s.field); v.Type == gjson.String && v.Str != "" {
			ev.Summary.Value = &v.Str
		}
	}
	return nil
}

func count(membership, which string) int {
	if membership == which {
		return 1
	}
	return 0
}

func membershipOf(n *entry) string {
	if n == nil {
		return ""
	}
	return gjson.GetBytes(n.ev.JSON, "content.membership").Str
}

// membership is a user's membership in the room; empty if there never was one.
func (tx *roomTx) membership(user string) (string, error) {
	n, err := tx.room.get(tx.ctx, tx.LaneTx, spec.MRoomMember, user)
	if err != nil {
		return "", fmt.Errorf("looking up a member: %w", err)
	}
	return membershipOf(n), nil
}

// str is the string at a path of the current state event of a type, with an empty state key.
func (tx *roomTx) str(typ, path string) string {
	n := tx.room.state[store.StateKey{Type: typ}]
	if n == nil {
		return ""
	}
	return gjson.GetBytes(n.ev.JSON, "content."+path).Str
}
