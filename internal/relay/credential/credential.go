// Package credential makes and checks the credentials that users show to relays ("A REST API For Access To TURN Services",
// draft-uberti-behave-turn-rest): the name tells until when and for whom, and the password is its code under a secret that the homeserver
// shares with the relays. Nothing is stored, so that every relay can check what any node gave out.
//
// It never says whether a user exists, and holds no clock of its own.
package credential

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what TURN servers check these passwords with
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Make gives a user the name and password that are good until a time.
func Make(secret, user string, until time.Time) (name, password string) {
	name = strconv.FormatInt(until.Unix(), 10) + ":" + user
	return name, Password(secret, name)
}

// Password is the one that belongs to a name.
func Password(secret, name string) string {
	code := hmac.New(sha1.New, []byte(secret))
	code.Write([]byte(name))
	return base64.StdEncoding.EncodeToString(code.Sum(nil))
}

// User tells whom a name is for, and whether it is still good. Whether it is genuine only its password shows.
func User(name string, now time.Time) (user string, ok bool) {
	text, user, found := strings.Cut(name, ":")
	until, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || user == "" || until <= now.Unix() {
		return "", false
	}
	return user, true
}
