package relay

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/pion/turn/v5"

	"bongsu.org/bongsu/internal/relay/credential"
)

// Server is a running TURN server.
type Server struct {
	o      Options
	turn   *turn.Server
	guard  *guard
	places *places
	count  counters

	udp, tcp, tls []net.Addr
}

// counters are what metrics are made of.
type counters struct {
	made, refusedLogins, refusedPlaces, refusedPeers atomic.Uint64
	sent, received                                   atomic.Uint64
}

// Stats is what a server has done.
type Stats struct {
	// Held is the number of relay addresses in use, Made that of all there were.
	Held int
	Made uint64
	// RefusedLogins, RefusedPlaces and RefusedPeers count what was refused: for a credential, for a quota, for a peer's address.
	RefusedLogins, RefusedPlaces, RefusedPeers uint64
	// Sent and Received are bytes to and from peers.
	Sent, Received uint64
}

// Start opens the listeners. The context ends the start, not the server.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{o: o, places: &places{perUser: o.PerUser, total: o.Total, held: map[string]int{}}}
	s.guard = &guard{Options: &s.o, peers: map[string]map[netip.Addr]struct{}{}}
	config := turn.ServerConfig{
		Realm: o.Realm, LoggerFactory: logs{o.Log}, AuthHandler: s.login,
		QuotaHandler: s.mayHave,
		EventHandler: turn.EventHandler{
			OnAuth:              s.loginChecked,
			OnAllocationCreated: func(_, _ net.Addr, _, _, _ string, _ net.Addr, _ int) { s.count.made.Add(1) },
			OnPermissionCreated: func(client, _ net.Addr, _, _, _ string, _ net.Addr, peer net.IP) { s.guard.added(client, peer) },
			OnPermissionDeleted: func(client, _ net.Addr, _, _, _ string, _ net.Addr, peer net.IP) { s.guard.removed(client, peer) },
		},
	}
	defer func() {
		if err != nil {
			closeAll(&config)
		}
	}()
	if err := s.listen(ctx, &config); err != nil {
		return nil, err
	}
	if s.turn, err = turn.NewServer(config); err != nil {
		return nil, fmt.Errorf("starting the relay: %w", err)
	}
	return s, nil
}

// listen opens what is to be listened on, for each family apart, so that an address is told from its mapped form.
func (s *Server) listen(ctx context.Context, config *turn.ServerConfig) error {
	var lc net.ListenConfig
	relayed := &addresses{Options: &s.o, guard: s.guard, places: s.places, count: &s.count}
	for _, family := range s.o.families(s.o.Listen) {
		conn, err := lc.ListenPacket(ctx, "udp"+family, s.o.Listen)
		if err != nil {
			return fmt.Errorf("opening the relay's address: %w", err)
		}
		s.udp = append(s.udp, conn.LocalAddr())
		config.PacketConnConfigs = append(config.PacketConnConfigs,
			turn.PacketConnConfig{PacketConn: conn, RelayAddressGenerator: relayed, PermissionHandler: s.peerAllowed})
	}
	stream := func(address string, secure *tls.Config, opened *[]net.Addr) error {
		for _, family := range s.o.families(address) {
			l, err := lc.Listen(ctx, "tcp"+family, address)
			if err != nil {
				return fmt.Errorf("opening the relay's address: %w", err)
			}
			*opened = append(*opened, l.Addr())
			config.ListenerConfigs = append(config.ListenerConfigs, turn.ListenerConfig{
				Listener: newBoundedListener(l, secure), RelayAddressGenerator: relayed, PermissionHandler: s.peerAllowed,
			})
		}
		return nil
	}
	if err := stream(s.o.Listen, nil, &s.tcp); err != nil {
		return err
	}
	return stream(s.o.TLSListen, s.o.TLS, &s.tls)
}

// login gives the key that whoever names this user must hold (RFC 8489, 9.2: MD5 of name, realm and password).
func (s *Server) login(r *turn.RequestAttributes) (user string, key []byte, ok bool) {
	user, ok = credential.User(r.Username, s.o.now())
	if !ok || r.Realm != s.o.Realm {
		s.count.refusedLogins.Add(1)
		return "", nil, false
	}
	return user, turn.GenerateAuthKey(r.Username, s.o.Realm, credential.Password(s.o.Secret, r.Username)), true
}

// loginChecked hears how a login went whose name was in order.
func (s *Server) loginChecked(_, _ net.Addr, _, _, _, _ string, good bool) {
	if !good {
		s.count.refusedLogins.Add(1)
	}
}

func (s *Server) mayHave(user, _ string, _ net.Addr) bool {
	if s.places.free(user) {
		return true
	}
	s.count.refusedPlaces.Add(1)
	return false
}

func (s *Server) peerAllowed(client net.Addr, peer net.IP) bool {
	if s.guard.admit(client, peer) {
		return true
	}
	s.count.refusedPeers.Add(1)
	return false
}

// Stats tells what the server has done.
func (s *Server) Stats() Stats {
	c := &s.count
	return Stats{
		Held: s.places.taken(), Made: c.made.Load(), RefusedLogins: c.refusedLogins.Load(), RefusedPlaces: c.refusedPlaces.Load(),
		RefusedPeers: c.refusedPeers.Load(), Sent: c.sent.Load(), Received: c.received.Load(),
	}
}

// Drain makes no new relay addresses from now on; what there is goes on.
func (s *Server) Drain() { s.places.drain() }

// Close ends all that is relayed.
func (s *Server) Close() {
	if err := s.turn.Close(); err != nil {
		s.o.Log.Debug("closing the relay", "err", err)
	}
}

func closeAll(c *turn.ServerConfig) {
	for _, one := range c.PacketConnConfigs {
		_ = one.PacketConn.Close()
	}
	for _, one := range c.ListenerConfigs {
		_ = one.Listener.Close()
	}
}
