package load

import (
	"context"
	"testing"
	"time"
)

func run(t *testing.T, f *fakeServer, pace Pace) Result {
	t.Helper()
	addr := startFake(t, f)
	w, err := NewWorld(context.Background(), addr, Shape{Rooms: 2, Members: 3})
	if err != nil {
		t.Fatal(err)
	}
	pace.BodySize = 20
	r, err := w.Run(context.Background(), Plan{Pace: pace, Duration: 300 * time.Millisecond, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if r.Acknowledged == 0 || r.Send.Count == 0 {
		t.Fatalf("nothing was sent: %+v", r)
	}
	return r
}

func clean(t *testing.T, r Result) {
	t.Helper()
	d := r.Deliveries
	if d.Missing != 0 || d.Duplicates != 0 || d.Disordered != 0 || d.Unacknowledged != 0 || r.SyncErrors != 0 {
		t.Errorf("a faultless server showed faults: %+v", r)
	}
	if d.Expected == 0 || r.Delivery.Count == 0 {
		t.Errorf("nothing was delivered: %+v", r)
	}
}

func TestRunOnAFaultlessServer(t *testing.T) {
	tests := map[string]struct {
		server *fakeServer
		pace   Pace
	}{
		"closed loop":              {&fakeServer{}, Pace{InFlight: 1}},
		"open loop":                {&fakeServer{}, Pace{Rate: 100}},
		"registration by session":  {&fakeServer{twoRequests: true}, Pace{InFlight: 1}},
		"timelines that leave out": {&fakeServer{window: 1}, Pace{InFlight: 8}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(t, tt.server, tt.pace)
			clean(t, r)
			if tt.pace.Rate > 0 && (r.PerSecond < 50 || r.PerSecond > 110) {
				t.Errorf("%.1f sends/s at a rate of %.0f", r.PerSecond, tt.pace.Rate)
			}
		})
	}
}

func TestRunCountsALoss(t *testing.T) {
	// Rooms take turns, so that one of the first two events is in the first user's room.
	f := &fakeServer{shown: func(n int, token string) []bool {
		if n < 2 && token == "t1" {
			return nil
		}
		return []bool{true}
	}}
	r := run(t, f, Pace{InFlight: 1})
	if r.Deliveries.Missing != 1 {
		t.Errorf("one delivery was lost, %d are missing", r.Deliveries.Missing)
	}
}

func TestRunCountsARepeat(t *testing.T) {
	f := &fakeServer{shown: func(n int, token string) []bool {
		if n < 2 && token == "t1" {
			return []bool{true, true}
		}
		return []bool{true}
	}}
	r := run(t, f, Pace{InFlight: 1})
	if r.Deliveries.Duplicates != 1 {
		t.Errorf("one delivery was repeated, %d are counted", r.Deliveries.Duplicates)
	}
}

func TestRunCountsARefusal(t *testing.T) {
	f := &fakeServer{refuse: func(n int) bool { return n == 1 }}
	r := run(t, f, Pace{InFlight: 1})
	if r.Failed["429 M_LIMIT_EXCEEDED"] != 1 || len(r.Failed) != 1 {
		t.Errorf("one send was refused, failed are %v", r.Failed)
	}
	if r.Deliveries.Missing != 0 {
		t.Errorf("a refused send is not a missing delivery")
	}
}
