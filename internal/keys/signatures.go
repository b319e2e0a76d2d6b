package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxSignatures bounds the keys of one request.
const maxSignatures = 1000

// SignatureFailures is what was wrong with signatures: user → device id or public key → error.
type SignatureFailures map[string]map[string]*mxerr.Error

func (f SignatureFailures) add(user, key string, err *mxerr.Error) {
	if f[user] == nil {
		f[user] = map[string]*mxerr.Error{}
	}
	f[user][key] = err
}

// UploadSignatures adds signatures that a user made on keys of their own devices, on their own master key, and on the master keys of
// others. What is wrong with one does not keep the others from being stored.
func (s *Service) UploadSignatures(ctx context.Context, userID string, keys map[string]map[string]json.RawMessage) (SignatureFailures, error) {
	n := 0
	for _, k := range keys {
		n += len(k)
	}
	if n > maxSignatures {
		return nil, mxerr.InvalidParamf("At most %d keys can be signed at once", maxSignatures)
	}
	work := context.WithoutCancel(ctx)
	var failures SignatureFailures
	// The signer's lane: nothing else changes what the signer may sign with. A key of somebody else that changes meanwhile leaves a
	// signature that nobody finds right.
	err := s.Store.UserLane(userID).Do(ctx, func(tx *store.LaneTx) error {
		failures = SignatureFailures{}
		g, err := loadSigner(work, tx, userID, keys)
		if err != nil {
			return err
		}
		return g.store(work, tx, g.check(keys, failures))
	})
	if err != nil {
		return nil, fmt.Errorf("storing signatures: %w", err)
	}
	return failures, nil
}

// signer is a user with what is needed to check their signatures.
type signer struct {
	user    string
	devices map[string][]byte                // the user's own
	keys    map[string]store.CrossSigningKey // the user's own, by purpose
	masters map[string]store.CrossSigningKey // of all whose keys are signed, by user
}

func loadSigner(ctx context.Context, tx *store.LaneTx, user string, keys map[string]map[string]json.RawMessage) (*signer, error) {
	g := &signer{user: user, devices: map[string][]byte{}, keys: map[string]store.CrossSigningKey{}, masters: map[string]store.CrossSigningKey{}}
	devices, err := tx.DeviceKeysOf(ctx, []string{user})
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		g.devices[d.DeviceID] = d.JSON
	}
	users := []string{user}
	for other := range keys {
		if other != user {
			users = append(users, other)
		}
	}
	all, err := tx.CrossSigningKeys(ctx, users)
	for _, k := range all {
		if k.UserID == user {
			g.keys[k.Purpose] = k
		}
		if k.Purpose == master {
			g.masters[k.UserID] = k
		}
	}
	return g, err
}

// check returns the signatures that are right, and notes what is wrong with the others.
func (g *signer) check(keys map[string]map[string]json.RawMessage, failures SignatureFailures) (good []store.KeySignature) {
	for user, byKey := range keys {
		for id, text := range byKey {
			found, err := g.checkOne(user, id, text)
			if err != nil {
				failures.add(user, id, err)
				continue
			}
			good = append(good, found...)
		}
	}
	return good
}

var errNoSuchKey = mxerr.New(http.StatusNotFound, mxerr.NotFound, "There is no such key")

// checkOne checks the signatures on one key, which is named by a device id or a public key.
func (g *signer) checkOne(user, id string, text json.RawMessage) ([]store.KeySignature, *mxerr.Error) {
	o, err := parse("The signed key", text)
	if err != nil || o.Signatures == nil {
		return nil, mxerr.InvalidParamf("The signed key does not have the right form")
	}
	id = strings.TrimPrefix(id, "ed25519:")
	stored, keys := g.target(user, id)
	if stored == nil {
		return nil, errNoSuchKey
	}
	if !sameKey(stored, text) {
		return nil, invalidSignature("The signed key is not the one that was uploaded")
	}
	var out []store.KeySignature
	for name, sig := range o.Signatures[g.user] {
		public, ok := keys[name]
		if !ok {
			continue
		}
		if !signed(text, g.user, name, public) {
			return nil, invalidSignature("The signature by %s is wrong", name)
		}
		out = append(out, store.KeySignature{TargetUser: user, TargetKey: id, Signer: g.user, SignerKey: name, Signature: sig})
	}
	if len(out) == 0 {
		return nil, invalidSignature("There is no signature by a key that may sign this one")
	}
	return out, nil
}

// target is a key that may be signed, and the keys that may sign it: their full names and public keys.
//
// Client-Server API, "Cross-signing": the self-signing key signs the user's devices, devices sign the user's master key, and the
// user-signing key signs the master keys of others.
func (g *signer) target(user, id string) (stored []byte, by map[string]string) {
	by = map[string]string{}
	m, ok := g.masters[user]
	isMaster := ok && m.PublicKey == id
	switch {
	case user == g.user && isMaster:
		for device, text := range g.devices {
			var o object
			name := "ed25519:" + device
			if json.Unmarshal(text, &o) == nil && o.Keys[name] != "" {
				by[name] = o.Keys[name]
			}
		}
		return m.JSON, by
	case user == g.user:
		stored = g.devices[id]
		if k, ok := g.keys[selfSigning]; ok {
			by["ed25519:"+k.PublicKey] = k.PublicKey
		}
		return stored, by
	case isMaster:
		if k, ok := g.keys[userSigning]; ok {
			by["ed25519:"+k.PublicKey] = k.PublicKey
		}
		return m.JSON, by
	}
	return nil, nil
}

// store writes signatures and tells whoever can see them: all who share a room if the signer's own keys are signed, and the signer
// alone if those of others are.
func (g *signer) store(ctx context.Context, tx *store.LaneTx, good []store.KeySignature) error {
	if len(good) == 0 {
		return nil
	}
	if err := tx.PutKeySignatures(ctx, good); err != nil {
		return err
	}
	told := map[string]bool{}
	for _, k := range good {
		if told[k.TargetUser] {
			continue
		}
		told[k.TargetUser] = true
		if k.TargetUser == g.user {
			tx.ChangeDeviceList(g.user, "")
		} else {
			tx.ChangeDeviceList(k.TargetUser, g.user)
		}
	}
	return nil
}
