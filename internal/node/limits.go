package node

import (
	"net/http"
	"runtime"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/inflight"
	"bongsu.org/bongsu/internal/ratelimit"
)

// loginFailures is the class in which wrong passwords of an account are counted.
const loginFailures = "login_failures"

// newLimiter makes the limits on what one user or address may do; nil where they are switched off.
func newLimiter(l config.RateLimits) *ratelimit.Limiter {
	if !l.Enabled {
		return nil
	}
	return ratelimit.New(map[string]config.Rate{
		"messages":     l.Messages,
		"joins":        l.Joins,
		"invites":      l.Invites,
		"rooms":        l.Rooms,
		"uploads":      l.Uploads,
		"previews":     l.Previews,
		"login":        l.Login,
		loginFailures:  l.LoginFailures,
		"registration": l.Registration,
	}, l.Requests, time.Now)
}

// Classes of requests, each with its own bound on how many are at work. They bound the memory and the time that a flood can take, whoever
// it comes from.
const (
	classSync    = "sync"         // waits for news, and costs little
	classInitial = "initial_sync" // reads all of a user's rooms
	classMedia   = "media"        // as slow as the client's line, with little in memory
	classRequest = "request"      // everything else
)

// newGates makes the bounds of each class.
func newGates(maxWaiters int) *inflight.Gates {
	cpus := runtime.GOMAXPROCS(0)
	return inflight.New(map[string]inflight.Limit{
		classSync:    {Running: maxWaiters, Patience: 5 * time.Second},
		classInitial: {Running: 4 * cpus, Waiting: 1024, Patience: 20 * time.Second},
		classMedia:   {Running: 512, Waiting: 256, Patience: 5 * time.Second},
		classRequest: {Running: 1024, Waiting: 4096, Patience: 5 * time.Second},
	})
}

// maxConnections is how many connections a node holds: one for each that waits, and some for the rest.
func maxConnections(maxWaiters int) int { return maxWaiters + 8192 }

// classify tells a request's class; empty for what must be answered whatever the load.
func classify(r *http.Request) string {
	path := r.URL.Path
	switch {
	case r.Method == http.MethodOptions || !strings.HasPrefix(path, "/_"):
		return ""
	case strings.HasPrefix(path, "/_matrix/media/") || strings.HasPrefix(path, "/_matrix/client/v1/media/"):
		return classMedia
	case path == "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync":
		return initialWithout(r, "pos")
	case below(path, "/sync"):
		return initialWithout(r, "since")
	case below(path, "/initialSync"):
		return classInitial
	case below(path, "/events"): // the deprecated stream, and peeking: both wait
		return classSync
	}
	return classRequest
}

// below tells whether a path is that of an operation right below a version of the client-server API.
func below(path, operation string) bool {
	return strings.HasPrefix(path, "/_matrix/client/") && strings.HasSuffix(path, operation) && strings.Count(path, "/") == 4
}

// initialWithout is the class of a sync, which without a token answers with everything, and never waits.
func initialWithout(r *http.Request, token string) string {
	if r.URL.Query().Get(token) == "" {
		return classInitial
	}
	return classSync
}
