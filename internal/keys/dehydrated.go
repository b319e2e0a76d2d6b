package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of dehydrated devices.
const (
	maxDehydrated      = 64 << 10 // bytes of what a client needs to wake one up
	dehydratedMessages = 100      // messages that are given at once
)

var errNotDehydrated = mxerr.NotFoundf("There is no dehydrated device")

// Dehydrate is the body of PUT /dehydrated_device (MSC3814).
type Dehydrate struct {
	Upload
	DeviceID    string          `json:"device_id"`
	DeviceData  json.RawMessage `json:"device_data"`
	DisplayName *string         `json:"initial_device_display_name"`
}

// Dehydrate puts a user's new device to sleep, in the place of the one that slept until now: a device on which nobody is logged in, which
// has keys as any other, and to which messages are sent that whoever wakes it up can read.
func (s *Service) Dehydrate(ctx context.Context, userID string, d Dehydrate) error {
	up, err := checkDehydrate(userID, d)
	if err != nil {
		return err
	}
	if err := s.clearFor(ctx, userID, d.DeviceID); err != nil {
		return err
	}
	work := context.WithoutCancel(ctx)
	err = s.Store.UserLane(userID).Do(ctx, func(tx *store.LaneTx) error {
		// Two requests at once: the later one is told to come again.
		if _, err := tx.Device(work, userID, d.DeviceID); err == nil {
			return mxerr.InvalidParamf("There is another device with this id")
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := tx.Dehydrated(work, userID); err == nil {
			return mxerr.InvalidParamf("Another device has been dehydrated meanwhile")
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		asleep := store.Dehydrated{UserID: userID, DeviceID: d.DeviceID, Data: d.DeviceData}
		if err := tx.AddDehydrated(work, asleep, d.DisplayName, s.Now().UnixMilli()); err != nil {
			return err
		}
		return up.write(work, tx)
	})
	if err != nil {
		return fmt.Errorf("dehydrating a device: %w", err)
	}
	return nil
}

func checkDehydrate(userID string, d Dehydrate) (upload, error) {
	switch {
	case !plausible(d.DeviceID):
		return upload{}, mxerr.MissingParamf("device_id is missing, or is no device id")
	case len(d.DeviceKeys) == 0 || string(d.DeviceKeys) == "null":
		return upload{}, mxerr.MissingParamf("device_keys is missing")
	case len(d.DeviceData) > maxDehydrated:
		return upload{}, mxerr.TooLargef("device_data can have at most %d bytes", maxDehydrated)
	}
	if err := checkContent(d.DeviceData); err != nil {
		return upload{}, mxerr.BadJSONf("device_data must be a JSON object")
	}
	up, err := checkUpload(userID, d.DeviceID, d.Upload)
	up.userID, up.deviceID = userID, d.DeviceID
	return up, err
}

// clearFor deletes the device that slept until now. Where a device of the new one's id is awake, nothing is done.
func (s *Service) clearFor(ctx context.Context, userID, deviceID string) error {
	old, err := s.Dehydrated(ctx, userID)
	if errors.Is(err, errNotDehydrated) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.DeviceID != deviceID {
		err := s.Store.Read(ctx, func(tx *store.Tx) error {
			_, err := tx.Device(ctx, userID, deviceID)
			return err
		})
		if err == nil {
			return mxerr.InvalidParamf("There is another device with this id")
		}
		if !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("looking for a device: %w", err)
		}
	}
	return s.deleteDehydrated(ctx, old)
}

// Dehydrated is a user's device that is asleep.
func (s *Service) Dehydrated(ctx context.Context, userID string) (d store.Dehydrated, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		d, err = tx.Dehydrated(ctx, userID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return d, errNotDehydrated
	}
	if err != nil {
		return d, fmt.Errorf("reading a dehydrated device: %w", err)
	}
	return d, nil
}

// DeleteDehydrated deletes a user's device that is asleep, and returns its id.
func (s *Service) DeleteDehydrated(ctx context.Context, userID string) (string, error) {
	d, err := s.Dehydrated(ctx, userID)
	if err != nil {
		return "", err
	}
	return d.DeviceID, s.deleteDehydrated(ctx, d)
}

func (s *Service) deleteDehydrated(ctx context.Context, d store.Dehydrated) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.DeleteDevices(ctx, d.UserID, []string{d.DeviceID})
		return err
	})
	if err != nil {
		return fmt.Errorf("deleting a dehydrated device: %w", err)
	}
	return nil
}

// DehydratedMessages returns messages to a user's device that is asleep, from a token on, and a token for the next ones; they stay until the
// device is deleted. more tells whether there are any.
func (s *Service) DehydratedMessages(ctx context.Context, userID, deviceID, from string) (messages []store.ToDevice, next string, more bool, err error) {
	after, err := parseDehydratedToken(from)
	if err != nil {
		return nil, "", false, err
	}
	d, err := s.Dehydrated(ctx, userID)
	if err != nil {
		return nil, "", false, err
	}
	if d.DeviceID != deviceID {
		return nil, "", false, mxerr.Forbiddenf("This is not the dehydrated device")
	}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		messages, err = tx.ToDeviceFor(ctx, userID, deviceID, after, store.Latest, dehydratedMessages+1)
		return err
	})
	if err != nil {
		return nil, "", false, fmt.Errorf("reading messages to a dehydrated device: %w", err)
	}
	if more = len(messages) > dehydratedMessages; more {
		messages = messages[:dehydratedMessages]
	}
	if len(messages) > 0 {
		after = messages[len(messages)-1].Pos
	}
	return messages, dehydratedToken(after), more, nil
}

func dehydratedToken(pos store.Pos) string { return fmt.Sprintf("d%x", int64(pos)) }

func parseDehydratedToken(token string) (store.Pos, error) {
	if token == "" {
		return 0, nil
	}
	var pos int64
	if n, err := fmt.Sscanf(token, "d%x", &pos); n != 1 || err != nil || pos < 0 || dehydratedToken(store.Pos(pos)) != token {
		return 0, mxerr.InvalidParamf("This is not a token of a dehydrated device's messages")
	}
	return store.Pos(pos), nil
}
