// SPDX-License-Identifier: Apache-2.0

// Package seal keeps short secrets unreadable where they are stored: AES-256-GCM under a key of their own purpose, derived
// from the data folder's key.
//
// Sealed bytes are a random nonce of 12 bytes, then the ciphertext with its tag. A Box is safe for concurrent use.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"galen/internal/fault"
)

// Box seals and opens the secrets of one purpose.
type Box struct{ aead cipher.AEAD }

// New derives the box of a purpose from a key of at least 16 bytes. Boxes of other keys or purposes cannot open what it seals.
func New(key []byte, purpose string) (*Box, error) {
	if len(key) < 16 {
		return nil, fmt.Errorf("a key of %d bytes is too short", len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "galen "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Box{aead}, err
}

// Seal makes secret unreadable. What is sealed opens only with the same bound, such as the id of what it belongs to.
func (b *Box) Seal(secret, bound string) []byte {
	nonce := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(secret)+b.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return b.aead.Seal(nonce, nonce, []byte(secret), []byte(bound))
}

// Open gives back what Seal was given. It fails with fault.Internal if sealed was not made by this box with this bound.
func (b *Box) Open(sealed []byte, bound string) (string, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return "", fault.New(fault.Internal, "a sealed secret cannot be opened")
	}
	secret, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(bound))
	if err != nil {
		return "", fault.New(fault.Internal, "a sealed secret cannot be opened")
	}
	return string(secret), nil
}
