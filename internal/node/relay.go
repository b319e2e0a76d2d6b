package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu.org/bongsu/internal/clientapi"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/relay"
	"bongsu.org/bongsu/internal/store"
)

// metaTURNSecret is where the database keeps the secret of relays for which none is set. All nodes share it.
const metaTURNSecret = "turn_secret"

// startRelay starts the relay in this program, if there is to be one, and finds out what clients are told.
func (p *parts) startRelay(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	t := cfg.TURN
	p.turn = clientapi.TURN{
		URIs: t.URIs, Secret: string(t.Secret), Username: t.Username, Password: string(t.Password), Lifetime: t.Lifetime.Std(),
	}
	if !t.BuiltIn() {
		return nil
	}
	var err error
	if p.turn.Secret == "" {
		if p.turn.Secret, err = turnSecret(ctx, p.store); err != nil {
			return err
		}
	}
	if len(t.URIs) == 0 {
		p.turn.URIs = relayURIs(t)
	}
	o := relay.Options{
		Listen: t.Listen, TLSListen: t.TLSListen, MinPort: t.RelayPorts.First, MaxPort: t.RelayPorts.Last, Realm: t.Realm,
		Secret: p.turn.Secret, PerUser: t.QuotaPerUser, Total: t.MaxAllocations, AllowPrivatePeers: t.AllowPrivatePeers, Log: log,
	}
	if o.Realm == "" {
		o.Realm = cfg.ServerName
	}
	for _, text := range t.PublicAddresses {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("reading turn.public_addresses: %w", err)
		}
		o.Public = append(o.Public, addr)
	}
	if t.TLSListen != "" {
		certificate, err := loadCertificate(t.TLSCertificate, t.TLSKey)
		if err != nil {
			return fmt.Errorf("reading the relay's certificate: %w", err)
		}
		o.TLS = &tls.Config{GetCertificate: certificate.get, MinVersion: tls.VersionTLS12}
	}
	if p.relay, err = relay.Start(ctx, o); err != nil {
		return err
	}
	p.later(func(context.Context) { p.relay.Close() })
	return nil
}

func turnSecret(ctx context.Context, st *store.Store) (string, error) {
	secret, err := st.OnceMeta(ctx, metaTURNSecret, func() ([]byte, error) {
		raw := make([]byte, 32)
		_, err := rand.Read(raw)
		return []byte(hex.EncodeToString(raw)), err
	})
	if err != nil {
		return "", fmt.Errorf("reading the relays' secret: %w", err)
	}
	return string(secret), nil
}

// relayURIs name this node's relay (RFC 7065).
func relayURIs(t config.TURN) []string {
	host := t.PublicHost
	if host == "" {
		host = t.PublicAddresses[0]
	}
	var out []string
	add := func(scheme, listen, transport string) {
		if _, port, err := net.SplitHostPort(listen); err == nil {
			out = append(out, scheme+":"+net.JoinHostPort(host, port)+"?transport="+transport)
		}
	}
	add("turn", t.Listen, "udp")
	add("turn", t.Listen, "tcp")
	add("turns", t.TLSListen, "tcp")
	return out
}

var (
	descRelays       = prometheus.NewDesc("bongsu_turn_allocations", "Relay addresses in use.", nil, nil)
	descRelaysMade   = prometheus.NewDesc("bongsu_turn_allocations_total", "Relay addresses made.", nil, nil)
	descRelayRefused = prometheus.NewDesc("bongsu_turn_refused_total", "What the relay refused, by reason: credential, quota or peer.", []string{"reason"}, nil)
	descRelayBytes   = prometheus.NewDesc("bongsu_turn_bytes_total", "Bytes relayed, by direction: to_peer or from_peer.", []string{"direction"}, nil)
)

// relayMetrics tells of the relay.
func relayMetrics(s relay.Stats, gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string)) {
	gauge(descRelays, float64(s.Held))
	count(descRelaysMade, s.Made)
	count(descRelayRefused, s.RefusedLogins, "credential")
	count(descRelayRefused, s.RefusedPlaces, "quota")
	count(descRelayRefused, s.RefusedPeers, "peer")
	count(descRelayBytes, s.Sent, "to_peer")
	count(descRelayBytes, s.Received, "from_peer")
}
