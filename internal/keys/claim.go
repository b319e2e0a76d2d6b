package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	var keys []store.OneTimeKey
	err := s.Store.Lane(lane).Do(ctx, func(tx *store.LaneTx) (err error) {
		c := claim{users: users, missing: map[deviceKey]bool{}}
		keys, err = c.run(work, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// claim is the work on the users of one lane: user → device → algorithm.
type claim struct {
	users   map[string]map[string]string
	missing map[deviceKey]bool // devices without a one-time key
}

func (c *claim) run(ctx context.Context, tx *store.LaneTx) ([]store.OneTimeKey, error) {
	next, err := c.next(ctx, tx)
	if err != nil {
		return nil, err
	}
	keys, err := c.fallbacks(ctx, tx)
	if err != nil || len(next) == 0 {
		return keys, err
	}
	// Last, for it is what must not be undone: see store.LaneTx.TakeOneTimeKeys.
	taken, err := tx.TakeOneTimeKeys(ctx, next, hashKey)
	return append(keys, taken...), err
}

// next is the places of the keys that come next, one for each device that has one.
func (c *claim) next(ctx context.Context, tx *store.LaneTx) ([]string, error) {
	byAlgorithm := map[string][]string{}
	for user, devices := range c.users {
		asked := map[string]bool{}
		for device, algorithm := range devices {
			if !asked[algorithm] {
				byAlgorithm[algorithm] = append(byAlgorithm[algorithm], user)
			}
			asked[algorithm] = true
			c.missing[deviceKey{user, device}] = true
		}
	}
	var ords []string
	for algorithm, names := range byAlgorithm {
		found, err := tx.OldestOneTimeKeys(ctx, names, algorithm)
		if err != nil {
			return nil, err
		}
		for _, k := range found {
			if c.users[k.UserID][k.DeviceID] == algorithm {
				ords = append(ords, k.Ord)
				delete(c.missing, deviceKey{k.UserID, k.DeviceID})
			}
		}
	}
	return ords, nil
}

// fallbacks gives out the fallback keys of the devices that have no one-time key left.
func (c *claim) fallbacks(ctx context.Context, tx *store.LaneTx) (out []store.OneTimeKey, err error) {
	if len(c.missing) == 0 {
		return nil, nil
	}
	names := map[string]bool{}
	for k := range c.missing {
		names[k.user] = true
	}
	all, err := tx.FallbackKeys(ctx, slices.Collect(maps.Keys(names)))
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if c.users[k.UserID][k.DeviceID] != k.Algorithm || !c.missing[deviceKey{k.UserID, k.DeviceID}] {
			continue
		}
		if !k.Used {
			tx.UseFallbackKey(k)
		}
		out = append(out, k)
	}
	return out, nil
}
