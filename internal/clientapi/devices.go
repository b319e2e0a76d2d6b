package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// deviceRoutes: Client-Server API, "Device Management". Client-Server API, "Guest Access": guests may see and name their devices.
func (a *API) deviceRoutes() {
	a.client(http.MethodGet, "/devices", a.devices, as(authGuest))
	a.client(http.MethodGet, "/devices/{deviceId}", a.device, as(authGuest))
	a.client(http.MethodPut, "/devices/{deviceId}", a.renameDevice, as(authGuest))
	a.client(http.MethodDelete, "/devices/{deviceId}", a.deleteDevice)
	a.client(http.MethodPost, "/delete_devices", a.deleteDevices)
}

// maxDeleted bounds the devices that one request deletes.
const maxDeleted = 1000

type deviceJSON struct {
	DeviceID    string  `json:"device_id"`
	DisplayName *string `json:"display_name,omitempty"`
	LastSeenIP  string  `json:"last_seen_ip,omitempty"`
	LastSeenTS  int64   `json:"last_seen_ts,omitempty"`
}

func asDeviceJSON(d store.Device) deviceJSON {
	return deviceJSON{DeviceID: d.ID, DisplayName: d.DisplayName, LastSeenIP: d.LastSeenIP, LastSeenTS: d.LastSeenTS}
}

func (a *API) devices(r *request) (any, error) {
	devices, err := a.Accounts.Devices(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	out := make([]deviceJSON, 0, len(devices))
	for _, d := range devices {
		out = append(out, asDeviceJSON(d))
	}
	return map[string]any{"devices": out}, nil
}

func (a *API) device(r *request) (any, error) {
	d, err := a.Accounts.Device(r.Context(), r.session.UserID, r.param("deviceId"))
	if err != nil {
		return nil, err
	}
	return asDeviceJSON(d), nil
}

func (a *API) renameDevice(r *request) (any, error) {
	var body struct {
		DisplayName *string `json:"display_name"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if r.service != nil {
		return a.appserviceDevice(r, body.DisplayName)
	}
	return empty{}, a.Accounts.RenameDevice(r.Context(), r.session.UserID, r.param("deviceId"), body.DisplayName)
}

func (a *API) deleteDevice(r *request) (any, error) {
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	id := r.param("deviceId")
	done, err := a.requireOwnerOfUsers(r, "delete device "+id, raw)
	if err != nil {
		return nil, err
	}
	if err := a.Accounts.DeleteDevices(r.Context(), r.session.UserID, []string{id}); err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	return empty{}, nil
}

func (a *API) deleteDevices(r *request) (any, error) {
	raw, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	// What is asked for is checked before anybody has to prove who they are. Who goes on with a session need not say it again.
	if auth, _, err := splitAuth(raw); err != nil {
		return nil, err
	} else if auth == nil {
		if _, err := devicesToDelete(raw); err != nil {
			return nil, err
		}
	}
	done, err := a.requireOwnerOfUsers(r, "delete devices", raw)
	if err != nil {
		return nil, err
	}
	devices, err := devicesToDelete(done.Body)
	if err != nil {
		return nil, err
	}
	if err := a.Accounts.DeleteDevices(r.Context(), r.session.UserID, devices); err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	return empty{}, nil
}

func devicesToDelete(raw []byte) ([]string, error) {
	var body struct {
		Devices []string `json:"devices"`
	}
	if err := decodeJSON(raw, &body); err != nil {
		return nil, err
	}
	if body.Devices == nil {
		return nil, mxerr.MissingParamf("devices is missing")
	}
	if len(body.Devices) > maxDeleted {
		return nil, mxerr.InvalidParamf("At most %d devices can be deleted at once", maxDeleted)
	}
	return body.Devices, nil
}
