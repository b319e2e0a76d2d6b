package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Aliases reads and writes the names of rooms (Client-Server API, "Room Aliases"). All of them are this server's own.
type Aliases struct {
	engine *Engine
	reader *Reader
}

// NewAliases makes an Aliases.
func NewAliases(e *Engine, r *Reader) *Aliases { return &Aliases{engine: e, reader: r} }

// aliasesMost bounds the aliases of a room that are listed.
const aliasesMost = 1000

const canonicalAlias = "m.room.canonical_alias"

// Resolve is the room that an alias names.
func (a *Aliases) Resolve(ctx context.Context, alias string) (roomID string, err error) {
	if err := CheckAlias(alias); err != nil {
		return "", err
	}
	found, err := a.find(ctx, alias)
	if err != nil {
		return "", err
	}
	return found.RoomID, nil
}

func (a *Aliases) find(ctx context.Context, alias string) (found *store.Alias, err error) {
	err = a.reader.store.Read(ctx, func(tx *store.Tx) error {
		found, err = tx.AliasByName(ctx, alias)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, mxerr.NotFoundf("Room alias %s not found", alias)
	}
	return found, err
}

// Set gives a room that the user is in another name.
func (a *Aliases) Set(ctx context.Context, user, alias, roomID string) error {
	if err := CheckAlias(alias); err != nil {
		return err
	}
	if !strings.HasSuffix(alias, ":"+a.engine.ServerName()) {
		return mxerr.InvalidParamf("Aliases of this server end in :%s", a.engine.ServerName())
	}
	err := a.engine.inRoom(ctx, roomID, nil, func(tx *roomTx) error {
		if err := tx.mustBeIn(user); err != nil {
			return err
		}
		return tx.AddAlias(ctx, alias, tx.room.num, user)
	})
	if errors.Is(err, store.ErrConflict) {
		return mxerr.New(http.StatusConflict, mxerr.Unknown, "Room alias %s already exists", alias)
	}
	return err
}

func (tx *roomTx) mustBeIn(user string) error {
	now, err := tx.membership(user)
	if err == nil && now != spec.Join {
		return errNotInRoom
	}
	return err
}

// mayName tells whether a user is in the room and could make an alias the room's canonical one.
func (tx *roomTx) mayName(user string) (bool, error) {
	err := tx.mustBeIn(user)
	if errors.Is(err, errNotInRoom) {
		return false, nil
	}
	levels := tx.powerLevels()
	return err == nil && tx.powerOf(user) >= levels.EventLevel(canonicalAlias, true), err
}

// Delete takes a name away: one of the user's own, or of a room in which the user may set the canonical alias; an administrator any.
func (a *Aliases) Delete(ctx context.Context, user string, admin bool, alias string) error {
	if err := CheckAlias(alias); err != nil {
		return err
	}
	found, err := a.find(ctx, alias)
	if err != nil {
		return err
	}
	err = a.engine.inRoomNum(ctx, found.Room, nil, func(tx *roomTx) error {
		may, err := tx.mayName(user)
		if err != nil {
			return err
		}
		if !may && !admin && found.Creator != user {
			return mxerr.Forbiddenf("You may not delete this alias")
		}
		_, err = tx.DeleteAlias(ctx, alias, found.Room)
		return err
	})
	if err != nil {
		return err
	}
	return a.dropCanonical(ctx, user, alias, found)
}

// dropCanonical takes a deleted alias out of the room's m.room.canonical_alias, if the user may.
func (a *Aliases) dropCanonical(ctx context.Context, user, alias string, found *store.Alias) error {
	now, err := a.canonical(ctx, found.Room)
	if err != nil {
		return err
	}
	content, changed := now.without(alias)
	if !changed {
		return nil
	}
	raw, err := marshal(content)
	if err != nil {
		return err
	}
	none := ""
	_, err = a.engine.Send(ctx, SendRequest{RoomID: found.RoomID, Sender: user, Type: canonicalAlias, StateKey: &none, Content: raw})
	if mxerr.HasCode(err, mxerr.Forbidden) {
		return nil
	}
	return err
}

// canonicalContent is the content of m.room.canonical_alias.
type canonicalContent map[string]json.RawMessage

func (a *Aliases) canonical(ctx context.Context, room int64) (content canonicalContent, err error) {
	err = a.reader.store.Read(ctx, func(tx *store.Tx) error {
		content, err = canonicalOf(ctx, tx, room)
		return err
	})
	return content, err
}

func canonicalOf(ctx context.Context, tx *store.Tx, room int64) (content canonicalContent, err error) {
	ev, err := tx.StateEventAt(ctx, room, store.StateKey{Type: canonicalAlias}, store.Latest)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the canonical alias: %w", err)
	}
	return content, json.Unmarshal(ev.Content(), &content)
}

// names lists the aliases in the content: the strings at alias and in alt_aliases.
func (c canonicalContent) names() []string {
	var out []string
	for _, r := range append(gjson.ParseBytes(c["alt_aliases"]).Array(), gjson.ParseBytes(c["alias"])) {
		if r.Type == gjson.String && r.Str != "" {
			out = append(out, r.Str)
		}
	}
	return out
}

// without is the content less one alias, and whether that made a difference.
func (c canonicalContent) without(alias string) (out map[string]any, changed bool) {
	if !slices.Contains(c.names(), alias) {
		return nil, false
	}
	out = map[string]any{}
	for k, v := range c {
		out[k] = v
	}
	if gjson.ParseBytes(c["alias"]).Str == alias {
		delete(out, "alias")
	}
	left := []json.RawMessage{}
	for _, r := range gjson.ParseBytes(c["alt_aliases"]).Array() {
		if r.Str != alias {
			left = append(left, json.RawMessage(r.Raw))
		}
	}
	delete(out, "alt_aliases")
	if len(left) > 0 {
		out["alt_aliases"] = left
	}
	return out, true
}

// CheckCanonical checks the aliases that a new m.room.canonical_alias adds to the one before: their form, and that they name this room
// (Client-Server API, PUT /rooms/{roomId}/state/{eventType}/{stateKey}).
func (a *Aliases) CheckCanonical(ctx context.Context, who Who, roomID string, content []byte) error {
	return a.reader.store.Read(ctx, func(tx *store.Tx) error {
		v, err := a.reader.anyView(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		if !v.Joined() {
			return errNotInRoom
		}
		before, err := canonicalOf(ctx, tx, v.Room.Num)
		if err != nil {
			return err
		}
		added, err := addedAliases(content, before.names())
		if err != nil {
			return err
		}
		found, err := tx.AliasesByName(ctx, added)
		if err != nil {
			return fmt.Errorf("reading aliases: %w", err)
		}
		return checkPointing(added, found, v.Room.Num)
	})
}

func addedAliases(content []byte, before []string) ([]string, error) {
	var added []string
	list := gjson.GetBytes(content, "alt_aliases")
	if list.Exists() && !list.IsArray() && list.Type != gjson.Null {
		return nil, mxerr.InvalidParamf("alt_aliases must be a list")
	}
	if len(list.Array()) > aliasesMost {
		return nil, mxerr.InvalidParamf("alt_aliases has at most %d entries", aliasesMost)
	}
	for _, r := range append(list.Array(), gjson.GetBytes(content, "alias")) {
		switch {
		case !r.Exists() || r.Type == gjson.Null || r.Type == gjson.String && r.Str == "" || slices.Contains(before, r.Str):
			continue
		case r.Type != gjson.String:
			return nil, mxerr.InvalidParamf("An alias must be a string")
		}
		if err := CheckAlias(r.Str); err != nil {
			return nil, err
		}
		added = append(added, r.Str)
	}
	return added, nil
}

func checkPointing(added []string, found []*store.Alias, room int64) error {
	for _, alias := range added {
		here := slices.ContainsFunc(found, func(f *store.Alias) bool { return f.Alias == alias && f.Room == room })
		if !here {
			return mxerr.New(http.StatusBadRequest, mxerr.BadAlias, "The alias '%s' does not point to this room", alias)
		}
	}
	return nil
}

// Of lists a room's aliases, for its members, and for anybody if anybody may read the room.
func (a *Aliases) Of(ctx context.Context, who Who, roomID string) (out []string, err error) {
	out = []string{}
	err = a.reader.store.Read(ctx, func(tx *store.Tx) error {
		v, err := a.reader.anyView(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		if !v.Joined() && !v.Peekable() {
			return errNotInRoom
		}
		found, err := tx.AliasesOf(ctx, v.Room.Num, aliasesMost)
		out = append(out, found...)
		return err
	})
	return out, err
}
