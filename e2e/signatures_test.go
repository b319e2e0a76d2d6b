//go:build goolm

package e2e

import (
	"context"
	"maps"
	"sync"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"
)

// memoryStore is mautrix-go's store in memory with a lock of its own around signatures, and cross-signing keys, which that writes under a lock for reading, or gives out as they are.
type memoryStore struct {
	*crypto.MemoryStore
	mu sync.Mutex
}

func newMemoryStore() *memoryStore { return &memoryStore{MemoryStore: crypto.NewMemoryStore(nil)} }

// PutSignature implements crypto.Store.
func (s *memoryStore) PutSignature(
	ctx context.Context, signedUser id.UserID, signedKey id.Ed25519, signer id.UserID, signerKey id.Ed25519, signature string,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.MemoryStore.PutSignature(ctx, signedUser, signedKey, signer, signerKey, signature)
}

// GetSignaturesForKeyBy implements crypto.Store.
func (s *memoryStore) GetSignaturesForKeyBy(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID) (map[id.Ed25519]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.MemoryStore.GetSignaturesForKeyBy(ctx, user, key, signer)
	return maps.Clone(found), err
}

// IsKeySignedBy implements crypto.Store.
func (s *memoryStore) IsKeySignedBy(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519) (bool, error) {
	found, err := s.GetSignaturesForKeyBy(ctx, user, key, signer)
	_, ok := found[signerKey]
	return ok, err
}

// DropSignaturesByKey implements crypto.Store.
func (s *memoryStore) DropSignaturesByKey(ctx context.Context, user id.UserID, key id.Ed25519) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.MemoryStore.DropSignaturesByKey(ctx, user, key)
}

// PutCrossSigningKey implements crypto.Store.
func (s *memoryStore) PutCrossSigningKey(ctx context.Context, user id.UserID, usage id.CrossSigningUsage, key id.Ed25519) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.MemoryStore.PutCrossSigningKey(ctx, user, usage, key)
}

// GetCrossSigningKeys implements crypto.Store.
func (s *memoryStore) GetCrossSigningKeys(ctx context.Context, user id.UserID) (map[id.CrossSigningUsage]id.CrossSigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.MemoryStore.GetCrossSigningKeys(ctx, user)
	return maps.Clone(found), err
}
