package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/appservice"
	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/clientapi"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/oauth"
	"bongsu.org/bongsu/internal/push/gateway"
	"bongsu.org/bongsu/internal/ratelimit"
	"bongsu.org/bongsu/internal/relay"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/search"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/store"
	bsync "bongsu.org/bongsu/internal/sync"
	"bongsu.org/bongsu/internal/webauth"
)

// parts are what a server consists of below HTTP.
type parts struct {
	store    *store.Store
	bus      bus.Bus
	sync     *bsync.Service
	reader   *room.Reader
	rooms    *room.Engine
	search   *search.Indexer
	accounts *account.Service
	keys     *keys.Service
	media    *media.Service
	stores   *media.Many   // nil: media are in one folder
	sent     atomic.Uint64 // events that this node committed
	push     *gateway.Service
	vapid    *gateway.VAPID
	turn     clientapi.TURN
	relay    *relay.Server // nil: none in this program
	typing   *ephemeral.Typing
	presence *ephemeral.Presence // nil: switched off
	limiter  *ratelimit.Limiter  // nil: switched off
	web      *webauth.Service
	sso      *sso.Service   // nil: there are no providers
	oauth    *oauth.Service // nil: switched off

	notices     *notices.Service
	noticesUser string // empty: there are no notices
	appservices *appservice.Services
	delivery    *appservice.Delivery

	// ends undo what was started, the last first.
	ends []func(context.Context)
}

// startParts starts everything below HTTP. What was started is ended again if the rest cannot be.
func startParts(ctx context.Context, cfg *config.Config, watch store.Observer, log *slog.Logger) (_ *parts, err error) {
	p := &parts{limiter: newLimiter(cfg.RateLimits)}
	defer func() {
		if err != nil {
			p.end(context.WithoutCancel(ctx))
		}
	}()
	if err := p.openStore(ctx, cfg, watch, log); err != nil {
		return nil, err
	}
	signer, err := loadSigner(ctx, p.store, cfg.ServerName)
	if err != nil {
		return nil, err
	}
	if err := p.startBus(cfg, log); err != nil {
		return nil, err
	}
	if err := p.startAppservices(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := p.startPush(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := p.findNoticesUser(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := p.startRooms(ctx, cfg, signer, log); err != nil {
		return nil, err
	}
	if err := p.startEphemeral(cfg, log); err != nil {
		return nil, err
	}
	if err := p.startAccounts(cfg, log); err != nil {
		return nil, err
	}
	if err := p.startWeb(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := p.startSingleSignOn(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := p.makeServiceUsers(ctx); err != nil {
		return nil, err
	}
	p.keys = keys.New(keys.Options{ServerName: cfg.ServerName, Store: p.store, Log: log})
	p.later(func(context.Context) { p.keys.Close() })
	if err := p.startMedia(cfg, log); err != nil {
		return nil, err
	}
	p.startNotices(ctx, cfg, log)
	return p, p.startRelay(ctx, cfg, log)
}

// later is what the end of the parts calls.
func (p *parts) later(end func(context.Context)) { p.ends = append(p.ends, end) }

// end ends what was started, in reverse order.
func (p *parts) end(ctx context.Context) {
	for len(p.ends) > 0 {
		last := len(p.ends) - 1
		p.ends[last](ctx)
		p.ends = p.ends[:last]
	}
}

func (p *parts) openStore(ctx context.Context, cfg *config.Config, watch store.Observer, log *slog.Logger) (err error) {
	p.store, err = store.Open(ctx, store.Options{
		URL: cfg.Database, Dir: cfg.Data, Lanes: cfg.Lanes, Reads: cfg.DatabaseReads, Patience: cfg.DatabasePatience.Std(),
		Observer: watch, Log: log,
	})
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	p.later(func(context.Context) { p.store.Close() })
	return fixServerName(ctx, p.store, cfg.ServerName)
}

func (p *parts) startBus(cfg *config.Config, log *slog.Logger) (err error) {
	p.bus, err = openBus(cfg, log)
	if err != nil {
		return fmt.Errorf("joining the other nodes: %w", err)
	}
	p.later(func(ctx context.Context) {
		if err := p.bus.Close(ctx); err != nil {
			log.Warn("leaving the other nodes failed", "err", err)
		}
	})
	return nil
}

func openBus(cfg *config.Config, log *slog.Logger) (bus.Bus, error) {
	b := cfg.Bus
	o := bus.Options{
		ClusterName: cfg.ServerName, ClusterListen: b.ClusterListen, ClusterAdvertise: b.ClusterAdvertise, Routes: b.Routes,
		ClusterSecret: string(b.Secret),
	}
	if o.Alone() {
		return bus.NewLocal(), nil
	}
	if b.TLSCertificate != "" {
		var err error
		if o.TLS, err = bus.LoadTLS(b.TLSCertificate, b.TLSKey, b.TLSAuthority); err != nil {
			return nil, err
		}
		renewed, err := loadCertificate(b.TLSCertificate, b.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("reading the cluster certificate: %w", err)
		}
		o.TLS.GetCertificate = renewed.get
		o.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return renewed.get(nil) }
	}
	return bus.Start(o, log)
}

// startRooms starts sync before the engine, since from its first batch on the engine tells sync what it wrote.
func (p *parts) startRooms(ctx context.Context, cfg *config.Config, signer *room.Signer, log *slog.Logger) (err error) {
	p.reader, p.search = room.NewReader(p.store), search.NewIndexer(p.store)
	p.sync, err = bsync.New(ctx, bsync.Options{
		Store: p.store, Rooms: p.reader, NodeID: p.bus.NodeID(), NoticesUser: p.noticesUser, Log: log,
	})
	if err != nil {
		return fmt.Errorf("following the database: %w", err)
	}
	p.later(func(context.Context) { p.sync.Close() })
	if err := p.hearLanes(); err != nil {
		return err
	}
	p.rooms, err = room.NewEngine(room.Options{
		Store: p.store, Signer: signer, DefaultVersion: cfg.DefaultRoomVersion, Encryption: room.Encryption(cfg.Rooms.EncryptByDefault),
		NoticesUser: p.noticesUser,
		Committed:   p.committed(log), Log: log,
	})
	return err
}

// startPush starts pushing before the engine, which tells it of every batch.
func (p *parts) startPush(ctx context.Context, cfg *config.Config, log *slog.Logger) (err error) {
	if p.vapid, err = gateway.LoadVAPID(ctx, p.store); err != nil {
		return err
	}
	roots, err := rootCAs(cfg.CAFile)
	if err != nil {
		return err
	}
	p.push, err = gateway.Start(ctx, gateway.Options{
		Store: p.store, NodeID: p.bus.NodeID(), ServerName: cfg.ServerName, VAPID: p.vapid, Peers: func() int { return p.bus.Stats().Peers },
		AllowPrivate: cfg.AllowPrivateAddresses, RootCAs: roots, Log: log,
	})
	if err != nil {
		return err
	}
	p.later(func(context.Context) { p.push.Close() })
	return nil
}

func (p *parts) startEphemeral(cfg *config.Config, log *slog.Logger) (err error) {
	if p.typing, err = ephemeral.NewTyping(p.bus, log, p.typingChanged); err != nil {
		return fmt.Errorf("listening to the other nodes: %w", err)
	}
	p.later(func(context.Context) { p.typing.Close() })
	if cfg.Presence {
		if p.presence, err = ephemeral.NewPresence(p.bus, p.store, log, p.presenceChanged); err != nil {
			return fmt.Errorf("listening to the other nodes: %w", err)
		}
		p.later(func(ctx context.Context) {
			if err := p.presence.Close(ctx); err != nil {
				log.Warn("saving presence failed", "err", err)
			}
		})
	}
	p.sync.SetEphemeral(p.typing, p.presence)
	p.delivery.SetEphemeral(p.typing, p.presence)
	return nil
}

func (p *parts) startAccounts(cfg *config.Config, log *slog.Logger) error {
	o := account.Options{
		ServerName: cfg.ServerName, Store: p.store, Registration: account.Registration(cfg.Registration), AllowGuests: cfg.AllowGuests,
		SharedSecret: string(cfg.RegistrationSharedSecret), AccessLifetime: cfg.Tokens.AccessLifetime.Std(),
		RefreshLifetime: cfg.Tokens.RefreshLifetime.Std(), OnRevoked: p.tellRevoked(log),
		Reserved: p.reserved, Rooms: p.rooms, Log: log,
	}
	if p.limiter != nil {
		o.FailedLogin = p.countFailedLogin
	}
	p.accounts = account.New(o)
	p.later(func(context.Context) { p.accounts.Close() })
	return p.hearRevoked()
}

// startWeb starts the pages for browsers, and the API by which apps send their users there.
func (p *parts) startWeb(ctx context.Context, cfg *config.Config, log *slog.Logger) (err error) {
	var limiter webauth.Limiter
	if p.limiter != nil { // a nil *Limiter in the interface would not be nil
		limiter = p.limiter
	}
	p.web = webauth.New(webauth.Options{
		ServerName: cfg.ServerName, BaseURL: cfg.PublicBaseURL, Entrances: cfg.Entrances, TrustedProxies: cfg.TrustedProxies, Store: p.store,
		Accounts: p.accounts,
		Limiter:  limiter, Log: log,
	})
	p.later(func(context.Context) { p.web.Close() })
	if !cfg.OAuth {
		return nil
	}
	p.oauth, err = oauth.New(ctx, oauth.Options{
		ServerName: cfg.ServerName, BaseURL: cfg.PublicBaseURL, Entrances: cfg.Entrances, TrustedProxies: cfg.TrustedProxies, Store: p.store,
		Accounts: p.accounts, Web: p.web,
		Limiter: limiter, Log: log,
	})
	if err != nil {
		return fmt.Errorf("starting OAuth: %w", err)
	}
	p.later(func(context.Context) { p.oauth.Close() })
	return nil
}

func (p *parts) startMedia(cfg *config.Config, log *slog.Logger) error {
	roots, err := rootCAs(cfg.CAFile)
	if err != nil {
		return err
	}
	blobs, err := p.openBlobs(cfg, roots, log)
	if err != nil {
		return err
	}
	c := media.DefaultConfig(cfg.ServerName)
	c.MaxUpload = int64(cfg.Media.MaxUploadSize)
	c.AllowedTypes = cfg.Media.AllowedTypes
	c.UserQuota = int64(cfg.Media.UserQuota)
	c.MaxPending = cfg.Media.MaxPending
	c.PendingLifetime = cfg.Media.PendingLifetime.Std()
	c.MaxPixels = int64(cfg.Media.MaxImagePixels)
	c.Previews = cfg.URLPreviews.Enabled
	c.PreviewLifetime = cfg.URLPreviews.Lifetime.Std()
	c.PreviewMaxSize = int64(cfg.URLPreviews.MaxSize)
	c.PreviewTimeout = cfg.URLPreviews.Timeout.Std()
	c.AllowPrivateAddresses = cfg.AllowPrivateAddresses
	c.RootCAs = roots
	p.media = media.New(c, blobs, p.store, log)
	return nil
}

// rootCAs are the system's certificate authorities and those of the file; nil for the system's alone.
func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading ca_file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading ca_file: no certificate in %s", file)
	}
	return pool, nil
}
