package scenario

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"bongsu.org/bongsu/bench/internal/client"
)

// The sizes of what clients encrypt, in bytes before base64: the first Olm message to a device, with a room's key in it, and a message of
// some words in a room.
const (
	olmBytes    = 900
	megolmBytes = 300
)

type object = map[string]any

// random is base64 of random bytes: ciphertext, keys and signatures look like that.
func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawStdEncoding.EncodeToString(b)
}

func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	return out
}

// keysOf is the upload of a new device: its identity and one-time keys. The signatures are none: no server can check them.
func keysOf(d client.Session) []byte {
	signed := object{d.UserID: object{"ed25519:" + d.DeviceID: random(64)}}
	oneTime := object{}
	for i := range oneTimeKeys {
		oneTime[fmt.Sprintf("signed_curve25519:AAAA%02d", i)] = object{"key": random(32), "signatures": signed}
	}
	return encode(object{
		"device_keys": object{
			"user_id": d.UserID, "device_id": d.DeviceID, "algorithms": []string{"m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"},
			"keys":       object{"curve25519:" + d.DeviceID: random(32), "ed25519:" + d.DeviceID: random(32)},
			"signatures": signed,
		},
		"one_time_keys": oneTime,
		"fallback_keys": object{"signed_curve25519:AAAAFB": object{"key": random(32), "fallback": true, "signatures": signed}},
	})
}

// queryOf asks for all devices of the users.
func queryOf(devices []client.Session) []byte {
	users := object{}
	for _, d := range devices {
		users[d.UserID] = []string{}
	}
	return encode(object{"device_keys": users})
}

// claimOf claims a key of each device.
func claimOf(devices ...client.Session) []byte {
	return encode(object{"one_time_keys": perDevice(devices, func(client.Session) any { return "signed_curve25519" })})
}

// messagesTo is an encrypted message to each device.
func messagesTo(devices []client.Session) []byte {
	return encode(object{"messages": perDevice(devices, func(client.Session) any {
		return object{
			"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": random(32),
			"ciphertext": object{random(32): object{"type": 0, "body": random(olmBytes)}},
		}
	})})
}

// messageIn is an encrypted message to a room. The name tells it from others.
func messageIn(name string) []byte {
	return encode(object{
		"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": random(megolmBytes), "session_id": random(32), "device_id": name, "sender_key": random(32),
	})
}

// perDevice is user → device → value.
func perDevice(devices []client.Session, value func(client.Session) any) object {
	out := object{}
	for _, d := range devices {
		if out[d.UserID] == nil {
			out[d.UserID] = object{}
		}
		out[d.UserID].(object)[d.DeviceID] = value(d)
	}
	return out
}
