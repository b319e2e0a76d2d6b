package relay

import "sync"

// places counts the relay addresses of each user and of all.
type places struct {
	perUser, total int

	mu       sync.Mutex
	held     map[string]int
	all      int
	draining bool
}

// free reports whether a user may have one more.
func (p *places) free(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(user)
}

func (p *places) room(user string) bool {
	return !p.draining && p.all < p.total && p.held[user] < p.perUser
}

// take gives a user one, and what gives it back.
func (p *places) take(user string) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.room(user) {
		return nil, false
	}
	p.all++
	p.held[user]++
	return func() { p.giveBack(user) }, true
}

func (p *places) giveBack(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.held[user]--; p.held[user] == 0 {
		delete(p.held, user)
	}
}

func (p *places) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
}

func (p *places) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}
