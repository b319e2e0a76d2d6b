package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxClaims bounds the devices of one request.
const maxClaims = 10_000

// Claimed is the answer to a claim.
type Claimed struct {
	// OneTimeKeys: user → device → name of the key → the key.
	OneTimeKeys map[string]map[string]map[string]json.RawMessage `json:"one_time_keys"`
	Failures    map[string]struct{}                              `json:"failures"`
}

// Claim gives out, for each of the devices, a one-time key of the algorithm that is asked for, or else the fallback key.
//
// Client-Server API, POST /keys/claim: keys go out in the order in which they were uploaded, and each at most once.
func (s *Service) Claim(ctx context.Context, want map[string]map[string]string) (Claimed, error) {
	out := Claimed{OneTimeKeys: map[string]map[string]map[string]json.RawMessage{}, Failures: map[string]struct{}{}}
	n := 0
	for user, devices := range want {
		if n += len(devices); n > maxClaims {
			return out, mxerr.InvalidParamf("At most %d keys can be claimed at once", maxClaims)
		}
		if server, ok := s.local(user); !ok {
			delete(want, user)
			out.Failures[server] = struct{}{}
		}
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for lane, users := range byLane(s.Store, want) {
		g.Go(func() error {
			keys, err := s.claimIn(ctx, lane, users)
			mu.Lock()
			defer mu.Unlock()
			for _, k := range keys {
				out.add(k)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return out, fmt.Errorf("claiming keys: %w", err)
	}
	return out, nil
}

func (c Claimed) add(k store.OneTimeKey) {
	if c.OneTimeKeys[k.UserID] == nil {
		c.OneTimeKeys[k.UserID] = map[string]map[string]json.RawMessage{}
	}
	c.OneTimeKeys[k.UserID][k.DeviceID] = map[string]json.RawMessage{k.Algorithm + ":" + k.KeyID: k.JSON}
}

// claimIn claims the keys of users of one lane.
func (s *Service) claimIn(ctx context.Context, lane int, users map[string]map[string]string) ([]store.OneTimeKey, error) {
	work := context.WithoutCancel(ctx)
	byAlgorithm := map[string][]string{}
	for user, devices := range users {
		asked := map[string]bool{}
		for _, algorithm := range devices {
			if !asked[algorithm] {
				byAlgorithm[algorithm] = append(byAlgorithm[algorithm], user)
			}
			asked[algorithm] = true
		}
	}
	var keys []store.OneTimeKey
	err := s.Store.Lane(lane).Do(ctx, func(tx *store.LaneTx) error {
		keys = nil
		missing := false
		got := map[deviceKey]bool{}
		var ords []string
		for algorithm, names := range byAlgorithm {
			next, err := tx.OldestOneTimeKeys(work, names, algorithm)
			if err != nil {
				return err
			}
			for _, k := range next {
				if users[k.UserID][k.DeviceID] == algorithm {
					ords = append(ords, k.Ord)
					got[deviceKey{k.UserID, k.DeviceID}] = true
				}
			}
		}
		for user, devices := range users {
			for device := range devices {
				missing = missing || !got[deviceKey{user, device}]
			}
		}
		if missing {
			var err error
			if keys, err = fallbacks(work, tx, users, got); err != nil {
				return err
			}
		}
		if len(ords) == 0 {
			return nil
		}
		taken, err := tx.TakeOneTimeKeys(work, ords, hashKey)
		keys = append(keys, taken...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// fallbacks gives out the fallback keys of the devices that have no one-time key left.
func fallbacks(
	ctx context.Context, tx *store.LaneTx, users map[string]map[string]string, got map[deviceKey]bool,
) (out []store.OneTimeKey, err error) {
	var names []string
	for user := range users {
		names = append(names, user)
	}
	all, err := tx.FallbackKeys(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if users[k.UserID][k.DeviceID] != k.Algorithm || got[deviceKey{k.UserID, k.DeviceID}] {
			continue
		}
		if !k.Used {
			tx.UseFallbackKey(k)
		}
		out = append(out, k)
	}
	return out, nil
}
