package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu.org/bongsu/e2e/conform"
	"bongsu.org/bongsu/internal/testdb"
)

// Suite is a test's view of a server: clients whose responses are checked, and users of its own.
type Suite struct {
	T      testing.TB
	Server *Server

	checker *conform.Checker
}

// loadSpec reads the specification once in a test process.
var loadSpec = sync.OnceValues(conform.Load)

// transport is shared, so that connections are.
var transport = &http.Transport{MaxIdleConnsPerHost: 256}

// processStart tells the names of this test process from those of another on the same server.
var processStart = time.Now().Unix() & 0xffffff

// userCount numbers users over all tests, since many share a server.
var userCount atomic.Int64

// On returns a suite for a test on a server. The test fails at its end if a response broke the specification.
func On(t testing.TB, s *Server) *Suite {
	t.Helper()
	spec, err := loadSpec()
	if err != nil {
		t.Fatal(err)
	}
	checker := conform.NewChecker(spec)
	t.Cleanup(func() {
		for _, v := range checker.Violations() {
			t.Errorf("against the specification: %s", v)
		}
	})
	return &Suite{T: t, Server: s, checker: checker}
}

// Client returns a client without a token.
func (s *Suite) Client() *Client {
	return &Client{t: s.T, base: s.Server.URL, http: s.HTTP()}
}

// HTTP returns an HTTP client whose responses are checked. It follows no redirects.
func (s *Suite) HTTP() *http.Client {
	return &http.Client{
		Transport:     s.checker.Transport(transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Name returns a localpart that no other test has, nor an earlier run on the same server.
func (s *Suite) Name(prefix string) string {
	return fmt.Sprintf("%s-%x-%d", prefix, processStart, userCount.Add(1))
}

// User registers a user, whose localpart begins as given.
func (s *Suite) User(prefix string) *User {
	s.T.Helper()
	u := &User{Client: s.Client(), Localpart: s.Name(prefix), Password: "correct horse battery " + prefix}
	r := u.Post(V3("register"), Obj{
		"username": u.Localpart, "password": u.Password, "auth": Obj{"type": "m.login.dummy"},
	}).OK()
	u.Token, u.ID, u.Device = r.Str("access_token"), r.Str("user_id"), r.Str("device_id")
	return u
}

// Guest registers a guest.
func (s *Suite) Guest() *User {
	s.T.Helper()
	u := &User{Client: s.Client()}
	r := u.Post(V3("register")+Query("kind", "guest"), Obj{}).OK()
	u.Token, u.ID, u.Device = r.Str("access_token"), r.Str("user_id"), r.Str("device_id")
	return u
}

// shared holds the servers that most tests use, one for each kind of database, and what ends them.
var shared struct {
	sync.Mutex
	servers map[string]*Server
	ends    []func()
}

// Each runs a test on the shared server of each kind of database, beside other tests.
func Each(t *testing.T, test func(*testing.T, *Suite)) {
	t.Helper()
	kinds := []string{"sqlite", "postgres"}
	if os.Getenv("BONGSU_E2E_URL") != "" {
		kinds = []string{"running"}
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, err := sharedServer(kind)
			if err != nil {
				t.Fatal(err)
			}
			test(t, On(t, s))
		})
	}
}

func sharedServer(kind string) (*Server, error) {
	shared.Lock()
	defer shared.Unlock()
	if s, ok := shared.servers[kind]; ok {
		if s == nil {
			return nil, fmt.Errorf("the shared server on %s could not be started, see the first test that failed", kind)
		}
		return s, nil
	}
	if shared.servers == nil {
		shared.servers = map[string]*Server{}
	}
	s, err := startShared(kind)
	shared.servers[kind] = s
	return s, err
}

func startShared(kind string) (*Server, error) {
	if kind == "running" {
		name := os.Getenv("BONGSU_E2E_NAME")
		return &Server{URL: strings.TrimSuffix(os.Getenv("BONGSU_E2E_URL"), "/"), Name: name}, nil
	}
	var opts Options
	if kind == "postgres" {
		url, drop, err := testdb.New()
		if err != nil {
			return nil, err
		}
		shared.ends = append(shared.ends, func() { _ = drop() })
		opts.Database = url
	}
	dir, err := os.MkdirTemp("", "bongsu-e2e-data-")
	if err != nil {
		return nil, err
	}
	shared.ends = append(shared.ends, func() { _ = os.RemoveAll(dir) })
	s, err := launch(opts, dir)
	if err != nil {
		return nil, err
	}
	shared.ends = append(shared.ends, s.Kill)
	return s, nil
}

// Main runs the tests of a package and ends what they shared. It returns the exit code; a panic or a data race in a shared
// server is a failure of the whole.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	for kind, s := range shared.servers {
		if s == nil || s.log == nil {
			continue
		}
		if report := s.log.panics(); report != "" {
			fmt.Fprintf(os.Stderr, "FAIL: the shared server on %s panicked:\n%s\n%s\n", kind, report, s.log.tail())
			code = max(code, 1)
		}
		if file := os.Getenv("BONGSU_E2E_LOG"); file != "" {
			_ = os.WriteFile(file+"."+kind, []byte(s.log.String()), 0o600)
		}
	}
	for i := len(shared.ends) - 1; i >= 0; i-- {
		shared.ends[i]()
	}
	removeProgram()
	return code
}
