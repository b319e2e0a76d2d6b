package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of what a device can publish.
const (
	maxOneTime   = 1000    // one-time keys; clients keep 50 to 100
	maxFallback  = 20      // algorithms of fallback keys
	maxKeySize   = 4 << 10 // bytes of a one-time or fallback key
	maxDeviceKey = 64 << 10
	maxName      = 255 // bytes of an algorithm, of a key's id
)

// Upload is the body of POST /keys/upload.
type Upload struct {
	DeviceKeys   json.RawMessage            `json:"device_keys"`
	OneTimeKeys  map[string]json.RawMessage `json:"one_time_keys"`
	FallbackKeys map[string]json.RawMessage `json:"fallback_keys"`
}

var errNoDevice = mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "This device has been logged out")

// Upload publishes keys of a device, and returns how many one-time keys of each algorithm it has then.
func (s *Service) Upload(ctx context.Context, userID, deviceID string, u Upload) (map[string]int, error) {
	up, err := checkUpload(userID, deviceID, u)
	if err != nil {
		return nil, err
	}
	up.userID, up.deviceID = userID, deviceID
	work := context.WithoutCancel(ctx)
	if up.nothing() {
		return s.counts(ctx, userID, deviceID)
	}
	var counts store.KeyCounts
	err = s.Store.UserLane(userID).Do(ctx, func(tx *store.LaneTx) error {
		if _, err := tx.Device(work, userID, deviceID); errors.Is(err, store.ErrNotFound) {
			return errNoDevice
		} else if err != nil {
			return err
		}
		if err := up.write(work, tx); err != nil {
			return err
		}
		counts, err = tx.KeyCounts(work, userID, deviceID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("publishing keys: %w", err)
	}
	return counts.OneTime, nil
}

func (s *Service) counts(ctx context.Context, userID, deviceID string) (map[string]int, error) {
	var counts store.KeyCounts
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		counts, err = tx.KeyCounts(ctx, userID, deviceID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting keys: %w", err)
	}
	return counts.OneTime, nil
}

// upload is an Upload that was checked.
type upload struct {
	userID, deviceID string
	device           []byte
	oneTime          []store.OneTimeKey
	fallback         []store.OneTimeKey
}

func (u upload) nothing() bool { return u.device == nil && len(u.oneTime) == 0 && len(u.fallback) == 0 }

func checkUpload(userID, deviceID string, u Upload) (out upload, err error) {
	if len(u.DeviceKeys) > 0 && string(u.DeviceKeys) != "null" {
		if out.device, err = checkDeviceKeys(userID, deviceID, u.DeviceKeys); err != nil {
			return out, err
		}
	}
	if len(u.OneTimeKeys) > maxOneTime {
		return out, mxerr.InvalidParamf("A device can have at most %d one-time keys", maxOneTime)
	}
	if len(u.FallbackKeys) > maxFallback {
		return out, mxerr.InvalidParamf("A device can have at most %d fallback keys", maxFallback)
	}
	if out.oneTime, err = checkOneTime(u.OneTimeKeys); err != nil {
		return out, err
	}
	if out.fallback, err = checkOneTime(u.FallbackKeys); err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, k := range out.fallback {
		if seen[k.Algorithm] {
			return out, mxerr.InvalidParamf("There can only be one fallback key of an algorithm")
		}
		seen[k.Algorithm] = true
	}
	return out, nil
}

// checkDeviceKeys: Client-Server API, "Uploading keys": the ids must match those that the client logged in with.
func checkDeviceKeys(userID, deviceID string, text json.RawMessage) ([]byte, error) {
	o, err := parse("device_keys", text)
	if err != nil {
		return nil, err
	}
	switch {
	case len(text) > maxDeviceKey:
		return nil, mxerr.TooLargef("device_keys can have at most %d bytes", maxDeviceKey)
	case o.UserID != userID:
		return nil, mxerr.InvalidParamf("device_keys.user_id is not the user who is logged in")
	case o.DeviceID != deviceID:
		return nil, mxerr.InvalidParamf("device_keys.device_id is not the device that is logged in")
	case o.Algorithms == nil:
		return nil, mxerr.InvalidParamf("device_keys.algorithms is missing")
	case o.Signatures == nil:
		return nil, mxerr.InvalidParamf("device_keys.signatures is missing")
	}
	return tidy(text)
}

func checkOneTime(keys map[string]json.RawMessage) ([]store.OneTimeKey, error) {
	out := make([]store.OneTimeKey, 0, len(keys))
	for name, text := range keys {
		algorithm, id, ok := strings.Cut(name, ":")
		if !ok || !plausible(algorithm) || !plausible(id) {
			return nil, mxerr.InvalidParamf("%q is not the name of a key: it should be <algorithm>:<key_id>", name)
		}
		if len(text) > maxKeySize {
			return nil, mxerr.TooLargef("A key can have at most %d bytes", maxKeySize)
		}
		compact, err := checkKeyObject(name, text)
		if err != nil {
			return nil, err
		}
		out = append(out, store.OneTimeKey{Algorithm: algorithm, KeyID: id, JSON: compact})
	}
	return out, nil
}

// checkKeyObject: a key is a string, or an object with the key in it (Client-Server API, "Key algorithms").
func checkKeyObject(name string, text json.RawMessage) ([]byte, error) {
	var buf bytes.Buffer
	if err := json.Compact(&buf, text); err != nil {
		return nil, mxerr.BadJSONf("The key %s does not have the right form", name)
	}
	switch buf.Bytes()[0] {
	case '"':
		return buf.Bytes(), nil
	case '{':
		var o struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(text, &o) == nil && o.Key != "" {
			return buf.Bytes(), nil
		}
	}
	return nil, mxerr.BadJSONf("The key %s does not have the right form", name)
}

func plausible(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

func (u upload) write(ctx context.Context, tx *store.LaneTx) error {
	if u.device != nil {
		if err := u.writeDevice(ctx, tx); err != nil {
			return err
		}
	}
	if len(u.oneTime) > 0 {
		if err := u.writeOneTime(ctx, tx); err != nil {
			return err
		}
	}
	if len(u.fallback) > 0 {
		return u.writeFallback(ctx, tx)
	}
	return nil
}

func (u upload) writeDevice(ctx context.Context, tx *store.LaneTx) error {
	old, err := tx.DeviceKeys(ctx, u.userID, u.deviceID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if bytes.Equal(old, u.device) {
		return nil
	}
	if err := tx.PutDeviceKeys(ctx, store.DeviceKeys{UserID: u.userID, DeviceID: u.deviceID, JSON: u.device}); err != nil {
		return err
	}
	if old != nil && !sameKey(old, u.device) {
		// What was signed is gone.
		if err := tx.DropSignaturesOf(ctx, u.userID, u.deviceID); err != nil {
			return err
		}
	}
	tx.ChangeDeviceList(u.userID, "")
	return nil
}

// writeOneTime adds the keys that are new. A key that is there, or that was given out, is passed over; another one with the same id as
// one that is there is an error.
func (u upload) writeOneTime(ctx context.Context, tx *store.LaneTx) error {
	if err := tx.Flush(ctx); err != nil { // claims of this batch are to be seen
		return err
	}
	present, err := tx.OneTimeKeys(ctx, u.userID, u.deviceID)
	if err != nil {
		return err
	}
	there := make(map[string][]byte, len(present))
	for _, k := range present {
		there[k.Algorithm+":"+k.KeyID] = k.JSON
	}
	gone, err := u.claimed(ctx, tx)
	if err != nil {
		return err
	}
	var fresh []store.OneTimeKey
	for _, k := range u.oneTime {
		name := k.Algorithm + ":" + k.KeyID
		old, ok := there[name]
		switch {
		case ok && !sameKey(old, k.JSON):
			return mxerr.InvalidParamf("The one-time key %s is already there, and is another one", name)
		case ok, bytes.Equal(gone[name], hashKey(k.JSON)):
		default:
			fresh = append(fresh, k)
		}
	}
	if len(present)+len(fresh) > maxOneTime {
		return mxerr.InvalidParamf("A device can have at most %d one-time keys", maxOneTime)
	}
	if len(fresh) == 0 {
		return nil
	}
	return tx.AddOneTimeKeys(ctx, u.userID, u.deviceID, fresh)
}

// claimed is the hashes of those of the keys' ids that were given out.
func (u upload) claimed(ctx context.Context, tx *store.LaneTx) (map[string][]byte, error) {
	ids := make([]string, len(u.oneTime))
	for i, k := range u.oneTime {
		ids[i] = k.KeyID
	}
	keys, err := tx.ClaimedKeys(ctx, u.userID, u.deviceID, ids)
	out := make(map[string][]byte, len(keys))
	for _, k := range keys {
		out[k.Algorithm+":"+k.KeyID] = k.Hash
	}
	return out, err
}

// writeFallback: a key that is sent again does not become unused again.
func (u upload) writeFallback(ctx context.Context, tx *store.LaneTx) error {
	present, err := tx.FallbackKeys(ctx, []string{u.userID})
	if err != nil {
		return err
	}
	there := map[string]store.OneTimeKey{}
	for _, k := range present {
		if k.DeviceID == u.deviceID {
			there[k.Algorithm] = k
		}
	}
	for _, k := range u.fallback {
		old, ok := there[k.Algorithm]
		if ok && old.KeyID == k.KeyID && sameKey(old.JSON, k.JSON) {
			continue
		}
		if !ok && len(there) >= maxFallback {
			return mxerr.InvalidParamf("A device can have at most %d fallback keys", maxFallback)
		}
		k.UserID, k.DeviceID = u.userID, u.deviceID
		there[k.Algorithm] = k
		if err := tx.PutFallbackKey(ctx, k); err != nil {
			return err
		}
	}
	return nil
}
