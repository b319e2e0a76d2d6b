package media

import (
	"crypto/x509"
	"net"
	"time"
)

// Config is what the operator sets. DefaultConfig gives values that work.
type Config struct {
	ServerName string // this server's name, as in mxc:// URIs

	MaxUpload       int64         // bytes of one upload
	AllowedTypes    []string      // patterns such as image/*; empty: everything may be uploaded
	UserQuota       int64         // bytes that one user may store; 0: no limit
	MaxPending      int           // ids that one user may hold without having uploaded to them
	PendingLifetime time.Duration // how long such an id waits for its upload

	MaxThumbnailSource int64 // bytes of an image that thumbnails are made of
	MaxPixels          int64 // pixels of images being decoded at the same time, at about four bytes each

	Previews              bool          // whether link previews are made at all
	PreviewLifetime       time.Duration // how long one is kept before the page is asked again
	PreviewImageLifetime  time.Duration // how long its picture is kept: clients remember previews longer
	PreviewMaxSize        int64         // bytes of a page or picture
	PreviewTimeout        time.Duration // of one fetch, with all its redirects
	PreviewUserAgent      string        // how the server names itself to web sites
	PreviewLanguages      string        // an Accept-Language header
	AllowPrivateAddresses bool          // whether previews may reach addresses that are not on the public Internet
	RootCAs               *x509.CertPool

	resolver *net.Resolver // tests lead names to where they want
}

// DefaultConfig is the configuration of a server that sets nothing.
func DefaultConfig(serverName string) Config {
	return Config{
		ServerName:           serverName,
		MaxUpload:            100 << 20,
		MaxPending:           10,
		PendingLifetime:      24 * time.Hour,
		MaxThumbnailSource:   32 << 20,
		MaxPixels:            64 << 20,
		Previews:             true,
		PreviewLifetime:      time.Hour,
		PreviewImageLifetime: 30 * 24 * time.Hour,
		PreviewMaxSize:       10 << 20,
		PreviewTimeout:       10 * time.Second,
		PreviewUserAgent:     "Mozilla/5.0 (compatible; Bongsu link preview)",
		PreviewLanguages:     "*",
	}
}
