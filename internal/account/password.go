package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a new password. Client-Server API, "Notes on password management", asks for 8 characters.
const (
	minPassword = 8   // characters
	maxPassword = 512 // bytes
)

// The cost of argon2id: what OWASP's cheat sheet on storing passwords gives for one thread.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// Bounds of the costs in a stored hash, so that a wrong row cannot take all memory.
const (
	maxArgonMemory = 256 * 1024
	maxArgonTime   = 16
)

var errBadHash = errors.New("not a password hash of this server")

// CheckPassword tells whether a user may choose a password.
func CheckPassword(password string) error {
	if utf8.RuneCountInString(password) < minPassword {
		return mxerr.New(http.StatusBadRequest, mxerr.WeakPassword, "A password must have at least %d characters", minPassword)
	}
	return checkPasswordSize(password)
}

// checkPasswordSize is CheckPassword for administrators and tools, who may set any password.
func checkPasswordSize(password string) error {
	if password == "" {
		return mxerr.MissingParamf("A password is needed")
	}
	if len(password) > maxPassword {
		return mxerr.InvalidParamf("A password must not be longer than %d bytes", maxPassword)
	}
	return nil
}

// retryHashing is when to come back after too many passwords were being hashed at once.
const retryHashing = 2 * time.Second

// argon runs argon2id, as many at a time as there are cores, since each takes tens of milliseconds and 19 MiB.
func (s *Service) argon(ctx context.Context, password string, salt []byte, memory, rounds uint32, size int) ([]byte, error) {
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return nil, mxerr.Unavailable(retryHashing)
	}
	select {
	case s.hashing <- struct{}{}:
		defer s.memory.used()
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, rounds, memory, argonThreads, uint32(size)), nil
}

// hashPassword makes the form in which a password is stored: a PHC string.
func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := s.argon(ctx, password, salt, argonMemory, argonTime, argonKey)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// samePassword tells whether a password is the one of a stored hash. With an empty hash it does the same work and says no.
func (s *Service) samePassword(ctx context.Context, hash, password string) (bool, error) {
	h := argonHash{memory: argonMemory, rounds: argonTime, salt: make([]byte, argonSalt), key: make([]byte, argonKey)}
	if hash != "" {
		var err error
		if h, err = parseHash(hash); err != nil {
			return false, err
		}
	}
	key, err := s.argon(ctx, password, h.salt, h.memory, h.rounds, len(h.key))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, h.key) == 1 && hash != "", nil
}

type argonHash struct {
	memory, rounds uint32
	salt, key      []byte
}

func parseHash(hash string) (h argonHash, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errBadHash
	}
	var threads uint32
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.rounds, &threads); err != nil || threads != argonThreads {
		return h, errBadHash
	}
	if h.rounds == 0 || h.rounds > maxArgonTime || h.memory > maxArgonMemory {
		return h, errBadHash
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return h, errBadHash
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return h, errBadHash
	}
	return h, nil
}
