package sso

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/store"
)

// Errors of Begin and Finish.
var (
	// ErrUnknown: there is no such provider.
	ErrUnknown = errors.New("no such provider of single sign-on")
	// ErrUnavailable: the provider cannot be reached, or does not answer as it should.
	ErrUnavailable = errors.New("the provider of single sign-on is not available")
	// ErrTicket: the answer does not belong to an attempt of this browser, or the attempt has expired or was used.
	ErrTicket = errors.New("not an answer to a sign-in that this browser began")
	// ErrDenied: the person, or the provider for them, said no.
	ErrDenied = errors.New("the provider of single sign-on let nobody in")
	// ErrAnswer: the provider's answer is wrong, or somebody else's.
	ErrAnswer = errors.New("the answer of the provider of single sign-on is not valid")
)

// attemptLifetime is how long a person may take at the provider.
const attemptLifetime = 15 * time.Minute

// Options are what a Service is made of.
type Options struct {
	Providers []*provider.Provider
	Store     *store.Store
	// Transport is how providers are reached.
	Transport http.RoundTripper
	Log       *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service signs people in with the providers. It is nil where there are none.
type Service struct {
	store *store.Store
	sealer
	log     *slog.Logger
	now     func() time.Time
	order   []*provider.Provider
	clients map[string]*client

	alive context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

// Close ends looks at providers that are under way.
func (s *Service) Close() {
	if s != nil {
		s.stop()
		s.tasks.Wait()
	}
}

// New makes a Service; nil if there are no providers. It contacts none of them.
func New(ctx context.Context, o Options) (*Service, error) {
	if len(o.Providers) == 0 {
		return nil, nil
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	key, err := o.Store.OnceMeta(ctx, "sso_key", func() ([]byte, error) {
		key := make([]byte, keySize)
		_, _ = rand.Read(key) // never fails
		return key, nil
	})
	if err != nil {
		return nil, fmt.Errorf("making the key of single sign-on: %w", err)
	}
	s := &Service{store: o.Store, log: o.Log, now: o.Now, order: o.Providers, clients: map[string]*client{}}
	if s.sealer, err = newSealer(key, o.Now); err != nil {
		return nil, err
	}
	s.alive, s.stop = context.WithCancel(context.Background())
	for _, p := range o.Providers {
		s.clients[p.ID] = s.newClient(p, o.Transport)
	}
	return s, nil
}

// Providers lists the providers, in the order in which the operator has named them.
func (s *Service) Providers() []*provider.Provider {
	if s == nil {
		return nil
	}
	return s.order
}

// Provider is the provider with an id; nil if there is none.
func (s *Service) Provider(id string) *provider.Provider {
	for _, p := range s.Providers() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// ByIssuer is a provider by its issuer; nil if there is none.
func (s *Service) ByIssuer(issuer string) *provider.Provider {
	for _, p := range s.Providers() {
		if p.Issuer == issuer {
			return p
		}
	}
	return nil
}

// Check asks a provider to answer, as the first sign-in would. Its error says what is wrong, in words for the operator.
func (s *Service) Check(ctx context.Context, id string) error {
	c := s.clients[id]
	if c == nil {
		return ErrUnknown
	}
	_, err := c.discovered(ctx)
	return err
}

// Asking is what is asked of a provider.
type Asking struct {
	// Redirect is the address of this server to which the provider sends the browser back.
	Redirect string
	// Fresh asks that the person proves who they are, even if the provider remembers them.
	Fresh bool
	// Create asks for a new account at the provider.
	Create bool
	// Hint is whom the provider may expect; empty: nobody in particular.
	Hint string
	// Purpose comes back from Finish.
	Purpose []byte
}

// Attempt is a sign-in that has begun.
type Attempt struct {
	// URL is where the browser goes.
	URL string
	// State names the attempt; it comes back as the parameter of this name.
	State string
	// Ticket is for the browser to keep until it comes back, and for Lifetime at most.
	Ticket   string
	Lifetime time.Duration
}

// ticket is what the browser keeps, sealed.
type ticket struct {
	Provider string `json:"p"`
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Redirect string `json:"r"`
	Begun    int64  `json:"b"`
	Fresh    bool   `json:"f,omitempty"`
	Purpose  []byte `json:"d,omitempty"`
}

// Begin begins to sign a person in with a provider.
func (s *Service) Begin(ctx context.Context, id string, a Asking) (Attempt, error) {
	if s == nil || s.clients[id] == nil {
		return Attempt{}, ErrUnknown
	}
	c := s.clients[id]
	found, err := c.discovered(ctx)
	if err != nil {
		s.log.Warn("a provider of single sign-on is not available", "provider", id, "err", err)
		return Attempt{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	t := ticket{
		Provider: id, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Redirect: a.Redirect,
		Begun: s.now().Unix(), Fresh: a.Fresh, Purpose: a.Purpose,
	}
	sealed, err := s.seal(sealTicket, t, attemptLifetime)
	if err != nil {
		return Attempt{}, err
	}
	return Attempt{URL: c.address(found, t, a), State: t.State, Ticket: sealed, Lifetime: attemptLifetime}, nil
}
