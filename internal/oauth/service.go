package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/remote"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

// Paths of the endpoints and pages.
const (
	pathAuthorize     = "/oauth2/authorize"
	pathToken         = "/oauth2/token"
	pathRevoke        = "/oauth2/revoke"
	pathRegister      = "/oauth2/register"
	pathDevice        = "/oauth2/device"
	pathKeys          = "/oauth2/keys"
	pathUserInfo      = "/oauth2/userinfo"
	pathConsent       = "/oauth2/consent"
	pathLink          = "/link"
	pathLinkConfirm   = "/link/confirm"
	pathReset         = "/account/reset-cross-signing"
	pathOpenID        = "/.well-known/openid-configuration"
	pathServerProfile = "/.well-known/oauth-authorization-server"
)

// Times.
const (
	codeLifetime = time.Minute
	// keepCodes is how long a code that was used is remembered.
	keepCodes          = 10 * time.Minute
	deviceCodeLifetime = 15 * time.Minute
	pollEvery          = 5 * time.Second
	idTokenLifetime    = time.Hour
	// keepUnused is how long a client is kept that nobody logs in with.
	keepUnused = 24 * time.Hour
	cleanEvery = time.Hour
)

// Options are what a Service is made of.
type Options struct {
	ServerName string
	// BaseURL is the public address of the server; empty: taken from each request.
	BaseURL string
	// Entrances are further public addresses of the server. Whoever came by one goes on by it.
	Entrances      []string
	TrustedProxies []netip.Prefix
	Store          *store.Store
	Accounts       *account.Service
	Web            *webauth.Service
	Limiter        webauth.Limiter // nil: no limits
	Log            *slog.Logger
	Now            func() time.Time // nil: time.Now
}

// Service is the authorization server.
type Service struct {
	Options
	keys  *signingKey
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

// New makes a Service, and registers its endpoints and pages with Web. Its signing key is made at the first start.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	keys, err := loadKey(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	s := &Service{Options: o, keys: keys}
	s.mount()
	s.consentPages()
	s.linkPages()
	s.resetPages()
	alive, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.tasks.Go(func() { s.housekeeping(alive) })
	return s, nil
}

// Close ends what runs beside requests.
func (s *Service) Close() {
	s.stop()
	s.tasks.Wait()
}

// base is the public address of the server for a request.
func (s *Service) base(r *http.Request) string { return remote.BaseURL(r, s.BaseURL, s.Entrances) }

func (s *Service) nowMS() int64 { return s.Now().UnixMilli() }

func (s *Service) after(d time.Duration) int64 { return s.Now().Add(d).UnixMilli() }

func (s *Service) housekeeping(ctx context.Context) {
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if err := s.clean(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("cleaning up after OAuth failed; it is tried again in an hour", "err", err)
		}
	}
}

func (s *Service) clean(ctx context.Context) error {
	now := s.Now()
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.CleanOAuth(ctx, now.UnixMilli(), now.Add(-keepUnused).UnixMilli())
	})
}

// newCode makes a code that cannot be guessed, and its hash, which is what is stored.
func newCode() (code string, hash []byte) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	code = base64.RawURLEncoding.EncodeToString(b)
	return code, hashCode(code)
}

func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte("oauth " + code))
	return sum[:]
}
