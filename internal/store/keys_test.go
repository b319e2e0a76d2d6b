package store_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// noted is what a lane's hooks were told.
type noted struct{ batches chan *store.Batch }

func (noted) CatchUp(context.Context, *store.Tx, store.Pos, store.Pos) error { return nil }
func (noted) Reset(int)                                                      {}
func (n noted) Committed(b *store.Batch)                                     { n.batches <- b }

// What the committing node is told of a batch is what another one reads of it, less the content of messages.
func TestBatchesOfKeysAreTold(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 1, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		told := noted{make(chan *store.Batch, 10)}
		db.Lane(0).SetHooks(told)
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			return errors.Join(
				tx.PutDevice(t.Context(), store.Device{UserID: "@a", ID: "A"}), tx.PutDevice(t.Context(), store.Device{UserID: "@a", ID: "B"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		failed := errors.New("a job that fails")
		err = db.Lane(0).Do(t.Context(), func(tx *store.LaneTx) error {
			tx.AddToDevice([]store.ToDevice{{UserID: "@a", DeviceID: "A", Sender: "@b", Type: "t", Content: []byte(`{}`)}})
			tx.ChangeDeviceList("@a", "")
			if err := tx.PutDeviceKeys(t.Context(), store.DeviceKeys{UserID: "@a", DeviceID: "A", JSON: []byte(`{}`)}); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if b := <-told.batches; len(b.ToDevice)+len(b.DeviceChanges) != 0 || b.To != b.From {
			t.Errorf("of a job that failed: %+v", b)
		}
		err = db.Lane(0).Do(t.Context(), func(tx *store.LaneTx) error {
			tx.AddToDevice([]store.ToDevice{
				{UserID: "@a", DeviceID: "A", Sender: "@b", Type: "t", Content: []byte(`{}`)},
				{UserID: "@a", DeviceID: "B", Sender: "@b", Type: "t", Content: []byte(`{}`)},
			})
			if err := tx.PutDeviceKeys(t.Context(), store.DeviceKeys{UserID: "@a", DeviceID: "A", JSON: []byte(`{}`)}); err != nil {
				return err
			}
			tx.ChangeDeviceList("@a", "")
			return tx.AddOneTimeKeys(t.Context(), "@a", "A", []store.OneTimeKey{{Algorithm: "x", KeyID: "1", JSON: []byte(`"k"`)}})
		})
		if err != nil {
			t.Fatal(err)
		}
		own := <-told.batches
		check := func(b *store.Batch, messages, lists, counts int) {
			t.Helper()
			if len(b.ToDevice) != messages || len(b.DeviceChanges) != lists || len(b.KeyChanges) != counts {
				t.Errorf("told of %+v", b)
			}
		}
		check(own, 2, 1, 1)
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.DeleteDevices(t.Context(), "@a", []string{"A"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		deleted := <-told.batches
		check(deleted, 0, 1, 0)
		if deleted.From < own.To {
			t.Errorf("%d is not after %d", deleted.From, own.To)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			read, err := tx.LaneBatch(t.Context(), 0, own.From, 1000)
			if err == nil {
				check(read, 1, 1, 0) // what belonged to the deleted device is gone
				if read.To != deleted.To {
					t.Errorf("read up to %d, not %d", read.To, deleted.To)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
