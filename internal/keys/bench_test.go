package keys

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// senders is how many requests are in flight at a time in the benchmarks.
const senders = 64

// BenchmarkSendToDevice sends messages to one device each, durably; its figure is messages a second.
func BenchmarkSendToDevice(b *testing.B) {
	benchEach(b, func(b *testing.B, s *Service) {
		content := json.RawMessage(`{"algorithm":"m.olm.v1.curve25519-aes-sha2","ciphertext":"` + string(filler(1000)) + `"}`)
		inFlight(b, func(i int) error {
			return s.SendToDevice(b.Context(), Send{
				Sender: bob, Device: "B", Type: "m.room.encrypted", TxnID: fmt.Sprint(i),
				Messages: map[string]map[string]json.RawMessage{user(i % 20): {"D": content}},
			})
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}

// BenchmarkClaim claims one key a request.
func BenchmarkClaim(b *testing.B) {
	benchEach(b, func(b *testing.B, s *Service) {
		for i := range 20 {
			for first := 0; first < b.N/20+1; first += 500 {
				if _, err := s.Upload(b.Context(), user(i), "D", Upload{OneTimeKeys: oneTime(first, min(500, b.N/20+1-first))}); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ResetTimer()
		inFlight(b, func(i int) error {
			_, err := s.Claim(b.Context(), map[string]map[string]string{user(i % 20): {"D": "signed_curve25519"}})
			return err
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	})
}

// BenchmarkQuery queries the keys of 1,000 users.
func BenchmarkQuery(b *testing.B) {
	benchEach(b, func(b *testing.B, s *Service) {
		want := map[string][]string{}
		err := s.Store.Write(b.Context(), func(tx *store.Tx) error {
			for i := range 1000 {
				id := fmt.Sprintf("@q%d:example.org", i)
				want[id] = nil
				if err := tx.InsertUser(b.Context(), store.User{ID: id}); err != nil {
					return err
				}
				if err := tx.PutDevice(b.Context(), store.Device{UserID: id, ID: "D"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		for id := range want {
			text := fmt.Appendf(nil, `{"user_id":%q,"device_id":"D","algorithms":[],"keys":{"ed25519:D":"x"},"signatures":{}}`, id)
			if _, err := s.Upload(b.Context(), id, "D", Upload{DeviceKeys: text}); err != nil {
				b.Fatal(err)
			}
		}
		b.ResetTimer()
		for b.Loop() {
			if _, err := s.Query(b.Context(), alice, want); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func filler(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = 'x'
	}
	return out
}

func benchEach(b *testing.B, run func(b *testing.B, s *Service)) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			url := ""
			if kind == "postgres" {
				url = testdb.Postgres(b, testdb.Fsync())
			}
			s := newService(b, url)
			for i := range 20 {
				s.login(b, user(i), "D")
			}
			b.ResetTimer()
			run(b, s)
		})
	}
}

// inFlight runs b.N requests, senders at a time.
func inFlight(b *testing.B, run func(i int) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				if err := run(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
