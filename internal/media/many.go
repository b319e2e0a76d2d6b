package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Times of Many.
const (
	// avoidFor is how long a target that failed is asked last.
	avoidFor = 15 * time.Second
	// storeTimeout and slowest bound how long a target may take: a time, and a second for so many bytes.
	storeTimeout = time.Minute
	slowest      = 256 << 10
)

// ManyOptions are what Many is made of.
type ManyOptions struct {
	// Targets are the places, that which is read from first of all.
	Targets []Target
	// Required is how many must have acknowledged a blob before Put does.
	Required int
	// Spool is a folder for what is coming in.
	Spool string
	// Keep is called before a blob is stored, so that it is not deleted at the same time; it may wait. nil: nothing is ever deleted.
	Keep func(ctx context.Context, hash Hash) error
	Log  *slog.Logger
}

// Many is Blobs in several places: a blob is acknowledged when enough of them have acknowledged it, and read from any that has it. Those that
// failed are caught up by Repair.
type Many struct {
	ManyOptions
	state  []targetState
	behind behind
}

var _ Blobs = (*Many)(nil)

// targetState is how a target does.
type targetState struct {
	avoid  atomic.Int64 // until then (Unix nanoseconds) it is asked last
	failed atomic.Uint64
}

// NewMany opens the places.
func NewMany(o ManyOptions) (*Many, error) {
	if o.Required < 1 || o.Required > len(o.Targets) {
		return nil, fmt.Errorf("%d of %d media stores cannot be required", o.Required, len(o.Targets))
	}
	// What is left in the spool was never acknowledged.
	if err := os.RemoveAll(o.Spool); err != nil {
		return nil, fmt.Errorf("emptying the spool: %w", err)
	}
	if err := os.MkdirAll(o.Spool, 0o700); err != nil {
		return nil, fmt.Errorf("making the spool: %w", err)
	}
	if o.Keep == nil {
		o.Keep = func(context.Context, Hash) error { return nil }
	}
	return &Many{ManyOptions: o, state: make([]targetState, len(o.Targets))}, nil
}

// Put implements Blobs.
func (m *Many) Put(ctx context.Context, r io.Reader, limit int64) (Blob, error) {
	f, blob, err := m.spool(ctx, r, limit)
	if err != nil {
		return Blob{}, err
	}
	if err := m.Keep(ctx, blob.Hash); err != nil {
		_ = f.Close()
		return Blob{}, err
	}
	return blob, m.store(ctx, blob, f)
}

// spool writes what comes in to a file that has no name any more, so that nothing has to be tidied up after it.
func (m *Many) spool(ctx context.Context, r io.Reader, limit int64) (_ *os.File, blob Blob, err error) {
	f, err := os.CreateTemp(m.Spool, "up-*")
	if err != nil {
		return nil, Blob{}, fmt.Errorf("starting a blob: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, Blob{}, fmt.Errorf("starting a blob: %w", err)
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(contextReader{ctx, r}, limit+1))
	if err != nil {
		return nil, Blob{}, fmt.Errorf("writing a blob: %w", err)
	}
	if size > limit {
		return nil, Blob{}, ErrBlobTooLarge
	}
	return f, Blob{Hash(hex.EncodeToString(sum.Sum(nil))), size}, nil
}

// store gives a blob to all targets, and returns when enough have acknowledged it, or cannot any more. The others go on behind; the file is closed
// by the last.
func (m *Many) store(ctx context.Context, blob Blob, f *os.File) error {
	limit := storeTimeout + time.Duration(blob.Size/slowest)*time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	answers := make(chan error, len(m.Targets))
	var all sync.WaitGroup
	for i := range m.Targets {
		all.Go(func() { answers <- m.storeIn(ctx, i, blob, f) })
	}
	go func() {
		all.Wait()
		cancel()
		_ = f.Close()
	}()
	var failures []error
	for done := 0; ; {
		if err := <-answers; err == nil {
			done++
		} else {
			failures = append(failures, err)
		}
		switch {
		case done >= m.Required:
			return nil
		case len(failures) > len(m.Targets)-m.Required:
			return fmt.Errorf("%w: %w", ErrStores, errors.Join(failures...))
		}
	}
}

func (m *Many) storeIn(ctx context.Context, i int, blob Blob, f *os.File) error {
	err := m.Targets[i].Store(ctx, blob, f)
	if err != nil {
		m.note(i, err)
		m.behind.add(blob.Hash)
	}
	return err
}

// note remembers that a target failed.
func (m *Many) note(i int, err error) {
	m.state[i].failed.Add(1)
	m.state[i].avoid.Store(time.Now().Add(avoidFor).UnixNano())
	m.Log.Warn("a media store failed", "store", m.Targets[i].Name(), "err", err)
}

// order is the targets in the order in which they are asked: those that failed lately come last.
func (m *Many) order() []int {
	now := time.Now().UnixNano()
	var good, bad []int
	for i := range m.Targets {
		if m.state[i].avoid.Load() > now {
			bad = append(bad, i)
		} else {
			good = append(good, i)
		}
	}
	return append(good, bad...)
}

// Open implements Blobs. What is read goes on at another target where one fails in the middle.
func (m *Many) Open(ctx context.Context, hash Hash) (io.ReadSeekCloser, int64, error) {
	if !hash.Valid() {
		return nil, 0, ErrBlobNotFound
	}
	r := &manyReader{m: m, ctx: ctx, hash: hash, left: m.order()}
	if err := r.next(); err != nil {
		return nil, 0, err
	}
	return r, r.size, nil
}

// Delete implements Blobs. A blob is gone when it is gone everywhere.
func (m *Many) Delete(ctx context.Context, hash Hash, unlessPutAfter time.Time) (gone bool, err error) {
	for i, t := range m.Targets {
		gone, err := t.Delete(ctx, hash, unlessPutAfter)
		if err != nil {
			m.note(i, err)
			return false, fmt.Errorf("%w: %w", ErrStores, err)
		}
		if !gone {
			return false, nil
		}
	}
	return true, nil
}

// TargetStats is how a target does.
type TargetStats struct {
	Name   string
	Failed uint64
}

// Stats tells how the targets do, and how many blobs are known to be missing in one of them.
func (m *Many) Stats() (targets []TargetStats, behind int) {
	for i, t := range m.Targets {
		targets = append(targets, TargetStats{t.Name(), m.state[i].failed.Load()})
	}
	return targets, m.behind.size()
}

// manyReader reads a blob from one target after another.
type manyReader struct {
	m    *Many
	ctx  context.Context //nolint:containedctx // of the request that reads
	hash Hash
	left []int // targets that were not asked

	at      int // target
	current io.ReadSeekCloser
	size    int64
	offset  int64
}

// next opens the blob at the next target that has it, where the last stopped. A blob is missing only if all say so.
func (r *manyReader) next() error {
	r.close()
	var failures []error
	for len(r.left) > 0 {
		i := r.left[0]
		r.left = r.left[1:]
		current, size, err := r.m.Targets[i].Open(r.ctx, r.hash)
		if err == nil && r.offset > 0 {
			if _, err = current.Seek(r.offset, io.SeekStart); err != nil {
				_ = current.Close()
			}
		}
		switch {
		case err == nil:
			if failures != nil {
				r.m.behind.add(r.hash)
			}
			r.at, r.current, r.size = i, current, size
			return nil
		case errors.Is(err, ErrBlobNotFound):
			r.m.behind.add(r.hash)
		case r.ctx.Err() != nil:
			return r.ctx.Err()
		default:
			r.m.note(i, err)
			failures = append(failures, err)
		}
	}
	if failures != nil {
		return fmt.Errorf("%w: %w", ErrStores, errors.Join(failures...))
	}
	r.m.behind.drop(r.hash)
	return ErrBlobNotFound
}

func (r *manyReader) close() {
	if r.current != nil {
		_ = r.current.Close()
		r.current = nil
	}
}

// Read implements io.Reader.
func (r *manyReader) Read(p []byte) (int, error) {
	for r.current != nil {
		n, err := r.current.Read(p)
		r.offset += int64(n)
		if err == nil || n > 0 || errors.Is(err, io.EOF) && r.offset >= r.size {
			if n > 0 && !errors.Is(err, io.EOF) {
				err = nil // it comes again
			}
			return n, err
		}
		if r.ctx.Err() != nil {
			return 0, r.ctx.Err()
		}
		r.m.note(r.at, err)
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	return 0, os.ErrClosed
}

// Seek implements io.Seeker.
func (r *manyReader) Seek(offset int64, whence int) (int64, error) {
	if r.current == nil {
		return 0, os.ErrClosed
	}
	switch whence {
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.size
	}
	at, err := r.current.Seek(offset, io.SeekStart)
	if err == nil {
		r.offset = at
	}
	return at, err
}

// Close implements io.Closer.
func (r *manyReader) Close() error {
	if r.current == nil {
		return nil
	}
	err := r.current.Close()
	r.current = nil
	return err
}
