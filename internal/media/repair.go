package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// VerifyOptions say what is looked at and done.
type VerifyOptions struct {
	// Repair copies what is missing, or is not what its name says, from where it is right.
	Repair bool
	// Deep reads everything and adds it up, instead of comparing lengths.
	Deep bool
	// Found is told of each blob that is not right everywhere: how it is at each store. nil: nobody.
	Found func(hash Hash, states []BlobState)
}

// BlobState is how a blob is at one store.
type BlobState string

// The states of a blob.
const (
	BlobGood    BlobState = "good"
	BlobMissing BlobState = "missing"
	BlobWrong   BlobState = "wrong"    // another content, or another length
	BlobCopied  BlobState = "repaired" // was missing or wrong
	BlobUnknown BlobState = "unknown"  // the store does not answer
)

// StoreReport is what was found at one store.
type StoreReport struct {
	Name                 string
	Good, Missing, Wrong int
	Copied, Unknown      int
	Unnamed              int   // blobs that nothing names: of uploads that broke off, or deleted and not yet swept
	Err                  error // why the store could not be looked at, or not to the end
}

// Report is what Verify found.
type Report struct {
	Contents int // that the database names
	Lost     int // that are right nowhere
	Stores   []StoreReport
}

// Verify holds the stores against what the database names, in one walk over all of them side by side.
func (m *Many) Verify(ctx context.Context, st *store.Store, o VerifyOptions) (Report, error) {
	v := &verifier{m: m, o: o, st: st, report: Report{Stores: make([]StoreReport, len(m.Targets))}}
	for i, t := range m.Targets {
		next, stop := iter.Pull2(t.List(ctx))
		defer stop()
		v.walks = append(v.walks, &walk{next: next})
		v.report.Stores[i].Name = t.Name()
	}
	for after := Hash(""); ; {
		page, err := contents(ctx, st, after)
		if err != nil {
			return v.report, err
		}
		for _, blob := range page {
			if err := v.check(ctx, blob); err != nil {
				return v.report, err
			}
			after = blob.Hash
		}
		if len(page) < contentsPage {
			break
		}
	}
	v.rest()
	for i, w := range v.walks {
		v.report.Stores[i].Err = w.err
	}
	return v.report, nil
}

// contentsPage is how many contents are read from the database at a time.
const contentsPage = 1000

func contents(ctx context.Context, st *store.Store, after Hash) (out []Blob, err error) {
	err = st.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.MediaContents(ctx, string(after), contentsPage)
		out = make([]Blob, len(rows))
		for i, r := range rows {
			out[i] = Blob{Hash(r.Hash), r.Size}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing contents: %w", err)
	}
	return out, nil
}

// walk is a store's list as far as it was read.
type walk struct {
	next func() (Blob, error, bool)
	head Blob // the next one; empty: not read
	done bool
	err  error // of the list, which ended with it
}

// to passes over what comes before a hash, and returns the blob of that hash if there is one.
func (w *walk) to(hash Hash, passed func(Blob)) (Blob, bool) {
	for !w.done {
		if w.head.Hash == "" {
			blob, err, ok := w.next()
			if err != nil || !ok {
				w.done, w.err = true, err
				break
			}
			w.head = blob
		}
		if hash != "" && w.head.Hash > hash {
			break
		}
		head := w.head
		w.head = Blob{}
		if head.Hash == hash {
			return head, true
		}
		passed(head)
	}
	return Blob{}, false
}

type verifier struct {
	m      *Many
	o      VerifyOptions
	st     *store.Store
	walks  []*walk
	report Report
}

func (v *verifier) unnamed(i int) func(Blob) {
	return func(Blob) { v.report.Stores[i].Unnamed++ }
}

// rest counts what comes after the last content.
func (v *verifier) rest() {
	for i, w := range v.walks {
		w.to("", v.unnamed(i))
	}
}

// check looks at one content everywhere.
func (v *verifier) check(ctx context.Context, blob Blob) error {
	v.report.Contents++
	states, bad := make([]BlobState, len(v.walks)), false
	for i, w := range v.walks {
		have, ok := w.to(blob.Hash, v.unnamed(i))
		if w.err != nil {
			states[i] = BlobUnknown
		} else {
			states[i] = v.m.stateAt(ctx, i, blob, have, ok, v.o.Deep)
		}
		bad = bad || states[i] != BlobGood
	}
	if bad {
		if err := v.mend(ctx, blob, states); err != nil {
			return err
		}
	}
	v.count(blob, states, bad)
	return nil
}

// mend looks again at what did not seem right, since it may have come, or been deleted, after it was listed; and repairs what is to be.
func (v *verifier) mend(ctx context.Context, blob Blob, states []BlobState) error {
	named := false
	err := v.st.Read(ctx, func(tx *store.Tx) (err error) {
		named, err = tx.MediaNamed(ctx, string(blob.Hash))
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for what names a content: %w", err)
	}
	if !named {
		for i := range states {
			states[i] = BlobGood
		}
		return nil
	}
	for i := range states {
		if states[i] != BlobUnknown {
			states[i] = v.m.stateNow(ctx, i, blob, v.o.Deep)
		}
	}
	if v.o.Repair {
		return v.m.repair(ctx, blob, states)
	}
	return nil
}

func (v *verifier) count(blob Blob, states []BlobState, told bool) {
	good := false
	for i, state := range states {
		r := &v.report.Stores[i]
		switch state {
		case BlobGood:
			r.Good++
			good = true
		case BlobMissing:
			r.Missing++
		case BlobWrong:
			r.Wrong++
		case BlobCopied:
			r.Copied++
			good = true
		case BlobUnknown:
			r.Unknown++
			good = true // perhaps
		}
	}
	if !good {
		v.report.Lost++
	}
	if told && v.o.Found != nil {
		v.o.Found(blob.Hash, states)
	}
}

// stateNow asks a store for a blob.
func (m *Many) stateNow(ctx context.Context, i int, blob Blob, deep bool) BlobState {
	size, err := m.Targets[i].Stat(ctx, blob.Hash)
	missing := errors.Is(err, ErrBlobNotFound)
	if err != nil && !missing {
		m.note(i, err)
		return BlobUnknown
	}
	return m.stateAt(ctx, i, blob, Blob{blob.Hash, size}, !missing, deep)
}

// stateAt judges what a store has of a blob.
func (m *Many) stateAt(ctx context.Context, i int, blob, have Blob, there, deep bool) BlobState {
	switch {
	case !there:
		return BlobMissing
	case have.Size != blob.Size:
		return BlobWrong
	case !deep:
		return BlobGood
	}
	right, err := sums(ctx, m.Targets[i], blob)
	switch {
	case errors.Is(err, ErrBlobNotFound):
		return BlobMissing
	case err != nil:
		m.note(i, err)
		return BlobUnknown
	case !right:
		return BlobWrong
	}
	return BlobGood
}

// sums reads a blob and tells whether its content is what its name says.
func sums(ctx context.Context, t Target, blob Blob) (bool, error) {
	r, _, err := t.Open(ctx, blob.Hash)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, r}); err != nil {
		return false, fmt.Errorf("reading %s from %s: %w", blob.Hash, t.Name(), err)
	}
	return Hash(hex.EncodeToString(sum.Sum(nil))) == blob.Hash, nil
}

// repair copies a blob to where it is not right. What it copies it has added up, so that nothing wrong is spread. Stores that do not answer are
// left out.
func (m *Many) repair(ctx context.Context, blob Blob, states []BlobState) error {
	for from, state := range states {
		if state != BlobGood {
			continue
		}
		err := m.copyFrom(ctx, from, blob, states)
		switch {
		case errors.Is(err, errWrongContent):
			states[from] = BlobWrong
		case errors.Is(err, ErrStores):
			states[from] = BlobUnknown
		default:
			return err
		}
	}
	return nil // it is right nowhere
}

var errWrongContent = errors.New("the content is not what its name says")

func (m *Many) copyFrom(ctx context.Context, from int, blob Blob, states []BlobState) error {
	r, _, err := m.Targets[from].Open(ctx, blob.Hash)
	if err != nil {
		m.note(from, err)
		return fmt.Errorf("%w: %w", ErrStores, err)
	}
	f, got, err := m.spool(ctx, r, blob.Size)
	_ = r.Close()
	if errors.Is(err, ErrBlobTooLarge) || err == nil && got != blob {
		if f != nil {
			_ = f.Close()
		}
		return errWrongContent
	}
	if err != nil {
		return fmt.Errorf("copying %s from %s: %w", blob.Hash, m.Targets[from].Name(), err)
	}
	defer func() { _ = f.Close() }()
	for i, state := range states {
		if state != BlobMissing && state != BlobWrong {
			continue
		}
		if err := m.Targets[i].Store(ctx, blob, f); err != nil {
			m.note(i, err)
			states[i] = BlobUnknown
			continue
		}
		states[i] = BlobCopied
	}
	return nil
}

// CatchUpEvery is how often CatchUp is due, and VerifyEvery a Verify with repairs.
const (
	CatchUpEvery = time.Minute
	VerifyEvery  = 12 * time.Hour
)

// CatchUp copies the blobs that are known to be missing somewhere. What still cannot be copied is tried again the next time.
func (m *Many) CatchUp(ctx context.Context, st *store.Store) error {
	return m.catchUp(ctx, st, time.Now().Add(-settled))
}

func (m *Many) catchUp(ctx context.Context, st *store.Store, at time.Time) error {
	var failures []error
	for _, hash := range m.behind.before(at) {
		if err := m.catchUpOne(ctx, st, hash); err != nil {
			failures = append(failures, err)
			if len(failures) == maxCatchUpFailures || ctx.Err() != nil {
				break
			}
			continue
		}
		m.behind.drop(hash)
	}
	return errors.Join(failures...)
}

// maxCatchUpFailures ends an attempt at catching up with stores that are still away.
const maxCatchUpFailures = 3

func (m *Many) catchUpOne(ctx context.Context, st *store.Store, hash Hash) error {
	blob := Blob{Hash: hash}
	err := st.Read(ctx, func(tx *store.Tx) (err error) {
		blob.Size, err = tx.MediaSize(ctx, string(hash))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // nothing names it: its upload failed, or it is deleted
	}
	if err != nil {
		return fmt.Errorf("looking for what names a content: %w", err)
	}
	states := make([]BlobState, len(m.Targets))
	for i := range states {
		states[i] = m.stateNow(ctx, i, blob, false)
	}
	if err := m.repair(ctx, blob, states); err != nil {
		return err
	}
	if slices.Contains(states, BlobUnknown) {
		return fmt.Errorf("%w: %s is not everywhere yet", ErrStores, hash)
	}
	return nil
}
