package node

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// lookAtCertificate is how often the file of a certificate is looked at.
const lookAtCertificate = time.Minute

// certificate is one that is read again when its files change, so that a renewed one needs no restart.
type certificate struct {
	file, key string

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the file
	looked  time.Time
}

func loadCertificate(file, key string) (*certificate, error) {
	c := &certificate{file: file, key: key}
	return c, c.read(time.Now())
}

func (c *certificate) read(now time.Time) error {
	info, err := os.Stat(c.file)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		return err
	}
	c.current, c.changed, c.looked = &pair, info.ModTime(), now
	return nil
}

// get implements tls.Config.GetCertificate. A new file that cannot be read leaves the old certificate in use: it may be half written.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookAtCertificate {
		c.looked = now
		if info, err := os.Stat(c.file); err == nil && !info.ModTime().Equal(c.changed) {
			_ = c.read(now)
		}
	}
	return c.current, nil
}
