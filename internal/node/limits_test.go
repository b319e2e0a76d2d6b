package node

import (
	"net/http/httptest"
	"testing"

	"bongsu.org/bongsu/internal/config"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/_matrix/client/v3/sync?since=s1", classSync},
		{"GET", "/_matrix/client/r0/sync?timeout=0&since=s1", classSync},
		{"GET", "/_matrix/client/v3/sync", classInitial},
		{"GET", "/_matrix/client/v3/sync?since=", classInitial},
		{"POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?pos=p1", classSync},
		{"POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", classInitial},
		{"OPTIONS", "/_matrix/client/v3/sync", ""},
		{"GET", "/_matrix/client/v3/events?room_id=x", classSync},
		{"GET", "/_matrix/client/r0/initialSync", classInitial},
		{"GET", "/_matrix/client/v3/rooms/x/initialSync", classRequest},
		{"GET", "/_matrix/client/v3/rooms/%21x/state/sync", classRequest},
		{"GET", "/_matrix/client/v3/rooms/x/sync", classRequest},
		{"PUT", "/_matrix/client/v3/rooms/x/send/m.room.message/1", classRequest},
		{"POST", "/_matrix/media/v3/upload", classMedia},
		{"GET", "/_matrix/client/v1/media/download/x/y", classMedia},
		{"POST", "/_synapse/admin/v1/register", classRequest},
		{"GET", "/health/ready", ""},
		{"GET", "/", ""},
	} {
		if got := classify(httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil)); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.method, c.target, got, c.want)
		}
	}
}

func TestLimitsCanBeSwitchedOff(t *testing.T) {
	l := config.Default().RateLimits
	if newLimiter(l) == nil {
		t.Error("no limits by default")
	}
	l.Enabled = false
	if newLimiter(l) != nil {
		t.Error("limits, though they are switched off")
	}
}
