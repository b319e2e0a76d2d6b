package appservice

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"bongsu.org/bongsu/internal/appservice/registration"
	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a query, for which a client waits.
const (
	queryTries   = 3
	queryTimeout = 10 * time.Second // of each try
	queryPause   = 200 * time.Millisecond
)

// errNoAnswer is the answer if a service gives none. Application Service API, "Querying": the client whose request waits for an answer gets 408.
var errNoAnswer = mxerr.New(http.StatusRequestTimeout, mxerr.Unknown, "The application service that has this name does not answer")

// Asks tells whether there is a service to ask for a user.
func (a *Services) Asks(userID string, asking *Service) bool {
	return a.owner(func(s *Service) registration.Namespaces { return s.Users }, userID, asking) != nil
}

// QueryUser asks the service in whose namespace a user id is to make the user; false if there is none, or it does not want to. asking is
// the service whose own request this is about, nil for a user's: it is not asked.
func (a *Services) QueryUser(ctx context.Context, userID string, asking *Service) (bool, error) {
	s := a.owner(func(s *Service) registration.Namespaces { return s.Users }, userID, asking)
	return a.query(ctx, s, "/users/"+url.PathEscape(userID))
}

// QueryAlias is QueryUser for the room that an alias names.
func (a *Services) QueryAlias(ctx context.Context, alias string, asking *Service) (bool, error) {
	s := a.owner(func(s *Service) registration.Namespaces { return s.Aliases }, alias, asking)
	return a.query(ctx, s, "/rooms/"+url.PathEscape(alias))
}

func (a *Services) query(ctx context.Context, s *Service, path string) (bool, error) {
	if s == nil {
		return false, nil
	}
	for try := 1; ; try++ {
		got, err := a.callFor(ctx, queryTimeout, s, request{method: http.MethodGet, path: path, legacy: pathUnversion})
		switch {
		case err == nil && got.status < http.StatusInternalServerError:
			return got.ok(), nil
		case try == queryTries:
			a.log.Warn("an application service was asked and gave no answer", "service", s.ID, "status", got.status, "err", err)
			return false, errNoAnswer
		}
		select {
		case <-ctx.Done():
			return false, errNoAnswer
		case <-time.After(queryPause << try):
		}
	}
}

func (a *Services) callFor(ctx context.Context, most time.Duration, s *Service, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return a.call(ctx, s, r)
}
