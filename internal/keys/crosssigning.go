package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// The purposes of cross-signing keys.
const (
	master      = "master"
	selfSigning = "self_signing"
	userSigning = "user_signing"
)

// CrossSigning is the body of POST /keys/device_signing/upload.
type CrossSigning struct {
	Master      json.RawMessage `json:"master_key"`
	SelfSigning json.RawMessage `json:"self_signing_key"`
	UserSigning json.RawMessage `json:"user_signing_key"`
}

// ErrAuth tells that the user must first be authenticated interactively.
var ErrAuth = errors.New("user-interactive authentication is needed")

var (
	errKeyInUse = mxerr.Forbiddenf("The public key is the same as the id of one of your devices")
	errNoMaster = mxerr.MissingParamf("There is no master signing key")
)

func invalidSignature(message string, args ...any) *mxerr.Error {
	return mxerr.New(http.StatusBadRequest, mxerr.InvalidSignature, message, args...)
}

// UploadCrossSigning publishes a user's cross-signing keys. Unless authenticated, keys that are there are not changed (ErrAuth).
//
// Client-Server API, POST /keys/device_signing/upload: no authentication is needed for the first keys, and for those that are there
// already.
func (s *Service) UploadCrossSigning(ctx context.Context, userID string, c CrossSigning, authenticated bool) error {
	var fresh []store.CrossSigningKey
	for _, k := range []struct {
		purpose string
		text    json.RawMessage
	}{{master, c.Master}, {selfSigning, c.SelfSigning}, {userSigning, c.UserSigning}} {
		if len(k.text) == 0 || string(k.text) == "null" {
			continue
		}
		key, err := checkCrossSigning(userID, k.purpose, k.text)
		if err != nil {
			return err
		}
		fresh = append(fresh, key)
	}
	if len(fresh) == 0 {
		return errNoMaster
	}
	work := context.WithoutCancel(ctx)
	err := s.Store.UserLane(userID).Do(ctx, func(tx *store.LaneTx) error {
		return writeCrossSigning(work, tx, userID, fresh, authenticated)
	})
	if err != nil {
		return fmt.Errorf("publishing cross-signing keys: %w", err)
	}
	return nil
}

func checkCrossSigning(userID, purpose string, text json.RawMessage) (store.CrossSigningKey, error) {
	var none store.CrossSigningKey
	if len(text) > maxDeviceKey {
		return none, mxerr.TooLargef("A cross-signing key can have at most %d bytes", maxDeviceKey)
	}
	o, err := parse(purpose+"_key", text)
	if err != nil {
		return none, err
	}
	switch {
	case o.UserID != userID:
		return none, mxerr.InvalidParamf("user_id of the %s key is not yours", purpose)
	case !slices.Contains(o.Usage, purpose):
		return none, mxerr.InvalidParamf("usage of the %s key does not name this use", purpose)
	case len(o.Keys) != 1:
		return none, mxerr.InvalidParamf("The %s key must be exactly one key", purpose)
	}
	for name, public := range o.Keys {
		if name != "ed25519:"+public || publicKey(public) == nil {
			return none, mxerr.InvalidParamf("The %s key must be named ed25519:<public key>", purpose)
		}
		compact, err := tidy(text)
		return store.CrossSigningKey{UserID: userID, Purpose: purpose, PublicKey: public, JSON: compact}, err
	}
	return none, nil
}

func writeCrossSigning(ctx context.Context, tx *store.LaneTx, userID string, fresh []store.CrossSigningKey, authenticated bool) error {
	present, err := tx.CrossSigningKeys(ctx, []string{userID})
	if err != nil {
		return err
	}
	there := map[string]store.CrossSigningKey{}
	for _, k := range present {
		there[k.Purpose] = k
	}
	if err := checkSignedByMaster(userID, fresh, there[master].PublicKey); err != nil {
		return err
	}
	changed := slices.DeleteFunc(slices.Clone(fresh), func(k store.CrossSigningKey) bool {
		old, ok := there[k.Purpose]
		return ok && sameKey(old.JSON, k.JSON)
	})
	if len(changed) == 0 {
		return nil
	}
	if _, has := there[master]; has && !authenticated {
		return ErrAuth
	}
	for _, k := range changed {
		if _, err := tx.Device(ctx, userID, k.PublicKey); err == nil {
			return errKeyInUse
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.PutCrossSigningKey(ctx, k); err != nil {
			return err
		}
	}
	if err := dropOrphans(ctx, tx, userID, fresh, changed); err != nil {
		return err
	}
	tx.ChangeDeviceList(userID, "")
	return nil
}

// dropOrphans removes the keys that a new master key has not signed, since they came with the old one.
func dropOrphans(ctx context.Context, tx *store.LaneTx, userID string, fresh, changed []store.CrossSigningKey) error {
	is := func(purpose string) func(store.CrossSigningKey) bool {
		return func(k store.CrossSigningKey) bool { return k.Purpose == purpose }
	}
	if !slices.ContainsFunc(changed, is(master)) {
		return nil
	}
	for _, purpose := range []string{selfSigning, userSigning} {
		if slices.ContainsFunc(fresh, is(purpose)) {
			continue
		}
		if err := tx.DropCrossSigningKey(ctx, userID, purpose); err != nil {
			return err
		}
	}
	return nil
}

// checkSignedByMaster: the other keys must be signed by the master key that comes with them, or else by the one that is there.
func checkSignedByMaster(userID string, fresh []store.CrossSigningKey, current string) error {
	for _, k := range fresh {
		if k.Purpose == master {
			current = k.PublicKey
		}
	}
	if current == "" {
		return errNoMaster
	}
	for _, k := range fresh {
		if k.Purpose != master && !signed(k.JSON, userID, "ed25519:"+current, current) {
			return invalidSignature("The %s key is not signed by the master key", strings.ReplaceAll(k.Purpose, "_", "-"))
		}
	}
	return nil
}
