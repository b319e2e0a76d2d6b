package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strconv"
)

// Prefixes tell people and secret scanners what a found token is.
const (
	accessPrefix  = "bgs_"
	refreshPrefix = "bgr_"
	loginPrefix   = "bgl_"
	openIDPrefix  = "bgo_"
)

// newToken makes a token that cannot be guessed, and its hash, which is what is stored.
func newToken(prefix string) (token string, hash [32]byte) {
	token = prefix + randomText(32)
	return token, hashToken(token)
}

func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// randomText is n random bytes, written with the characters of URLs.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// newDeviceID makes a device id that a person can compare: ten capital letters.
func newDeviceID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b := make([]byte, 10)
	for i := range b {
		b[i] = letters[randomBelow(int64(len(letters)))]
	}
	return string(b)
}

// newLocalpart makes a name for somebody who gave none.
func newLocalpart() string {
	return strconv.FormatInt(1_000_000_000+randomBelow(9_000_000_000_000), 10)
}

func randomBelow(n int64) int64 {
	v, _ := rand.Int(rand.Reader, big.NewInt(n)) // never fails for n > 0
	return v.Int64()
}
