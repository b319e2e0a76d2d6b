package clientapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of pushers.
const (
	maxPushers    = 200 // of a user
	maxPushkey    = 512 // bytes (Client-Server API, POST /pushers/set)
	maxAppID      = 64  // characters
	maxPusherText = 1024
	maxPusherData = 16 << 10
)

const pushKindHTTP = "http"

// pusherRoutes: Client-Server API, "Push Notifications", pushers.
func (a *API) pusherRoutes() {
	a.client(http.MethodGet, "/pushers", a.getPushers)
	a.client(http.MethodPost, "/pushers/set", a.setPusher, bodyUpTo(64<<10), limited("pushers"))
}

// pusherJSON is a pusher in the answer of GET /pushers.
type pusherJSON struct {
	Pushkey           string          `json:"pushkey"`
	Kind              string          `json:"kind"`
	AppID             string          `json:"app_id"`
	AppDisplayName    string          `json:"app_display_name"`
	DeviceDisplayName string          `json:"device_display_name"`
	ProfileTag        string          `json:"profile_tag,omitempty"`
	Lang              string          `json:"lang"`
	Data              json.RawMessage `json:"data"`
}

func (a *API) getPushers(r *request) (any, error) {
	var pushers []store.Pusher
	err := a.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		pushers, err = tx.Pushers(r.Context(), r.session.UserID)
		return err
	})
	out := make([]pusherJSON, len(pushers))
	for i, p := range pushers {
		out[i] = pusherJSON{
			Pushkey: p.Pushkey, Kind: p.Kind, AppID: p.AppID, AppDisplayName: p.AppDisplayName, DeviceDisplayName: p.DeviceDisplayName,
			ProfileTag: p.ProfileTag, Lang: p.Lang, Data: p.Data,
		}
	}
	return map[string]any{"pushers": out}, err
}

// setPusherRequest is the body of POST /pushers/set. A pointer tells what is missing.
type setPusherRequest struct {
	Pushkey           *string         `json:"pushkey"`
	Kind              json.RawMessage `json:"kind"` // a string, or null to delete
	AppID             *string         `json:"app_id"`
	AppDisplayName    *string         `json:"app_display_name"`
	DeviceDisplayName *string         `json:"device_display_name"`
	ProfileTag        string          `json:"profile_tag"`
	Lang              *string         `json:"lang"`
	Data              json.RawMessage `json:"data"`
	Append            bool            `json:"append"`
}

func (a *API) setPusher(r *request) (any, error) {
	var in setPusherRequest
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if err := in.checkKey(); err != nil {
		return nil, err
	}
	ctx, user := context.WithoutCancel(r.Context()), r.session.UserID
	if string(in.Kind) == "null" {
		return empty{}, a.Store.Write(ctx, func(tx *store.Tx) error {
			return tx.DeletePusher(ctx, user, *in.AppID, *in.Pushkey)
		})
	}
	p, err := in.pusher(a.PlainHTTPPush)
	if err != nil {
		return nil, err
	}
	p.UserID, p.DeviceID, p.CreatedTS = user, r.session.DeviceID, time.Now().UnixMilli()
	return empty{}, a.Store.Write(ctx, func(tx *store.Tx) error { return putPusher(ctx, tx, p, in.Append) })
}

func putPusher(ctx context.Context, tx *store.Tx, p store.Pusher, others bool) error {
	existing, err := tx.Pushers(ctx, p.UserID)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(existing, func(e store.Pusher) bool { return e.AppID == p.AppID && e.Pushkey == p.Pushkey })
	if !known && len(existing) >= maxPushers {
		return mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user can have at most %d pushers", maxPushers)
	}
	// Unless asked to append, the same app and key belongs to one user only: whoever uses the phone now.
	if !others {
		if err := tx.DeletePushersOfOthers(ctx, p.UserID, p.AppID, p.Pushkey); err != nil {
			return err
		}
	}
	return tx.PutPusher(ctx, p)
}

// checkKey checks what is needed to name a pusher.
func (in *setPusherRequest) checkKey() error {
	err := missing(map[string]bool{"app_id": in.AppID == nil, "kind": in.Kind == nil, "pushkey": in.Pushkey == nil})
	switch {
	case err != nil:
		return err
	case len(*in.Pushkey) > maxPushkey || hasNUL(*in.Pushkey):
		return mxerr.InvalidParamf("A pushkey has at most %d bytes", maxPushkey)
	case utf8.RuneCountInString(*in.AppID) > maxAppID || hasNUL(*in.AppID):
		return mxerr.InvalidParamf("An app_id has at most %d characters", maxAppID)
	}
	return nil
}

// pusher checks the rest, and gives the pusher to be stored.
func (in *setPusherRequest) pusher(plainHTTP bool) (store.Pusher, error) {
	var p store.Pusher
	err := missing(map[string]bool{
		"app_display_name": in.AppDisplayName == nil, "device_display_name": in.DeviceDisplayName == nil,
		"lang": in.Lang == nil, "data": in.Data == nil || string(in.Data) == "null",
	})
	if err != nil {
		return p, err
	}
	if err := decodeJSON(in.Kind, &p.Kind); err != nil {
		return p, mxerr.BadJSONf("kind must be a string or null")
	}
	if p.Kind != pushKindHTTP {
		return p, mxerr.InvalidParamf("This server has no pushers of kind %q, only http", p.Kind)
	}
	for _, text := range []string{*in.AppDisplayName, *in.DeviceDisplayName, *in.Lang, in.ProfileTag} {
		if len(text) > maxPusherText || hasNUL(text) {
			return p, mxerr.InvalidParamf("A pusher's names have at most %d bytes", maxPusherText)
		}
	}
	if err := checkPusherData(in.Data, plainHTTP); err != nil {
		return p, err
	}
	p.Pushkey, p.AppID, p.AppDisplayName, p.DeviceDisplayName = *in.Pushkey, *in.AppID, *in.AppDisplayName, *in.DeviceDisplayName
	p.ProfileTag, p.Lang, p.Data = in.ProfileTag, *in.Lang, in.Data
	return p, nil
}

// checkPusherData: the url must be an HTTPS URL with the path /_matrix/push/v1/notify (Client-Server API, POST /pushers/set).
func checkPusherData(data json.RawMessage, plainHTTP bool) error {
	if len(data) > maxPusherData {
		return mxerr.InvalidParamf("A pusher's data has at most %d bytes", maxPusherData)
	}
	var d struct {
		URL    *string `json:"url"`
		Format string  `json:"format"`
	}
	if data[0] != '{' {
		return mxerr.BadJSONf("data must be a JSON object")
	}
	if err := decodeJSON(data, &d); err != nil {
		return err
	}
	if d.URL == nil {
		return mxerr.MissingParamf("Missing parameters: data.url")
	}
	u, err := url.Parse(*d.URL)
	switch {
	case err != nil || u.Host == "":
		return mxerr.InvalidParamf("data.url is not a URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !plainHTTP):
		return mxerr.InvalidParamf("data.url must be an HTTPS URL")
	case u.Path != "/_matrix/push/v1/notify":
		return mxerr.InvalidParamf("data.url must have the path /_matrix/push/v1/notify")
	}
	return nil
}

// missing names all parameters that are.
func missing(params map[string]bool) error {
	var names []string
	for _, name := range []string{"kind", "app_id", "pushkey", "app_display_name", "device_display_name", "lang", "data"} {
		if params[name] {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	return mxerr.MissingParamf("Missing parameters: %s", strings.Join(names, ", "))
}

func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }
