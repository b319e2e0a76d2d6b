package pki

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY" // PKCS #8, which OpenSSL, PostgreSQL, etcd and HAProxy read
)

// writePair writes a key and its certificate, the certificate last.
func writePair(dir, name string, der []byte, key *ecdsa.PrivateKey, replace bool) error {
	cert, keyFile := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	if !replace {
		for _, path := range []string{cert, keyFile} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: %w", path, ErrExists)
			}
		}
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	if err := writeFile(keyFile, 0o600, keyBlock, text); err != nil {
		return err
	}
	return writeFile(cert, 0o644, certificateBlock, der)
}

// writeFile puts a file in its place in one step, with its mode from the beginning on.
func writeFile(path string, mode fs.FileMode, block string, content []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err := pem.Encode(temp, &pem.Block{Type: block, Bytes: content}); err != nil {
		return err
	}
	if err := temp.Chmod(mode); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

func readBlock(path, block string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found, _ := pem.Decode(text)
	if found == nil || found.Type != block {
		return nil, fmt.Errorf("%s holds no %s", path, block)
	}
	return found.Bytes, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readBlock(path, certificateBlock)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return cert, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	der, err := readBlock(path, keyBlock)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading %s: it is not a key on an elliptic curve", path)
	}
	return ec, nil
}
