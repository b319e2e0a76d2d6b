package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

var _ Target = (*Dir)(nil)

// Name implements Target.
func (d *Dir) Name() string { return d.root }

// Store implements Target.
func (d *Dir) Store(ctx context.Context, blob Blob, content io.ReaderAt) error {
	got, err := d.Put(ctx, io.NewSectionReader(content, 0, blob.Size), blob.Size)
	if err == nil && got != blob {
		return fmt.Errorf("storing %s: the content is another", blob.Hash)
	}
	return err
}

// Stat implements Target.
func (d *Dir) Stat(_ context.Context, hash Hash) (int64, error) {
	if !hash.Valid() {
		return 0, ErrBlobNotFound
	}
	info, err := os.Stat(d.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrBlobNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("looking for a blob: %w", err)
	}
	return info.Size(), nil
}

// List implements Target. Folders and files come in the order of their names, which is that of the hashes.
func (d *Dir) List(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && path != d.root:
				return nil // deleted meanwhile
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case e.IsDir() && path == d.tmp():
				return fs.SkipDir
			case e.IsDir() || !Hash(e.Name()).Valid():
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Blob{Hash(e.Name()), info.Size()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Blob{}, fmt.Errorf("listing %s: %w", d.root, err))
		}
	}
}
