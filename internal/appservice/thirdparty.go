package appservice

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// lookupTimeout bounds what a client waits for a third-party lookup; a service that takes longer has found nothing.
const lookupTimeout = 10 * time.Second

// Protocols tells of all networks that services connect to, by protocol (Client-Server API, GET /thirdparty/protocols).
func (a *Services) Protocols(ctx context.Context) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	var names []string
	for _, s := range a.All() {
		names = append(names, s.Protocols...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if p := a.Protocol(ctx, name); p != nil {
			out[name] = p
		}
	}
	return out
}

// Protocol tells of one protocol; nil if no service knows it. Of several services with the same protocol, each with instances of its own,
// the first describes it.
func (a *Services) Protocol(ctx context.Context, name string) json.RawMessage {
	var merged map[string]json.RawMessage
	instances := []map[string]json.RawMessage{}
	asked := a.speaking(name)
	for i, raw := range a.askAll(ctx, asked, "/thirdparty/protocol/"+url.PathEscape(name), nil) {
		var p map[string]json.RawMessage
		var own []map[string]json.RawMessage
		if json.Unmarshal(raw, &p) != nil || p == nil || json.Unmarshal(p["instances"], &own) != nil {
			continue
		}
		if merged == nil {
			merged = p
		}
		for _, in := range own {
			var network string
			if json.Unmarshal(in["network_id"], &network) != nil || in == nil {
				continue
			}
			// Client-Server API, GET /thirdparty/protocols, "instance_id": unique over all instances on the homeserver.
			in["instance_id"], _ = json.Marshal(asked[i].InstanceID(network)) // a string never fails
			instances = append(instances, in)
		}
	}
	if merged == nil {
		return nil
	}
	var err error
	if merged["instances"], err = json.Marshal(instances); err != nil {
		return nil
	}
	out, err := json.Marshal(merged)
	if err != nil {
		return nil
	}
	return out
}

// speaking lists the services that can be called and have a protocol; any protocol, if the name is empty.
func (a *Services) speaking(protocol string) []*Service {
	var out []*Service
	for _, s := range a.All() {
		if s.URL != "" && (protocol == "" && len(s.Protocols) > 0 || slices.Contains(s.Protocols, protocol)) {
			out = append(out, s)
		}
	}
	return out
}

// Lookup asks for locations or users: kind is "location" or "user". With a protocol the fields tell what is looked for; without one it is
// the reverse lookup. What all services have found comes in one list; ok is false if no service speaks the protocol.
func (a *Services) Lookup(ctx context.Context, kind, protocol string, fields url.Values) (found []json.RawMessage, ok bool) {
	path := "/thirdparty/" + kind
	if protocol != "" {
		path += "/" + url.PathEscape(protocol)
	}
	asked := a.speaking(protocol)
	found = []json.RawMessage{}
	for _, raw := range a.askAll(ctx, asked, path, fields) {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			found = append(found, list...)
		}
	}
	return found, len(asked) > 0
}

// askAll asks services side by side. An answer stands at its service's place; it is nil if there was none.
func (a *Services) askAll(ctx context.Context, services []*Service, path string, query url.Values) []json.RawMessage {
	out := make([]json.RawMessage, len(services))
	var asking sync.WaitGroup
	for i, s := range services {
		asking.Go(func() {
			got, err := a.callFor(ctx, lookupTimeout, s, request{method: http.MethodGet, path: path, legacy: pathThirdParty, query: query})
			if err != nil || !got.ok() || !json.Valid(got.body) {
				a.log.Debug("a third-party lookup found nothing", "service", s.ID, "status", got.status, "err", err)
				return
			}
			out[i] = got.body
		})
	}
	asking.Wait()
	return out
}
