package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Entrance is where a cluster can be reached.
type Entrance struct {
	// Site is the number of the site.
	Site int
	URL  string
}

// Dial opens connections, perhaps from inside a site.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Client is one person's device.
type Client struct {
	// ID is the client's number.
	ID int
	// Inside is the site in which the client stands, or -1 outside.
	Inside int
	UserID string
	Device string
	// Rooms are those that it is in.
	Rooms []string
	// Stream is what it has seen.
	Stream *Stream
	// BackupVersion is that of its key back-up.
	BackupVersion string

	token     string
	http      *http.Client
	journal   *Journal
	entrances []Entrance
	random    *rand.Rand // of the client's setup; each worker has its own
	seed      uint64

	mu    sync.Mutex // guards what follows
	seqs  map[Kind]int
	place int             // among the entrances
	here  context.Context //nolint:containedctx // ends when the client leaves the entrance: what waits there then waits in vain
	leave context.CancelFunc
}

func newClient(id, inside int, entrances []Entrance, first int, dial Dial, j *Journal, seed uint64) *Client {
	c := &Client{
		ID: id, Inside: inside, Stream: &Stream{journal: j}, journal: j, entrances: entrances, place: first % len(entrances),
		random: rand.New(rand.NewPCG(seed, uint64(id))), seed: seed, seqs: map[Kind]int{}, //nolint:gosec // repeatable on purpose
	}
	c.here, c.leave = context.WithCancel(context.Background())
	c.http = &http.Client{Transport: &http.Transport{
		DialContext: dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
	}}
	return c
}

// entrance is where the client is, and a context that ends when it leaves.
func (c *Client) entrance() (int, Entrance, context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place, c.entrances[c.place], c.here
}

// move goes on to the next entrance, unless another worker of the client has done so since.
func (c *Client) move(from int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.place != from || len(c.entrances) == 1 {
		return
	}
	c.place = (c.place + 1) % len(c.entrances)
	c.leave()
	c.here, c.leave = context.WithCancel(context.Background())
}

// insist makes a request until it is answered, and tells which site did. It ends with an error only if it is refused, or with ctx.
func (c *Client) insist(ctx context.Context, r *request, into any, try func()) (int, error) {
	r.token = c.token
	for failures := 1; ; failures++ {
		place, at, _ := c.entrance()
		if try != nil {
			try()
		}
		err := once(ctx, c.http, at.URL, r, into)
		var refused *RefusedError
		switch {
		case err == nil:
			return at.Site, nil
		case ctx.Err() != nil:
			return -1, context.Cause(ctx)
		case errors.As(err, &refused):
			return at.Site, err
		}
		c.move(place)
		if failures%len(c.entrances) != 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return -1, context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// operate makes an operation of a request and stands it in the journal. result takes the answer apart.
func (c *Client) operate(ctx context.Context, op Op, r *request, into any, result func() string) {
	entry := c.journal.call(op)
	site, err := c.insist(ctx, r, into, func() { c.journal.try(entry) })
	var refused *RefusedError
	switch {
	case err == nil:
		c.journal.answer(entry, Acknowledged, site, result())
	case errors.As(err, &refused):
		c.journal.answer(entry, Refused, site, err.Error())
	}
}

// next counts the client's operations of a kind.
func (c *Client) next(kind Kind) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seqs[kind]++
	return c.seqs[kind]
}

// close leaves the servers.
func (c *Client) close() {
	c.mu.Lock()
	c.leave()
	c.mu.Unlock()
	c.http.CloseIdleConnections()
}
