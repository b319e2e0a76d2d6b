package keys

import (
	"encoding/json"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// claim claims one key and returns its name; empty: there was none.
func (s *Service) claim(t *testing.T, user, device string) string {
	t.Helper()
	got, err := s.Claim(t.Context(), map[string]map[string]string{user: {device: "signed_curve25519"}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range got.OneTimeKeys[user][device] {
		return name
	}
	return ""
}

func (s *Service) upload(t *testing.T, user, device string, u Upload) map[string]int {
	t.Helper()
	counts, err := s.Upload(t.Context(), user, device, u)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestOneTimeKeysAreGivenOutInTheOrderOfUploads(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		for i := range 5 {
			s.upload(t, alice, "A", Upload{OneTimeKeys: oneTime(9-i, 1)})
		}
		for _, want := range []string{"K00009", "K00008", "K00007", "K00006", "K00005"} {
			if got := s.claim(t, alice, "A"); got != "signed_curve25519:"+want {
				t.Errorf("%s was given out, not %s", got, want)
			}
		}
		if got := s.claim(t, alice, "A"); got != "" {
			t.Errorf("%s was given out of nothing", got)
		}
	})
}

func TestClaimedKeyDoesNotComeBack(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		if n := s.upload(t, alice, "A", Upload{OneTimeKeys: oneTime(0, 2)}); n["signed_curve25519"] != 2 {
			t.Fatal(n)
		}
		s.claim(t, alice, "A")
		if n := s.upload(t, alice, "A", Upload{OneTimeKeys: oneTime(0, 2)}); n["signed_curve25519"] != 1 {
			t.Errorf("after the upload was sent again there are %v", n)
		}
		if s.claim(t, alice, "A") == "" || s.claim(t, alice, "A") != "" {
			t.Error("there was not exactly one key left")
		}
	})
}

func TestAnotherKeyWithTheSameID(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		s.upload(t, alice, "A", Upload{OneTimeKeys: oneTime(1, 1)})
		signedAnew := Upload{OneTimeKeys: map[string]json.RawMessage{
			"signed_curve25519:K00001": []byte(`{"signatures": {"x": {}}, "key": "key 1"}`),
		}}
		s.upload(t, alice, "A", signedAnew)
		other := Upload{OneTimeKeys: map[string]json.RawMessage{"signed_curve25519:K00001": []byte(`{"key":"another"}`)}}
		if _, err := s.Upload(t.Context(), alice, "A", other); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("another key with the same id gave %v", err)
		}
	})
}

func TestFallbackKeyIsUsedWhenNoneIsLeft(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		fallback := Upload{FallbackKeys: map[string]json.RawMessage{"signed_curve25519:F": []byte(`{"key":"f","fallback":true}`)}}
		s.upload(t, alice, "A", fallback)
		s.upload(t, alice, "A", Upload{OneTimeKeys: oneTime(0, 1)})
		unused := func() int {
			var n store.KeyCounts
			err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				n, err = tx.KeyCounts(t.Context(), alice, "A")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return len(n.UnusedFallback)
		}
		if s.claim(t, alice, "A") == "signed_curve25519:F" || unused() != 1 {
			t.Error("the fallback key was taken before the one-time key")
		}
		for range 2 {
			if got := s.claim(t, alice, "A"); got != "signed_curve25519:F" {
				t.Errorf("%q came in place of the fallback key", got)
			}
		}
		s.upload(t, alice, "A", fallback)
		if unused() != 0 {
			t.Error("the used fallback key became unused")
		}
		s.upload(t, alice, "A", Upload{FallbackKeys: map[string]json.RawMessage{"signed_curve25519:G": []byte(`{"key":"g"}`)}})
		if unused() != 1 || s.claim(t, alice, "A") != "signed_curve25519:G" {
			t.Error("a new fallback key does not take the place of the used one")
		}
	})
}

// Many who claim at once, on two nodes, while keys are uploaded, get each key once.
func TestNoKeyIsGivenOutTwice(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		nodes := []*Service{newService(t, url)}
		nodes = append(nodes, nodes[0])
		total := 1000
		if url != "" {
			nodes[1] = newService(t, url)
			total = 10_000
		}
		if testing.Short() {
			total /= 10
		}
		const devices = 10
		names := []string{"D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9"}
		for i := range devices {
			nodes[0].login(t, user(i), names[i])
		}
		each := total / devices
		var mu sync.Mutex
		got := map[string]int{}
		var left atomic.Int64
		left.Store(int64(total))
		var wg sync.WaitGroup
		for i := range devices {
			wg.Go(func() {
				for first := 0; first < each; first += 100 {
					n := nodes[first/100%2]
					if _, err := n.Upload(t.Context(), user(i), names[i], Upload{OneTimeKeys: oneTime(first, min(100, each-first))}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for w := range 64 {
			wg.Go(func() {
				for k := w; left.Load() > 0 && !t.Failed(); k++ {
					want := map[string]map[string]string{}
					for j := range 3 {
						i := (k + j) % devices
						want[user(i)] = map[string]string{names[i]: "signed_curve25519"}
					}
					res, err := nodes[w%2].Claim(t.Context(), want)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for u, byDevice := range res.OneTimeKeys {
						for d, keys := range byDevice {
							for name := range keys {
								got[u+" "+d+" "+name]++
								left.Add(-1)
							}
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(got) != total {
			t.Errorf("%d keys were given out of %d", len(got), total)
		}
		for name, n := range maps.All(got) {
			if n != 1 {
				t.Errorf("%s was given out %d times", name, n)
			}
		}
	})
}

func user(i int) string { return "@" + string(rune('a'+i)) + ":example.org" }
