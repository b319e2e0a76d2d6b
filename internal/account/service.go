package account

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"bongsu.org/bongsu/internal/store"
)

// Registration says who may register.
type Registration string

// The forms of registration.
const (
	RegistrationOpen   Registration = "open"
	RegistrationToken  Registration = "token"
	RegistrationClosed Registration = "closed"
)

// Rooms is what accounts ask of rooms. Both calls may be repeated, and come to the same result.
type Rooms interface {
	// LeaveAll makes a user leave all rooms, and reject all invites.
	LeaveAll(ctx context.Context, userID string) error
	// ProfileChanged writes the user's present display name and avatar into the membership events of all rooms that the user is in.
	ProfileChanged(ctx context.Context, userID string) error
}

// Options are what a Service is made of.
type Options struct {
	ServerName   string
	Store        *store.Store
	Registration Registration // empty: closed
	// AllowGuests lets guests register also where registration is not open. Where anybody may register, guests, who may do less, may too.
	AllowGuests bool
	// SharedSecret lets tools register accounts; empty: they may not.
	SharedSecret string
	// AccessLifetime is how long an access token lasts that a refresh token came with; 0: an hour.
	AccessLifetime time.Duration
	// RefreshLifetime is how long a refresh token lasts; 0: until logout.
	RefreshLifetime time.Duration
	// FailedLogin counts a wrong password for a user, and tells whether another may be tried now, and if not, when. nil: always.
	FailedLogin func(userID string) (ok bool, retry time.Duration)
	// Reserved tells whether a user id is kept for an application service, or for the server itself. nil: none is.
	Reserved func(userID string) bool
	// OnRevoked tells other nodes that an access token is no longer good; they call Forget. nil: there are none.
	OnRevoked func(hash [32]byte)
	// Rooms may be nil where there are no rooms, as in the command line tools: what is to be done there then waits for a server.
	Rooms Rooms
	Log   *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service keeps the accounts of a server.
type Service struct {
	Options
	cache   sessionCache
	seen    seenList
	hashing chan struct{} // one slot for each password that is hashed at a time
	waiting chan struct{} // one for each that waits, too
	memory  *hashMemory
	blocked *lru.Cache[string, time.Time]
	chores  choreList

	stop  context.CancelFunc
	alive context.Context
	tasks sync.WaitGroup
}

const (
	defaultAccessLifetime = time.Hour
	maxBlocked            = 10_000
	maxHashing            = 256
)

// New makes a Service and starts what runs beside requests: noting when devices were seen, cleaning up, and doing chores.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Registration == "" {
		o.Registration = RegistrationClosed
	}
	if o.AccessLifetime == 0 {
		o.AccessLifetime = defaultAccessLifetime
	}
	s := &Service{
		Options: o, cache: newSessionCache(), seen: newSeenList(),
		hashing: make(chan struct{}, runtime.GOMAXPROCS(0)), waiting: make(chan struct{}, maxHashing), memory: newHashMemory(),
		chores: choreList{active: map[choreKey]chan struct{}{}},
	}
	s.blocked, _ = lru.New[string, time.Time](maxBlocked) // fails for sizes below 1 only
	s.alive, s.stop = context.WithCancel(context.Background())
	s.tasks.Go(s.housekeeping)
	s.tasks.Go(s.sweepChores)
	return s
}

// Close ends what runs beside requests, after writing when devices were last seen. Chores that are cut short are done after the next
// start.
func (s *Service) Close() {
	s.stop()
	s.memory.stop()
	s.tasks.Wait()
}

func (s *Service) nowMS() int64 { return s.Now().UnixMilli() }

// after is the moment at which something that lasts d from now ends, as it is stored: 0 if it never does.
func (s *Service) after(d time.Duration) int64 {
	if d == 0 {
		return 0
	}
	return s.Now().Add(d).UnixMilli()
}

// userID is the full id of a local user.
func (s *Service) userID(localpart string) string { return "@" + localpart + ":" + s.ServerName }

// Times of housekeeping.
const (
	seenEvery  = 30 * time.Second
	cleanEvery = time.Hour
	keepTokens = 30 * 24 * time.Hour
)

func (s *Service) housekeeping() {
	flush, clean := time.NewTicker(seenEvery), time.NewTicker(cleanEvery)
	defer flush.Stop()
	defer clean.Stop()
	for {
		select {
		case <-flush.C:
			s.flushSeen(s.alive)
		case <-clean.C:
			s.clean(s.alive)
		case <-s.alive.Done():
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			s.flushSeen(ctx)
			return
		}
	}
}

func (s *Service) clean(ctx context.Context) {
	now := s.Now()
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.CleanAccounts(ctx, now.UnixMilli(), now.Add(-keepTokens).UnixMilli())
	})
	if err != nil {
		s.Log.Warn("cleaning up accounts failed; it is tried again in an hour", "err", err)
	}
}
