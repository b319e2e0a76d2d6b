package clientapi

import (
	"context"
	cryptorand "crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/push/gateway"
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

// ackLifetime is how long a client has to activate a pusher (MSC4174).
const ackLifetime = 5 * time.Minute

// pusherRoutes: Client-Server API, "Push Notifications", pushers.
func (a *API) pusherRoutes() {
	a.client(http.MethodGet, "/pushers", a.getPushers)
	a.client(http.MethodPost, "/pushers/set", a.setPusher, bodyUpTo(64<<10), limited("pushers"))
	a.client(http.MethodPost, "/pushers/ack", a.activatePusher)
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
	Activated         *bool           `json:"activated,omitempty"` // of kind webpush
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
		if p.Kind == gateway.KindWebPush {
			out[i].Activated = &p.Activated
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
	p, err := in.pusher(a.PlainHTTPPush, a.WebPushKey != "")
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixMilli()
	p.UserID, p.DeviceID, p.CreatedTS, p.UpdatedTS, p.Version = user, r.session.DeviceID, now, now, rand.Int64() //nolint:gosec // tells settings apart, and is no secret
	p.AckToken, p.AckExpiresTS = cryptorand.Text(), now+ackLifetime.Milliseconds()
	activated := true
	err = a.Store.Write(ctx, func(tx *store.Tx) (err error) {
		activated, err = putPusher(ctx, tx, p, in.Append)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a.PushersChanged != nil {
		a.PushersChanged()
	}
	if !activated {
		return withStatus{http.StatusCreated, empty{}}, nil
	}
	return empty{}, nil
}

// putPusher tells whether the pusher is activated; if not, its client is asked to do that.
func putPusher(ctx context.Context, tx *store.Tx, p store.Pusher, others bool) (activated bool, err error) {
	existing, err := tx.Pushers(ctx, p.UserID)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(existing, func(e store.Pusher) bool { return e.AppID == p.AppID && e.Pushkey == p.Pushkey })
	if i < 0 && len(existing) >= maxPushers {
		return false, mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user can have at most %d pushers", maxPushers)
	}
	// MSC4174: what is new, or goes elsewhere, has to be activated.
	p.Activated = p.Kind != gateway.KindWebPush || i >= 0 && existing[i].Activated && sameSubscription(existing[i], p)
	if p.Activated {
		p.AckToken, p.AckExpiresTS = "", 0
	}
	// Unless asked to append, the same app and key belongs to one user only: whoever uses the phone now.
	if !others {
		if err := tx.DeletePushersOfOthers(ctx, p.UserID, p.AppID, p.Pushkey); err != nil {
			return false, err
		}
	}
	if err := tx.PutPusher(ctx, p); err != nil || p.Activated {
		return p.Activated, err
	}
	return false, tx.QueuePush(ctx, []store.PushQueued{
		{UserID: p.UserID, AppID: p.AppID, Pushkey: p.Pushkey, Pos: store.PushActivation, TS: p.UpdatedTS},
	})
}

func sameSubscription(a, b store.Pusher) bool {
	same := func(key string) bool { return gjson.GetBytes(a.Data, key).Str == gjson.GetBytes(b.Data, key).Str }
	return a.Kind == b.Kind && same("url") && same("auth")
}

// activatePusher: MSC4174, POST /pushers/ack.
func (a *API) activatePusher(r *request) (any, error) {
	var in struct {
		AppID    string `json:"app_id"`
		AckToken string `json:"ack_token"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	ctx := context.WithoutCancel(r.Context())
	err := a.Store.Write(ctx, func(tx *store.Tx) error {
		pushers, err := tx.Pushers(ctx, r.session.UserID)
		if err != nil {
			return err
		}
		p, err := findByAck(pushers, in.AppID, in.AckToken)
		if err != nil {
			return err
		}
		return tx.ActivatePusher(ctx, p)
	})
	return empty{}, err
}

func findByAck(pushers []store.Pusher, appID, token string) (store.Pusher, error) {
	found := false
	for _, p := range pushers {
		if p.AppID != appID || p.Kind != gateway.KindWebPush {
			continue
		}
		found = true
		if p.AckToken == "" || subtle.ConstantTimeCompare([]byte(p.AckToken), []byte(token)) == 0 {
			continue
		}
		if p.AckExpiresTS < time.Now().UnixMilli() {
			return p, mxerr.New(http.StatusBadRequest, "M_EXPIRED_ACTIVATION_TOKEN", "The token has expired; set the pusher again")
		}
		return p, nil
	}
	if !found {
		return store.Pusher{}, mxerr.NotFoundf("There is no pusher of this app")
	}
	return store.Pusher{}, mxerr.New(http.StatusBadRequest, "M_UNKNOWN_ACTIVATION_TOKEN", "No pusher of this app has this token")
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
func (in *setPusherRequest) pusher(plainHTTP, webPush bool) (store.Pusher, error) {
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
	if p.Kind != gateway.KindHTTP && (p.Kind != gateway.KindWebPush || !webPush) {
		return p, mxerr.InvalidParamf("This server has no pushers of kind %q", p.Kind)
	}
	for _, text := range []string{*in.AppDisplayName, *in.DeviceDisplayName, *in.Lang, in.ProfileTag} {
		if len(text) > maxPusherText || hasNUL(text) {
			return p, mxerr.InvalidParamf("A pusher's names have at most %d bytes", maxPusherText)
		}
	}
	host, err := in.checkData(p.Kind, plainHTTP)
	if err != nil {
		return p, err
	}
	p.Host = host
	p.Pushkey, p.AppID, p.AppDisplayName, p.DeviceDisplayName = *in.Pushkey, *in.AppID, *in.AppDisplayName, *in.DeviceDisplayName
	p.ProfileTag, p.Lang, p.Data = in.ProfileTag, *in.Lang, in.Data
	return p, nil
}

// checkData checks where notifications go to, and gives the host of that.
func (in *setPusherRequest) checkData(kind string, plainHTTP bool) (host string, err error) {
	if len(in.Data) > maxPusherData {
		return "", mxerr.InvalidParamf("A pusher's data has at most %d bytes", maxPusherData)
	}
	var d struct {
		URL    *string `json:"url"`
		Format string  `json:"format"`
		Auth   *string `json:"auth"`
	}
	if in.Data[0] != '{' {
		return "", mxerr.BadJSONf("data must be a JSON object")
	}
	if err := decodeJSON(in.Data, &d); err != nil {
		return "", err
	}
	if d.URL == nil {
		return "", mxerr.MissingParamf("Missing parameters: data.url")
	}
	u, err := url.Parse(*d.URL)
	switch {
	case err != nil || u.Host == "":
		return "", mxerr.InvalidParamf("data.url is not a URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !plainHTTP):
		return "", mxerr.InvalidParamf("data.url must be an HTTPS URL")
	}
	if kind == gateway.KindWebPush {
		if d.Auth == nil {
			return "", mxerr.MissingParamf("Missing parameters: data.auth")
		}
		if err := gateway.CheckKeys(*in.Pushkey, *d.Auth); err != nil {
			return "", mxerr.InvalidParamf("pushkey, data.auth: %s", err)
		}
		return u.Host, nil
	}
	// Client-Server API, POST /pushers/set.
	if u.Path != "/_matrix/push/v1/notify" {
		return "", mxerr.InvalidParamf("data.url must have the path /_matrix/push/v1/notify")
	}
	return u.Host, nil
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
