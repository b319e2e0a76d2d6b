package clientapi

import (
	"errors"
	"net/http"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/store"
)

// roomUpgradeRoutes: Client-Server API, "Room Upgrades".
func (a *API) roomUpgradeRoutes() {
	a.client(http.MethodPost, "/rooms/{roomId}/upgrade", a.upgradeRoom, limited("rooms"), unlessSuspended())
}

func (a *API) upgradeRoom(r *request) (any, error) {
	var body struct {
		Version  string   `json:"new_version"`
		Creators []string `json:"additional_creators"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Version == "" {
		return nil, mxerr.MissingParamf("new_version is needed")
	}
	id, err := a.Rooms.Upgrade(r.Context(), r.param("roomId"), r.session.UserID, body.Version, body.Creators)
	if err != nil {
		return nil, err
	}
	a.inheritSettings(r, id)
	return map[string]string{"replacement_room": id}, nil
}

// inheritSettings copies the caller's tags and push rule of the room that the given one replaces, where the caller has none for the new
// one. Client-Server API, "Room Upgrades": "When a user joins the new room, the server should automatically transfer/replicate some of the
// user's personalized settings such as notifications, tags, etc." The join is done by then, so an error is only logged.
func (a *API) inheritSettings(r *request, roomID string) {
	old, err := a.replaced(r, roomID)
	if err == nil && old != "" {
		err = errors.Join(a.inheritTags(r, old, roomID), a.inheritPushRule(r, old, roomID))
	}
	if err != nil {
		a.Log.Warn("settings were not carried over to the room that replaces another", "room", roomID, "err", err)
	}
}

// replaced is the room that roomID replaces; empty if there is none, or if it does not say so itself.
func (a *API) replaced(r *request, roomID string) (string, error) {
	create, err := a.stateContent(r, roomID, "m.room.create")
	old := gjson.GetBytes(create, "predecessor.room_id").Str
	if err != nil || old == "" {
		return "", err
	}
	tombstone, err := a.stateContent(r, old, "m.room.tombstone")
	if err != nil || gjson.GetBytes(tombstone, "replacement_room").Str != roomID {
		return "", err
	}
	return old, nil
}

// stateContent is a state event's content; nil if there is none, or none that the caller may see.
func (a *API) stateContent(r *request, roomID, eventType string) ([]byte, error) {
	content, err := a.Reader.StateEvent(r.Context(), r.who(), roomID, store.StateKey{Type: eventType}, false)
	if mxerr.HasCode(err, mxerr.NotFound) || mxerr.HasCode(err, mxerr.Forbidden) {
		return nil, nil
	}
	return content, err
}

func (a *API) inheritTags(r *request, old, roomID string) error {
	data, err := a.readAccountData(r, old, typeTag)
	if mxerr.HasCode(err, mxerr.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	tags, _ := data.(raw)
	return a.changeAccountData(r, roomID, typeTag, func(own []byte) ([]byte, error) {
		if own != nil {
			return nil, nil
		}
		return tags, nil
	})
}

func (a *API) inheritPushRule(r *request, old, roomID string) error {
	return a.changeAccountData(r, "", typePushRules, func(stored []byte) ([]byte, error) {
		changes, err := push.ParseChanges(stored)
		if err != nil {
			return nil, err
		}
		rules := changes.Ruleset(r.session.UserID)
		rule, ok := rules.Find(push.KindRoom, old)
		if _, taken := rules.Find(push.KindRoom, roomID); !ok || taken {
			return nil, nil
		}
		rule.ID = roomID
		if err := changes.Put(push.KindRoom, rule, push.Place{}); err != nil {
			return nil, err
		}
		return changes.Encode()
	})
}
