package appservice

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/appservice/registration"
	"bongsu.org/bongsu/internal/netguard"
)

// Service is one application service.
type Service struct {
	*registration.Registration
	token  [32]byte // hash of as_token
	prefix string   // with which the ids of all of its users begin
}

// Owns tells whether a user is the service's own, or in one of its namespaces.
func (s *Service) Owns(userID string) bool { return userID == s.Sender || s.Users.Match(userID) }

// InstanceID names one of the service's networks in the room directory.
func (s *Service) InstanceID(network string) string { return s.ID + "|" + network }

// Services are the configured application services. A nil *Services has none.
type Services struct {
	list       []*Service
	serverName string
	client     *http.Client
	log        *slog.Logger
}

// Options are what Services are made of.
type Options struct {
	Registrations []*registration.Registration
	ServerName    string
	RootCAs       *x509.CertPool // nil: the system's
	Log           *slog.Logger
}

// connectTimeout bounds connecting to a service.
const connectTimeout = 10 * time.Second

// New makes the services. Where they are is the operator's word, so that they may well be inside the operator's own network.
func New(o Options) *Services {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	transport := netguard.Transport(netguard.Options{AllowPrivate: true, RootCAs: o.RootCAs, Timeout: connectTimeout})
	transport.MaxIdleConnsPerHost = 4
	all := &Services{serverName: o.ServerName, log: o.Log, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, r := range o.Registrations {
		all.list = append(all.list, &Service{Registration: r, token: sha256.Sum256([]byte(r.ASToken)), prefix: commonPrefix(r)})
	}
	return all
}

// commonPrefix lets the database leave out most users of whom none is the service's.
func commonPrefix(r *registration.Registration) string {
	prefix := r.Sender
	for _, p := range r.Users.Prefixes() {
		n := 0
		for n < len(p) && n < len(prefix) && p[n] == prefix[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return strings.ToValidUTF8(prefix, "")
}

// All lists the services.
func (a *Services) All() []*Service {
	if a == nil {
		return nil
	}
	return a.list
}

// ByToken finds the service with an as_token; nil if it is no service's. All tokens are compared, each in constant time.
func (a *Services) ByToken(token string) (found *Service) {
	if token == "" {
		return nil
	}
	hash := sha256.Sum256([]byte(token))
	for _, s := range a.All() {
		if subtle.ConstantTimeCompare(hash[:], s.token[:]) == 1 {
			found = s
		}
	}
	return found
}

// ReservedUser tells whether a user id is kept for a service other than the given one, which may be nil.
func (a *Services) ReservedUser(userID string, by *Service) bool {
	return slices.ContainsFunc(a.All(), func(s *Service) bool {
		return s != by && (s.Users.Exclusive(userID) || userID == s.Sender)
	})
}

// ReservedAlias is ReservedUser for room aliases.
func (a *Services) ReservedAlias(alias string, by *Service) bool {
	return slices.ContainsFunc(a.All(), func(s *Service) bool { return s != by && s.Aliases.Exclusive(alias) })
}

// owner is the service to ask for a user that is not there; nil: none. It is not the one that asks.
func (a *Services) owner(in func(*Service) registration.Namespaces, id string, asking *Service) *Service {
	for _, s := range a.All() {
		if s != asking && s.URL != "" && in(s).Match(id) {
			return s
		}
	}
	return nil
}
