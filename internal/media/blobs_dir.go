package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// staleUpload is the age at which an unfinished upload can only be the leftover of a process that died.
const staleUpload = 24 * time.Hour

// asidePrefix and a hash name a blob that is being deleted.
const asidePrefix = "del-"

// Dir is a Blobs in a directory: ab/cd/abcd… for each blob, and tmp/ for what is being written.
type Dir struct {
	root string
}

var _ Blobs = (*Dir)(nil)

// NewDir opens, and makes if needed, a blob directory. It removes what processes that died left half written.
func NewDir(root string) (*Dir, error) {
	d := &Dir{root: root}
	if err := os.MkdirAll(d.tmp(), 0o700); err != nil {
		return nil, fmt.Errorf("making media directory: %w", err)
	}
	for _, dir := range []string{root, filepath.Dir(root)} {
		if err := syncDir(dir); err != nil {
			return nil, fmt.Errorf("making media directory durable: %w", err)
		}
	}
	if err := d.tidy(time.Now().Add(-staleUpload)); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Dir) tmp() string { return filepath.Join(d.root, "tmp") }

func (d *Dir) shard(h Hash) string { return filepath.Join(d.root, string(h[:2]), string(h[2:4])) }

func (d *Dir) path(h Hash) string { return filepath.Join(d.shard(h), string(h)) }

// Put implements Blobs. The order is: write, fsync the file, rename, fsync the directories. The directory is fsynced even if
// the blob is there already, since the process that put it there may not have reached its own fsync.
func (d *Dir) Put(ctx context.Context, r io.Reader, limit int64) (blob Blob, err error) {
	f, err := os.CreateTemp(d.tmp(), "up-*")
	if err != nil {
		return Blob{}, fmt.Errorf("starting a blob: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(contextReader{ctx, r}, limit+1))
	if err != nil {
		return Blob{}, fmt.Errorf("writing a blob: %w", err)
	}
	if size > limit {
		return Blob{}, ErrBlobTooLarge
	}
	if err := f.Sync(); err != nil {
		return Blob{}, fmt.Errorf("making a blob durable: %w", err)
	}
	if err := f.Close(); err != nil {
		return Blob{}, fmt.Errorf("closing a blob: %w", err)
	}
	blob = Blob{Hash: Hash(hex.EncodeToString(sum.Sum(nil))), Size: size}
	if err := d.publish(f.Name(), blob.Hash); err != nil {
		return Blob{}, err
	}
	return blob, nil
}

// publish moves a complete file to its name and makes the name durable.
func (d *Dir) publish(tmp string, h Hash) error {
	shard := d.shard(h)
	if err := os.MkdirAll(shard, 0o700); err != nil {
		return fmt.Errorf("making a blob's directory: %w", err)
	}
	if err := os.Rename(tmp, d.path(h)); err != nil {
		return fmt.Errorf("naming a blob: %w", err)
	}
	for _, dir := range []string{shard, filepath.Dir(shard), d.root} {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("making a blob's name durable: %w", err)
		}
	}
	return nil
}

// Open implements Blobs.
func (d *Dir) Open(_ context.Context, hash Hash) (io.ReadSeekCloser, int64, error) {
	if !hash.Valid() {
		return nil, 0, ErrBlobNotFound
	}
	f, err := os.Open(d.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrBlobNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("opening a blob: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, fmt.Errorf("opening a blob: %w", err)
	}
	return f, info.Size(), nil
}

// Delete implements Blobs. The file is moved aside before its age is looked at, so that no Put can come in between; a fresh one is
// put back, unless another Put has filled the place meanwhile.
func (d *Dir) Delete(_ context.Context, hash Hash, unlessPutAfter time.Time) (gone bool, err error) {
	if !hash.Valid() {
		return true, nil
	}
	aside := filepath.Join(d.tmp(), asidePrefix+string(hash))
	err = os.Rename(d.path(hash), aside)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("deleting a blob: %w", err)
	}
	info, err := os.Stat(aside)
	gone = err != nil || !info.ModTime().After(unlessPutAfter)
	if !gone {
		if err := os.Link(aside, d.path(hash)); err != nil && !errors.Is(err, fs.ErrExist) {
			return false, fmt.Errorf("putting a blob back: %w", err)
		}
	}
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return gone, fmt.Errorf("deleting a blob: %w", err)
	}
	return gone, nil
}

// tidy removes unfinished uploads from before the given time, and puts back what a process that died had moved aside.
func (d *Dir) tidy(before time.Time) error {
	entries, err := os.ReadDir(d.tmp())
	if err != nil {
		return fmt.Errorf("looking for unfinished uploads: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(d.tmp(), e.Name())
		if hash, ok := strings.CutPrefix(e.Name(), asidePrefix); ok && Hash(hash).Valid() {
			if err := os.Link(path, d.path(Hash(hash))); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("putting a blob back: %w", err)
			}
			_ = os.Remove(path)
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(path) // another process may have been quicker
		}
	}
	return nil
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}

// contextReader stops a copy when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
