package webaccount

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var (
	devicesLook   = webauth.MustPage(files, "pages/devices.html").Wide()
	deviceLook    = webauth.MustPage(files, "pages/device.html")
	deviceEndLook = webauth.MustPage(files, "pages/device-log-out.html")
)

var (
	errSuspended = mxerr.New(http.StatusForbidden, mxerr.UserSuspended, "This account is suspended: its profile cannot be changed")
	errNoDevice  = &webauth.Problem{
		Status: http.StatusNotFound, Title: "No such device", Text: "You are not logged in on this device, or not any more.",
	}
)

// deviceView is a device as the pages show it.
type deviceView struct {
	ID, Name                string
	Added, Seen, From, With string
	SeenISO                 string
	Path, EndPath           string
}

func newDeviceView(d store.Device) deviceView {
	v := deviceView{
		ID: d.ID, Name: d.ID, Added: when(d.CreatedTS), Seen: when(d.LastSeenTS), SeenISO: iso(d.LastSeenTS), From: d.LastSeenIP,
		With: d.LastSeenWith, Path: devicePath(pathDevice, d.ID), EndPath: devicePath(pathDeviceEnd, d.ID),
	}
	if d.DisplayName != nil && strings.TrimSpace(*d.DisplayName) != "" {
		v.Name = *d.DisplayName
	}
	return v
}

// when is a moment in words; empty if it is not known.
func when(ms int64) string {
	if ms <= 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2 January 2006, 15:04 UTC")
}

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

func (s *Service) devices(q *webauth.Request) error {
	devices, err := s.Accounts.Devices(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(devices, func(a, b store.Device) int { return cmp.Compare(b.LastSeenTS, a.LastSeenTS) })
	v := struct {
		Notice  string
		Devices []deviceView
	}{Notice: notice(q)}
	for _, d := range devices {
		v.Devices = append(v.Devices, newDeviceView(d))
	}
	return q.Show(devicesLook, "Your devices", v)
}

// asked is the device that a page is about.
func (s *Service) asked(q *webauth.Request, id string) (deviceView, error) {
	d, err := s.Accounts.Device(q.Context(), q.UserID, id)
	if mxerr.HasCode(err, mxerr.NotFound) {
		return deviceView{}, errNoDevice
	}
	if err != nil {
		return deviceView{}, err
	}
	return newDeviceView(d), nil
}

func (s *Service) device(q *webauth.Request) error {
	d, err := s.asked(q, q.URL.Query().Get("device_id"))
	if err != nil {
		return err
	}
	return q.Show(deviceLook, d.Name, struct {
		deviceView
		Notice string
	}{d, notice(q)})
}

func (s *Service) renameDevice(q *webauth.Request) error {
	id, name := q.PostForm.Get("device_id"), strings.TrimSpace(q.PostForm.Get("name"))
	err := s.Accounts.RenameDevice(q.Context(), q.UserID, id, &name)
	if mxerr.HasCode(err, mxerr.NotFound) {
		return errNoDevice
	}
	if err != nil {
		return err
	}
	return done(q, devicePath(pathDevice, id), doneName)
}

func (s *Service) askEndDevice(q *webauth.Request) error {
	d, err := s.asked(q, q.URL.Query().Get("device_id"))
	if err != nil {
		return err
	}
	return q.Show(deviceEndLook, "Log this device out?", d)
}

// endDevice logs a device out. One that is logged out already was meant to be.
func (s *Service) endDevice(q *webauth.Request) error {
	id, err := q.Expect("device_id")
	if err != nil {
		return err
	}
	if err := s.Accounts.DeleteDevices(q.Context(), q.UserID, []string{id}); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return done(q, pathDevices, doneLogOut)
}
