package store

import (
	"context"
	"fmt"
)

// CrossSigningKey is one of a user's cross-signing keys.
type CrossSigningKey struct {
	UserID    string
	Purpose   string // master, self_signing, user_signing
	PublicKey string
	JSON      []byte
}

func scanCrossSigningKey(rows Rows) (CrossSigningKey, error) {
	var k CrossSigningKey
	err := rows.Scan(&k.UserID, &k.Purpose, &k.PublicKey, &k.JSON)
	return k, err
}

// CrossSigningKeys are the cross-signing keys of users.
func (t *Tx) CrossSigningKeys(ctx context.Context, users []string) ([]CrossSigningKey, error) {
	return list(ctx, t, scanCrossSigningKey, `SELECT user_id, purpose, public_key, json FROM cross_signing_keys WHERE user_id = ANY($1)`, users)
}

// IsCrossSigningKey tells whether a user has a cross-signing key with this public key.
func (t *Tx) IsCrossSigningKey(ctx context.Context, userID, publicKey string) (bool, error) {
	var n int64
	err := t.one(ctx, `SELECT COUNT(*) FROM cross_signing_keys WHERE user_id = $1 AND public_key = $2`, []any{userID, publicKey}, &n)
	return n > 0, err
}

// PutCrossSigningKey writes a key in place of the one with its purpose, whose signatures go, both on it and by it.
func (t *LaneTx) PutCrossSigningKey(ctx context.Context, k CrossSigningKey) error {
	if err := t.DropCrossSigningKey(ctx, k.UserID, k.Purpose); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO cross_signing_keys (user_id, purpose, public_key, json) VALUES ($1, $2, $3, $4)`,
		k.UserID, k.Purpose, k.PublicKey, k.JSON)
	return err
}

// DropCrossSigningKey deletes a key and the signatures on it and by it.
func (t *LaneTx) DropCrossSigningKey(ctx context.Context, userID, purpose string) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	old, err := list(ctx, &t.Tx, scanOne[string], `DELETE FROM cross_signing_keys WHERE user_id = $1 AND purpose = $2 RETURNING public_key`,
		userID, purpose)
	if err != nil {
		return fmt.Errorf("replacing a cross-signing key: %w", err)
	}
	for _, key := range old {
		if err := t.DropSignaturesOf(ctx, userID, key); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM key_signatures WHERE signer = $1 AND signer_key = $2`, userID, "ed25519:"+key); err != nil {
			return fmt.Errorf("deleting what a replaced key signed: %w", err)
		}
	}
	return nil
}

// DropSignaturesOf deletes the signatures on a key of a user.
func (t *LaneTx) DropSignaturesOf(ctx context.Context, userID, key string) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM key_signatures WHERE target_user = $1 AND target_key = $2`, userID, key); err != nil {
		return fmt.Errorf("deleting the signatures of a key: %w", err)
	}
	return nil
}

// KeySignature is a signature that was made on a key after its upload.
type KeySignature struct {
	TargetUser, TargetKey string // a device id or a public key
	Signer, SignerKey     string // the full name of the signing key
	Signature             string
}

func scanKeySignature(rows Rows) (KeySignature, error) {
	var k KeySignature
	err := rows.Scan(&k.TargetUser, &k.TargetKey, &k.Signer, &k.SignerKey, &k.Signature)
	return k, err
}

// PutKeySignatures adds signatures.
func (t *LaneTx) PutKeySignatures(ctx context.Context, sigs []KeySignature) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	rows := make([][]any, len(sigs))
	for i, k := range sigs {
		rows[i] = []any{k.TargetUser, k.TargetKey, k.Signer, k.SignerKey, k.Signature}
	}
	return t.execMany(ctx, `INSERT INTO key_signatures (target_user, target_key, signer, signer_key, signature) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (target_user, target_key, signer, signer_key) DO UPDATE SET signature = excluded.signature`, rows)
}

// KeySignatures are the signatures on keys of users that viewer may see: their own, and the viewer's.
func (t *Tx) KeySignatures(ctx context.Context, users []string, viewer string) ([]KeySignature, error) {
	return list(ctx, t, scanKeySignature, `SELECT target_user, target_key, signer, signer_key, signature FROM key_signatures
		WHERE target_user = ANY($1) AND (signer = target_user OR signer = $2)`, users, viewer)
}

// KnownUsers returns those of the users that have an account.
func (t *Tx) KnownUsers(ctx context.Context, users []string) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT user_id FROM users WHERE user_id = ANY($1)`, users)
}
