package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of a query: the users of a request, and those that are read at once.
const (
	maxQueried = 20_000
	queryChunk = 500
)

// Found is the answer to a query.
type Found struct {
	DeviceKeys      map[string]map[string]json.RawMessage `json:"device_keys"`
	MasterKeys      map[string]json.RawMessage            `json:"master_keys"`
	SelfSigningKeys map[string]json.RawMessage            `json:"self_signing_keys"`
	UserSigningKeys map[string]json.RawMessage            `json:"user_signing_keys"`
	Failures        map[string]struct{}                   `json:"failures"`
}

// Query returns the identity keys of the users' devices (of those named, or of all if none is) and their cross-signing keys, with the
// signatures that the viewer may see.
func (s *Service) Query(ctx context.Context, viewer string, want map[string][]string) (Found, error) {
	out := Found{
		DeviceKeys: map[string]map[string]json.RawMessage{}, MasterKeys: map[string]json.RawMessage{},
		SelfSigningKeys: map[string]json.RawMessage{}, UserSigningKeys: map[string]json.RawMessage{}, Failures: map[string]struct{}{},
	}
	if len(want) > maxQueried {
		return out, mxerr.InvalidParamf("At most %d users can be queried at once", maxQueried)
	}
	var users []string
	for user := range want {
		if server, ok := s.local(user); !ok {
			out.Failures[server] = struct{}{}
			continue
		}
		users = append(users, user)
	}
	for chunk := range slices.Chunk(users, queryChunk) {
		err := s.Store.Read(ctx, func(tx *store.Tx) error {
			q := query{viewer: viewer, want: want, out: out}
			return q.run(ctx, tx, chunk)
		})
		if err != nil {
			return out, fmt.Errorf("querying keys: %w", err)
		}
	}
	return out, nil
}

// query is the work on some of the users of a Query.
type query struct {
	viewer string
	want   map[string][]string
	out    Found
	signed map[deviceKey]signatures // by user and device id or public key
	near   map[string]bool          // users who share a room with the viewer
}

func (q *query) run(ctx context.Context, tx *store.Tx, users []string) error {
	known, err := tx.KnownUsers(ctx, users)
	if err != nil {
		return err
	}
	for _, user := range known { // also those who have no devices any more: the client drops what it knew
		q.out.DeviceKeys[user] = map[string]json.RawMessage{}
	}
	if err := q.readBeside(ctx, tx, known); err != nil {
		return err
	}
	devices, err := tx.DeviceKeysOf(ctx, known)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if ids := q.want[d.UserID]; len(ids) > 0 && !slices.Contains(ids, d.DeviceID) {
			continue
		}
		if q.out.DeviceKeys[d.UserID][d.DeviceID], err = q.device(d); err != nil {
			return err
		}
	}
	return q.crossSigning(ctx, tx, known)
}

// readBeside reads what is added to keys: signatures, and who may see the names of devices.
func (q *query) readBeside(ctx context.Context, tx *store.Tx, users []string) error {
	sigs, err := tx.KeySignatures(ctx, users, q.viewer)
	if err != nil {
		return err
	}
	q.signed = map[deviceKey]signatures{}
	for _, k := range sigs {
		target := deviceKey{k.TargetUser, k.TargetKey}
		if q.signed[target] == nil {
			q.signed[target] = signatures{}
		}
		if q.signed[target][k.Signer] == nil {
			q.signed[target][k.Signer] = map[string]string{}
		}
		q.signed[target][k.Signer][k.SignerKey] = k.Signature
	}
	near, err := tx.Sharing(ctx, q.viewer, users)
	q.near = map[string]bool{q.viewer: true}
	for _, user := range near {
		q.near[user] = true
	}
	return err
}

func (q *query) device(d store.DeviceKeys) ([]byte, error) {
	text, err := withSignatures(d.JSON, q.signed[deviceKey{d.UserID, d.DeviceID}])
	if err != nil || d.DisplayName == nil || !q.near[d.UserID] {
		return text, err
	}
	return withName(text, *d.DisplayName)
}

// crossSigning: Client-Server API, "Key and signature security": a user-signing key is shown to its owner alone.
func (q *query) crossSigning(ctx context.Context, tx *store.Tx, users []string) error {
	keys, err := tx.CrossSigningKeys(ctx, users)
	if err != nil {
		return err
	}
	for _, k := range keys {
		text, err := withSignatures(k.JSON, q.signed[deviceKey{k.UserID, k.PublicKey}])
		if err != nil {
			return err
		}
		switch {
		case k.Purpose == master:
			q.out.MasterKeys[k.UserID] = text
		case k.Purpose == selfSigning:
			q.out.SelfSigningKeys[k.UserID] = text
		case k.Purpose == userSigning && k.UserID == q.viewer:
			q.out.UserSigningKeys[k.UserID] = text
		}
	}
	return nil
}
