package media

import (
	"sync"
	"time"
)

// maxBehind bounds how many blobs are remembered. What is beyond, a look over everything finds.
const maxBehind = 10_000

// behind is the blobs that are known to be missing in one of the places.
type behind struct {
	mu     sync.Mutex
	hashes map[Hash]time.Time // since when
}

// settled is how old an entry is before it is looked at: by then its upload is acknowledged, or was given up.
const settled = time.Minute

func (b *behind) add(h Hash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hashes == nil {
		b.hashes = map[Hash]time.Time{}
	}
	if _, has := b.hashes[h]; !has && len(b.hashes) < maxBehind {
		b.hashes[h] = time.Now()
	}
}

func (b *behind) drop(h Hash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hashes, h)
}

func (b *behind) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.hashes)
}

// before lists those that were added before a time.
func (b *behind) before(at time.Time) (out []Hash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for h, since := range b.hashes {
		if since.Before(at) {
			out = append(out, h)
		}
	}
	return out
}
