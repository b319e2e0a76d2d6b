package keys

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"bongsu.org/bongsu/internal/store"
)

// Options are what a Service is made of.
type Options struct {
	ServerName string
	Store      *store.Store
	Log        *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service keeps the keys of a server's users.
type Service struct {
	Options
	room *lru.Cache[deviceKey, *queueRoom] // what is left in the queues of devices

	alive   context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	garbage chan struct{}
}

// deviceKey names a device.
type deviceKey struct{ user, device string }

// knownQueues bounds the devices of which it is remembered how much their queues still take.
const knownQueues = 100_000

// New makes a Service and starts what runs beside requests: removing what is no longer needed.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{Options: o, garbage: make(chan struct{}, 1)}
	s.room, _ = lru.New[deviceKey, *queueRoom](knownQueues) // fails for sizes below 1 only
	s.alive, s.stop = context.WithCancel(context.Background())
	s.tasks.Go(s.clean)
	return s
}

// Close ends what runs beside requests.
func (s *Service) Close() {
	s.stop()
	s.tasks.Wait()
}

// local tells whether a user is one of this server, and if not, whose.
func (s *Service) local(userID string) (server string, ok bool) {
	_, server, found := strings.Cut(userID, ":")
	return server, found && server == s.ServerName
}

// byLane sorts what users are asked for by the lanes of the users.
func byLane[T any](st *store.Store, users map[string]T) map[int]map[string]T {
	out := map[int]map[string]T{}
	for user, v := range users {
		lane := st.UserLaneNum(user)
		if out[lane] == nil {
			out[lane] = map[string]T{}
		}
		out[lane][user] = v
	}
	return out
}
