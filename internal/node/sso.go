package node

import (
	"context"
	"fmt"
	"log/slog"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/netguard"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/webaccount"
	"bongsu.org/bongsu/internal/websso"
)

// startSingleSignOn reads the providers, and adds their pages and those of accounts. That a provider is down keeps no server from starting; the log says so.
func (p *parts) startSingleSignOn(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	providers, err := provider.LoadAll(cfg.SingleSignOn.Providers)
	if err != nil {
		return fmt.Errorf("reading the providers of single sign-on: %w", err)
	}
	roots, err := rootCAs(cfg.CAFile)
	if err != nil {
		return err
	}
	// The operator names the providers, and may run them in the same network.
	transport := netguard.Transport(netguard.Options{AllowPrivate: true, RootCAs: roots})
	p.sso, err = sso.New(ctx, sso.Options{Providers: providers, Store: p.store, Transport: transport, Log: log})
	if err != nil {
		return err
	}
	websso.New(websso.Options{
		Web: p.web, SSO: p.sso, Accounts: p.accounts, TrustedClients: cfg.SingleSignOn.TrustedClients, Log: log,
	})
	webaccount.New(webaccount.Options{Web: p.web, Accounts: p.accounts, SSO: p.sso, Resets: p.oauth != nil})
	p.checkProviders(providers, log)
	return nil
}

// checkProviders tells the operator of providers that do not answer, before a person finds out.
func (p *parts) checkProviders(providers []*provider.Provider, log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, one := range providers {
			if err := p.sso.Check(ctx, one.ID); err != nil && ctx.Err() == nil {
				log.Warn("a provider of single sign-on is not available; it is asked again when somebody signs in", "provider", one.ID, "err", err)
			}
		}
	}()
	p.later(func(context.Context) {
		cancel()
		<-done
		p.sso.Close()
	})
}
