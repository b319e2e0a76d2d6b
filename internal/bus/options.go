package bus

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options say how a node joins its cluster.
type Options struct {
	ClusterName      string      // the same on all nodes; nodes of another name are refused. The server name is a good one
	ClusterListen    string      // HOST:PORT for the other nodes; port 0 takes a free one
	ClusterAdvertise string      // HOST:PORT to tell the other nodes, where it differs from ClusterListen (address translation)
	Routes           []string    // HOST:PORT of other nodes; one that answers is enough, and naming oneself does no harm
	ClusterSecret    string      // shared by all nodes; whoever does not know it is refused
	TLS              *tls.Config // encrypts what goes between nodes; nil where the network between them is private. See LoadTLS
}

// Alone reports whether the options describe a node without a cluster, which needs NewLocal and not Start.
func (o Options) Alone() bool { return o.ClusterListen == "" && len(o.Routes) == 0 }

const (
	routeUser  = "node"
	clientUser = "self"
	maxClients = 4 // this process, and what is left of its former connections
	// maxPending bounds the bytes that wait for one node; a node that is further behind is disconnected and comes back empty.
	maxPending = 16 << 20
	// A node that says nothing for pingInterval × (pingsOut+1) counts as lost. Wake-ups may be late by that much; the look every few
	// seconds at the database is not slower.
	pingInterval  = 2 * time.Second
	pingsOut      = 2
	writeDeadline = 2 * time.Second
)

// serverOptions are those of the NATS server in this process. Its only client is this process, over a pipe; that door's password is known to
// no one else. The server also listens for clients on a loopback port, because with DontListen this version of it never starts its routes.
func (o Options) serverOptions(nodeID, clientPassword string) (*server.Options, error) {
	host, port, err := splitListen(o.ClusterListen)
	if err != nil {
		return nil, err
	}
	if o.ClusterSecret == "" {
		return nil, errors.New("bus: a cluster needs a cluster secret")
	}
	if o.ClusterName == "" {
		return nil, errors.New("bus: a cluster needs a name")
	}
	password := routePassword(o.ClusterSecret)
	routes := make([]*url.URL, 0, len(o.Routes))
	for _, route := range o.Routes {
		if _, _, err := net.SplitHostPort(route); err != nil {
			return nil, fmt.Errorf("bus: route %q is not HOST:PORT: %w", route, err)
		}
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: route, User: url.UserPassword(routeUser, password)})
	}
	return &server.Options{
		ServerName:          nodeID,
		Host:                "127.0.0.1",
		Port:                server.RANDOM_PORT,
		Username:            clientUser,
		Password:            clientPassword,
		MaxConn:             maxClients,
		NoSigs:              true,
		NoSystemAccount:     true,
		NoFastProducerStall: true, // a slow node must not slow this one down
		MaxPayload:          MaxPayload,
		MaxPending:          maxPending,
		WriteDeadline:       writeDeadline,
		Routes:              routes,
		Cluster: server.ClusterOpts{
			Name:           "bongsu-" + o.ClusterName,
			Host:           host,
			Port:           port,
			Advertise:      o.ClusterAdvertise,
			NoAdvertise:    true, // of the loopback port for clients; nodes still learn of each other
			Username:       routeUser,
			Password:       password,
			TLSConfig:      o.TLS,
			PoolSize:       -1, // one connection a pair of nodes keeps one publisher's messages in order
			PingInterval:   pingInterval,
			MaxPingsOut:    pingsOut,
			WriteDeadline:  writeDeadline,
			ConnectRetries: 120, // for nodes known from hearsay, at one a second; configured ones are tried for ever
		},
	}, nil
}

// routePassword derives what the nodes show each other, so that the secret itself is never sent and may hold any character.
func routePassword(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("bongsu cluster route v1"))
	return hex.EncodeToString(mac.Sum(nil))
}

func splitListen(listen string) (host string, port int, err error) {
	if listen == "" {
		return "", 0, errors.New("bus: a node with routes needs an address to listen on for the other nodes")
	}
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("bus: cluster address %q is not HOST:PORT: %w", listen, err)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("bus: cluster address %q: %q is not a port", listen, text)
	}
	if number == 0 {
		return host, -1, nil // NATS takes 0 for "no cluster" and -1 for "any free port"
	}
	return host, int(number), nil
}

// LoadTLS reads a node's certificate and key and the authority that signs all nodes' certificates. Each end of a route checks the other.
// The certificate must be good for servers and for clients, under the name that the other nodes' routes use.
func LoadTLS(certFile, keyFile, caFile string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster certificate: %w", err)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the cluster authority: no certificate in %s", caFile)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{pair},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}, nil
}
