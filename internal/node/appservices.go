package node

import (
	"context"
	"fmt"
	"log/slog"

	"bongsu.org/bongsu/internal/appservice"
	"bongsu.org/bongsu/internal/appservice/registration"
	"bongsu.org/bongsu/internal/config"
)

// startAppservices reads the registrations and begins to send. It comes before rooms, whose first batch it is told of.
func (p *parts) startAppservices(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	registrations, err := registration.LoadAll(cfg.Appservices, cfg.ServerName)
	if err != nil {
		return fmt.Errorf("reading the registrations of application services: %w", err)
	}
	roots, err := rootCAs(cfg.CAFile)
	if err != nil {
		return err
	}
	p.appservices = appservice.New(appservice.Options{Registrations: registrations, ServerName: cfg.ServerName, RootCAs: roots, Log: log})
	p.delivery, err = appservice.StartDelivery(ctx, appservice.DeliveryOptions{
		Services: p.appservices, Store: p.store, NodeID: p.bus.NodeID(), Log: log,
	})
	if err != nil {
		return fmt.Errorf("starting to send to application services: %w", err)
	}
	p.later(func(context.Context) { p.delivery.Close() })
	return nil
}

// makeServiceUsers makes the accounts of the services' own users.
func (p *parts) makeServiceUsers(ctx context.Context) error {
	for _, s := range p.appservices.All() {
		if err := p.accounts.EnsureServiceUser(ctx, s.Sender); err != nil {
			return fmt.Errorf("making the user of the application service %s: %w", s.ID, err)
		}
	}
	return nil
}

// typingChanged and presenceChanged tell clients and application services.
func (p *parts) typingChanged(roomID string) {
	p.sync.TypingChanged(roomID)
	p.delivery.EphemeralChanged()
}

func (p *parts) presenceChanged(userID string) {
	p.sync.PresenceChanged(userID)
	p.delivery.EphemeralChanged()
}
