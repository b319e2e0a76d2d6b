// Package config holds the settings of a server: one struct, with defaults that run.
//
// A setting comes from, each overriding the one before it: the defaults, the YAML file, the environment (BONGSU_ and the
// setting's path in capitals: media.max_upload_size is BONGSU_MEDIA_MAX_UPLOAD_SIZE), the command line.
//
// A wrong setting never passes in silence: Load names the setting, where it was set (file and line, variable or flag) and what is
// allowed, for all wrong settings at once. Unknown names are wrong settings. The comments in this file are the documentation
// that Print writes beside each setting. The package opens no connection and creates no file.
package config

import (
	"net/netip"
	"path/filepath"
	"time"
)

// Config is every setting of a server. The tags say how a setting is written in YAML and which values it takes.
type Config struct {
	// The name in user and room ids (@alice:NAME), for ever: it cannot be changed once the database is made.
	// A domain that you own, with a port only if clients reach the name on another port than 443.
	ServerName string `yaml:"server_name"`
	// Where clients reach this server, such as https://chat.example.org. Shown to clients in /.well-known/matrix/client; empty for the
	// address by which they asked.
	PublicBaseURL string `yaml:"public_base_url"`
	// Further addresses of this server, such as one in each data centre: [https://a.example.org, https://b.example.org]. The web client
	// goes on to the next one when the one it uses does not answer. Shown to clients as org.bongsu.entrances in
	// /.well-known/matrix/client.
	Entrances []string `yaml:"entrances"`
	// The address and port to serve HTTP on, or HTTPS where tls is set. Without it, put a TLS proxy in front before you open it to others.
	Listen string `yaml:"listen"`
	// The name of the data centre that this node is in, such as seoul. `bongsu status` tells by it whether the others could carry the load.
	Site string `yaml:"site"`
	// The folder for all of the server's state: the SQLite database, media, and bongsu.yaml if there is one.
	Data string `yaml:"data"`
	// Empty for an SQLite database in the data folder, or postgres://USER:PASSWORD@HOST/NAME. Several hosts may be given
	// (HOST1:5432,HOST2:5432): the writable one is found, and found again when it moves.
	Database string `yaml:"database"`
	// The PostgreSQL servers, as HOST:PORT, that are read first while none can be written: name the one in this node's own site. The
	// others of `database` come after them, in their order.
	DatabaseReads []string `yaml:"database_reads"`
	// How long a request waits for a database that can take it, before it is told to come again (503). Longer than a failover takes, and
	// shorter than what stands before the server waits for an answer.
	DatabasePatience Duration `yaml:"database_patience" min:"1s" max:"2m"`
	// How many lanes a new PostgreSQL database gets. Commits in different lanes run side by side, and the fewer there are the more
	// messages share a commit: about as many as the database has cores, halved, is a good number. Fixed when the database is made;
	// SQLite always has one.
	Lanes int `yaml:"lanes" min:"1" max:"64"`
	// Who may register: open (anyone), token (whoever has a registration token), closed (nobody; accounts come from `bongsu user add`).
	Registration Registration `yaml:"registration" allow:"open|token|closed"`
	// The secret with which tools may register accounts at /_synapse/admin/v1/register. Empty turns that endpoint off.
	RegistrationSharedSecret Secret `yaml:"registration_shared_secret"`
	// Whether guests, who have no password and may only enter rooms that allow it, may register even if registration is not open.
	AllowGuests bool `yaml:"allow_guests"`
	// Whether apps may log their users in by way of the browser (the OAuth 2.0 API, which Element X uses), beside the login by password
	// in the app.
	OAuth bool `yaml:"oauth"`
	// The version of new rooms.
	DefaultRoomVersion string `yaml:"default_room_version" allow:"6|7|8|9|10|11|12"`
	// Whether users see each other's presence (online, away, last active).
	Presence bool `yaml:"presence"`
	// Whether URL previews, push and other requests that users can cause may reach private addresses (10.0.0.0/8, localhost and
	// so on). Leave it off unless what they must reach is inside your own network.
	AllowPrivateAddresses bool `yaml:"allow_private_addresses"`
	// A PEM file of certificate authorities to trust for outgoing TLS, besides the system's.
	CAFile string `yaml:"ca_file"`
	// Proxies whose X-Forwarded-For header is believed, as networks: [127.0.0.1/32, 10.1.0.0/16]. All others are not believed.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// The registration files of application services (bridges, bots and the like), each as its service made it.
	Appservices []string `yaml:"appservices"`
	// How long a stopping server waits for running requests. Commits always run to their end.
	ShutdownTimeout Duration `yaml:"shutdown_timeout" min:"1s" max:"10m"`

	// New rooms.
	Rooms Rooms `yaml:"rooms"`
	// A certificate for the address that is served on.
	TLS TLS `yaml:"tls"`
	// How much a user, or an address before anyone has logged in, may do.
	RateLimits RateLimits `yaml:"rate_limits"`
	// Access tokens.
	Tokens Tokens `yaml:"tokens"`
	// Signing in with other providers, such as a company's own, instead of a password of this server.
	SingleSignOn SingleSignOn `yaml:"single_sign_on"`
	// Long-polling /sync requests.
	Sync Sync `yaml:"sync"`
	// Files that users upload.
	Media Media `yaml:"media"`
	// Previews of linked pages, which the server fetches for its users.
	URLPreviews URLPreviews `yaml:"url_previews"`
	// TURN servers, which carry calls between devices that cannot reach each other: one in this program, or others.
	TURN TURN `yaml:"turn"`
	// Notices, which the server sends to its users in a room that each of them has for it.
	Notices Notices `yaml:"notices"`
	// Where users get help with this server. Shown to everybody, in /.well-known/matrix/support.
	Support Support `yaml:"support"`
	// Wake-ups between the nodes of a cluster. One node alone needs none of it.
	Bus Bus `yaml:"bus"`
	// The log, on standard error.
	Log Log `yaml:"log"`
	// Prometheus metrics.
	Metrics Metrics `yaml:"metrics"`
}

// Rooms says what new rooms are like.
type Rooms struct {
	// Which new rooms are end-to-end encrypted although nobody asked for it: private (those that one enters by invitation: the presets
	// private_chat and trusted_private_chat), all, or off. Spaces never are. A room that is encrypted stays so, whatever is set here.
	EncryptByDefault EncryptByDefault `yaml:"encrypt_by_default" allow:"private|all|off"`
}

// TLS names the certificate of the server's own HTTPS.
type TLS struct {
	// A PEM file with the certificate, and those that sign it. It is read again when it changes. Empty for plain HTTP.
	Certificate string `yaml:"certificate"`
	// The PEM file with the certificate's key.
	Key string `yaml:"key"`
}

// RateLimits are the limits on what one user or one address may do. A rate is written as 10/s, 30/min or 100/h, and may say how much
// can come at once: 10/s burst 50.
type RateLimits struct {
	// Whether limits apply at all.
	Enabled bool `yaml:"enabled"`
	// Events sent, of any type, by one user.
	Messages Rate `yaml:"messages"`
	// Rooms joined by one user.
	Joins Rate `yaml:"joins"`
	// Invitations sent by one user.
	Invites Rate `yaml:"invites"`
	// Rooms made by one user.
	Rooms Rate `yaml:"rooms"`
	// Files uploaded by one user.
	Uploads Rate `yaml:"uploads"`
	// URL previews asked for by one user.
	Previews Rate `yaml:"previews"`
	// Attempts to log in from one address.
	Login Rate `yaml:"login"`
	// Wrong passwords for one account, from wherever they come.
	LoginFailures Rate `yaml:"login_failures"`
	// Accounts registered, and names tried, from one address.
	Registration Rate `yaml:"registration"`
	// Other requests that cost something, each kind by itself, of one user or of one address without a login.
	Requests Rate `yaml:"requests"`
}

// Tokens says how long logins last.
type Tokens struct {
	// How long an access token works, for clients that can refresh it. Clients that cannot get one that lasts until logout.
	AccessLifetime Duration `yaml:"access_lifetime" min:"1m" max:"365d"`
	// How long a refresh token works when it is not used. 0 means until logout.
	RefreshLifetime Duration `yaml:"refresh_lifetime" min:"0" max:"3650d"`
}

// SingleSignOn says who else vouches for people.
type SingleSignOn struct {
	// The files that describe the providers, one each: OpenID Connect providers such as Keycloak, Authentik, Google or Microsoft Entra.
	Providers []string `yaml:"providers"`
	// Addresses of web apps that a user is logged in to without a question once signed in here, such as https://app.example.org. All
	// other apps are named to the user first, who must agree.
	TrustedClients []string `yaml:"trusted_clients"`
}

// Sync bounds the waiting /sync requests.
type Sync struct {
	// How many requests may wait on one node. Past it, clients are asked to try again later.
	MaxWaiters int `yaml:"max_waiters" min:"1" max:"1000000"`
}

// Media says how uploaded files are kept.
type Media struct {
	// The folder for uploaded files. Empty for media in the data folder.
	Directory string `yaml:"directory"`
	// Several places for uploaded files, instead of the folder: each is a folder or a bucket, as s3://HOST[:PORT]/BUCKET[/PREFIX]. What is
	// read is asked of the first, and of the others if it fails. Options of a bucket follow a question mark: credentials=FILE (in the
	// form of ~/.aws/credentials; without it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY count), profile=NAME, region=NAME, style=host
	// where the bucket belongs into the host's name, tls=off.
	Stores []string `yaml:"stores"`
	// How many of the stores must have acknowledged a file before its upload is. 0 for two of them, or one if there is one.
	RequiredStores int `yaml:"required_stores" min:"0" max:"16"`
	// The largest file that a user may upload.
	MaxUploadSize Size `yaml:"max_upload_size" min:"1KiB" max:"100GiB"`
	// Which types may be uploaded, as patterns such as image/*. Empty for all. Of encrypted files the server does not see the type.
	AllowedTypes []string `yaml:"allowed_types"`
	// How much one user may store in all. 0 for any amount.
	UserQuota Size `yaml:"user_quota" min:"0" max:"1048576GiB"`
	// How many pixels of images may be decoded at the same time, at four bytes of memory each. A larger image gets no thumbnail.
	MaxImagePixels int `yaml:"max_image_pixels" min:"1000000" max:"1000000000"`
	// How long a client may take to upload a file for which it has reserved an address.
	PendingLifetime Duration `yaml:"pending_lifetime" min:"1m" max:"30d"`
	// How many addresses one user may have reserved and not yet filled.
	MaxPending int `yaml:"max_pending" min:"1" max:"10000"`
}

// URLPreviews says which pages are fetched.
type URLPreviews struct {
	// Whether the server fetches linked pages at all.
	Enabled bool `yaml:"enabled"`
	// The largest page or image that is fetched.
	MaxSize Size `yaml:"max_size" min:"1KiB" max:"100MiB"`
	// How long a preview is kept before the page is fetched again.
	Lifetime Duration `yaml:"lifetime" min:"1m" max:"30d"`
	// How long a fetch may take.
	Timeout Duration `yaml:"timeout" min:"1s" max:"2m"`
}

// TURN names relays for calls.
type TURN struct {
	// The relays that clients are told of, such as turn:turn.example.org:3478?transport=udp or turns:turn.example.org:5349. Empty for none,
	// or for the built-in one of this node where turn.listen is set.
	URIs []string `yaml:"uris"`
	// The secret that the relays share with this server (static-auth-secret in coturn). Users then get credentials that end by themselves.
	// May be empty for built-in relays alone: they find one in the database.
	Secret Secret `yaml:"secret"`
	// The name with which everybody logs in at the relays, for relays without a shared secret.
	Username string `yaml:"username"`
	// The password that goes with the name.
	Password Secret `yaml:"password"`
	// How long credentials are good. Clients ask for new ones in time.
	Lifetime Duration `yaml:"lifetime" min:"1m" max:"30d"`
	// The address and port where the built-in relay listens for UDP and TCP, such as :3478. Empty, with tls_listen, for no built-in relay.
	Listen string `yaml:"listen"`
	// The address and port where it listens for TLS, such as :5349.
	TLSListen string `yaml:"tls_listen"`
	// A PEM file with the certificate for tls_listen, and those that sign it. It is read again when it changes.
	TLSCertificate string `yaml:"tls_certificate"`
	// The PEM file with the certificate's key.
	TLSKey string `yaml:"tls_key"`
	// The addresses by which the Internet reaches this node's relay: one of IPv4, one of IPv6, or both.
	PublicAddresses []string `yaml:"public_addresses"`
	// The name that clients are told for this node's relay, such as turn1.example.org. Empty for the first public address. TLS needs the
	// name that stands in the certificate.
	PublicHost string `yaml:"public_host"`
	// The realm of the built-in relay. Empty for the server's name.
	Realm string `yaml:"realm"`
	// The UDP ports of relay addresses, as FIRST-LAST. The firewall must let the Internet reach them.
	RelayPorts PortRange `yaml:"relay_ports"`
	// How many relay addresses one user may hold at the same time. A call takes one or two of each device.
	QuotaPerUser int `yaml:"quota_per_user" min:"1" max:"1000"`
	// How many relay addresses all users together may hold.
	MaxAllocations int `yaml:"max_allocations" min:"1" max:"60000"`
	// Whether the relay may reach private addresses (10.0.0.0/8, localhost and so on). Leave it off unless calls are to cross your own
	// network only: users can then send datagrams to anything inside it.
	AllowPrivatePeers bool `yaml:"allow_private_peers"`
}

// Notices says whom server notices come from.
type Notices struct {
	// The first part of the id of the user whom notices come from: @notices:NAME. Nobody else can have it. Empty for no notices.
	User string `yaml:"user"`
	// What that user and the rooms are called.
	Name string `yaml:"name"`
}

// Support says whom users may ask.
type Support struct {
	// Matrix users to ask about anything, such as @admin:example.org. At best one on another server, for when this one is down.
	AdminUsers []string `yaml:"admin_users"`
	// E-mail addresses to ask about anything.
	AdminEmails []string `yaml:"admin_emails"`
	// Matrix users to tell about weaknesses of this server.
	SecurityUsers []string `yaml:"security_users"`
	// E-mail addresses to tell about weaknesses of this server.
	SecurityEmails []string `yaml:"security_emails"`
	// The address of a page with help.
	Page string `yaml:"page"`
}

// Bus joins the nodes of a cluster with NATS, which is built in. It carries hints only: no message is lost if it fails.
type Bus struct {
	// The address and port where other nodes connect. Empty for a node alone.
	ClusterListen string `yaml:"cluster_listen"`
	// The cluster_listen addresses of other nodes, as HOST:PORT. One that works is enough: nodes tell each other about the rest.
	Routes []string `yaml:"routes"`
	// Where other nodes reach this one, as HOST:PORT, if that is not cluster_listen: behind address translation.
	ClusterAdvertise string `yaml:"cluster_advertise"`
	// The secret that all nodes share. Needed as soon as cluster_listen is set.
	Secret Secret `yaml:"secret"`
	// A PEM file with this node's certificate, to encrypt what goes between nodes; it must be good for servers and clients, under the
	// name that the other nodes' routes use. Leave the three empty only if the network between the nodes is private.
	TLSCertificate string `yaml:"tls_certificate"`
	// The PEM file with the certificate's key.
	TLSKey string `yaml:"tls_key"`
	// The PEM file of the authority that signs the certificates of all nodes.
	TLSAuthority string `yaml:"tls_authority"`
}

// Log says what is logged and how.
type Log struct {
	// The least severe level that is logged.
	Level LogLevel `yaml:"level" allow:"debug|info|warn|error"`
	// Text for people, JSON for collectors.
	Format LogFormat `yaml:"format" allow:"text|json"`
}

// Metrics says where metrics are served.
type Metrics struct {
	// The address and port that serves /metrics and profiles (/debug/pprof/). It asks for no login: keep it inside your network.
	// Empty for none.
	Listen string `yaml:"listen"`
}

// Default returns the settings of a server that was told nothing. They run.
func Default() Config {
	return Config{
		ServerName:         "localhost",
		Listen:             "127.0.0.1:8008",
		Data:               "data",
		DatabasePatience:   Duration(15 * time.Second),
		Lanes:              2,
		Registration:       RegistrationToken,
		DefaultRoomVersion: "12",
		OAuth:              true,
		Presence:           true,
		ShutdownTimeout:    Duration(20 * time.Second),
		Rooms:              Rooms{EncryptByDefault: EncryptPrivate},
		RateLimits: RateLimits{
			Enabled:       true,
			Messages:      Rate{Count: 10, Per: time.Second, Burst: 100},
			Joins:         Rate{Count: 1, Per: time.Second, Burst: 50},
			Invites:       Rate{Count: 1, Per: time.Second, Burst: 100},
			Rooms:         Rate{Count: 10, Per: time.Minute, Burst: 20},
			Uploads:       Rate{Count: 2, Per: time.Second, Burst: 60},
			Previews:      Rate{Count: 2, Per: time.Second, Burst: 30},
			Login:         Rate{Count: 30, Per: time.Minute, Burst: 30},
			LoginFailures: Rate{Count: 10, Per: time.Minute, Burst: 10},
			Registration:  Rate{Count: 20, Per: time.Minute, Burst: 20},
			Requests:      Rate{Count: 50, Per: time.Second, Burst: 500},
		},
		Tokens: Tokens{
			AccessLifetime: Duration(time.Hour),
		},
		Sync: Sync{MaxWaiters: 50_000},
		Media: Media{
			MaxUploadSize:   100 * MiB,
			MaxImagePixels:  64_000_000,
			PendingLifetime: Duration(24 * time.Hour),
			MaxPending:      10,
		},
		URLPreviews: URLPreviews{
			Enabled:  true,
			MaxSize:  10 * MiB,
			Lifetime: Duration(time.Hour),
			Timeout:  Duration(10 * time.Second),
		},
		TURN: TURN{
			Lifetime:       Duration(24 * time.Hour),
			RelayPorts:     PortRange{First: 49152, Last: 65535},
			QuotaPerUser:   12,
			MaxAllocations: 2000,
		},
		Notices: Notices{User: "notices", Name: "Server notices"},
		Log:     Log{Level: LogInfo, Format: LogText},
	}
}

// UsesPostgres tells whether the settings name a PostgreSQL database.
func (c *Config) UsesPostgres() bool { return c.Database != "" }

// SQLitePath is the file of the embedded database.
func (c *Config) SQLitePath() string { return filepath.Join(c.Data, "bongsu.db") }

// MediaSpool is the folder for uploads that are on their way into the stores.
func (c *Config) MediaSpool() string { return filepath.Join(c.Data, "media-spool") }

// RequiredMediaStores is how many stores must acknowledge a file.
func (c *Config) RequiredMediaStores() int {
	if c.Media.RequiredStores > 0 {
		return c.Media.RequiredStores
	}
	return min(2, len(c.Media.Stores))
}

// MediaDirectory is the folder that uploaded files go to.
func (c *Config) MediaDirectory() string {
	if c.Media.Directory != "" {
		return c.Media.Directory
	}
	return filepath.Join(c.Data, "media")
}
