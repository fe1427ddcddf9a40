// SPDX-License-Identifier: Apache-2.0

// Package recording keeps what a session heard: a file that is only appended to, encrypted, of entries with a kind.
//
// What was appended survives the death of the process at once, and of the machine after Sync. An entry that was cut off by either
// is dropped when the file is opened again. The bytes are in docs/formats/recordings.md.
package recording

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"galen/internal/fault"
)

// KeySize is the length of a master key, in bytes.
const KeySize = 32

// MaxEntry is the longest entry, in bytes.
const MaxEntry = 1 << 20

const (
	magic    = "galenrec1\n"
	newPart  = 0xffffffff // instead of a length: a salt follows, and entries under a key of its own
	saltSize = 16
)

// Entry is what was appended at once.
type Entry struct {
	Kind byte
	Data []byte
}

// Log is a recording that is being written. It is for one goroutine.
type Log struct {
	file *os.File
	part part
	buf  []byte
}

// part is what one opening of a file has written: a key of its own, and a count that makes its nonces.
type part struct {
	aead  cipher.AEAD
	count uint64
}

// Open opens the recording at path for appending, and makes it if need be (mode 0600). id is the session's: a file cannot stand
// in for another's. What a death has cut off is removed. It fails with fault.Internal if the file is damaged elsewhere.
func Open(path string, key []byte, id string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	l := &Log{file: file}
	if err := l.begin(key, id); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

// begin goes to the end of what is whole, and begins a part there.
func (l *Log) begin(key []byte, id string) error {
	end, err := scan(l.file, key, id, func(Entry) error { return nil })
	if err != nil {
		return err
	}
	if err := l.file.Truncate(end); err != nil {
		return fmt.Errorf("cut the recording: %w", err)
	}
	if _, err := l.file.Seek(end, io.SeekStart); err != nil {
		return fmt.Errorf("find the recording's end: %w", err)
	}
	head := make([]byte, 0, 64)
	if end == 0 {
		head = append(head, magic...)
	}
	head = binary.BigEndian.AppendUint32(head, newPart)
	salt := make([]byte, saltSize)
	rand.Read(salt)
	if l.part, err = newPartOf(key, id, salt); err != nil {
		return err
	}
	if _, err := l.file.Write(append(head, salt...)); err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	return nil
}

func newPartOf(key []byte, id string, salt []byte) (part, error) {
	derived, err := hkdf.Key(sha256.New, key, salt, "galen recording "+id, KeySize)
	if err != nil {
		return part{}, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return part{}, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return part{}, fmt.Errorf("make a cipher: %w", err)
	}
	return part{aead: aead}, nil
}

// nonce is that of the next entry: each key has its own count.
func (p *part) nonce() []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[4:], p.count)
	p.count++
	return n
}

// Append appends an entry of at most MaxEntry bytes.
func (l *Log) Append(e Entry) error {
	if len(e.Data) > MaxEntry {
		return fault.New(fault.TooLarge, "an entry of a recording has at most %d bytes", MaxEntry)
	}
	plain := append(append(make([]byte, 0, len(e.Data)+1), e.Kind), e.Data...)
	l.buf = binary.BigEndian.AppendUint32(l.buf[:0], uint32(len(plain)+l.part.aead.Overhead()))
	l.buf = l.part.aead.Seal(l.buf, l.part.nonce(), plain, nil)
	if _, err := l.file.Write(l.buf); err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	return nil
}

// Sync makes what was appended durable.
func (l *Log) Sync() error {
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("sync the recording: %w", err)
	}
	return nil
}

// Close syncs and closes the file.
func (l *Log) Close() error { return errors.Join(l.Sync(), l.file.Close()) }

// Read calls f for every entry of the recording at path, in order; f may keep the data. What a death cut off is left out. A
// recording that is not there has no entries.
func Read(path string, key []byte, id string, f func(Entry) error) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the recording: %w", err)
	}
	defer file.Close()
	_, err = scan(file, key, id, f)
	return err
}

// scan calls f for every whole entry and gives where the last one ends.
func scan(file io.Reader, key []byte, id string, f func(Entry) error) (end int64, err error) {
	in := bufio.NewReaderSize(file, 64<<10)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, cutOff(err) // a new file, or one that died at birth
	}
	if string(head) != magic {
		return 0, fault.New(fault.Internal, "the file is not a recording")
	}
	end = int64(len(magic))
	var p part
	for {
		var length [4]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return end, cutOff(err)
		}
		n := binary.BigEndian.Uint32(length[:])
		if n == newPart {
			salt := make([]byte, saltSize)
			if _, err := io.ReadFull(in, salt); err != nil {
				return end, cutOff(err)
			}
			if p, err = newPartOf(key, id, salt); err != nil {
				return end, err
			}
			end += 4 + saltSize
			continue
		}
		if n == 0 || n > MaxEntry+64 || p.aead == nil {
			return end, fault.New(fault.Internal, "the recording is damaged at byte %d", end)
		}
		sealed := make([]byte, n)
		if _, err := io.ReadFull(in, sealed); err != nil {
			return end, cutOff(err)
		}
		plain, err := p.aead.Open(sealed[:0], p.nonce(), sealed, nil)
		if err != nil || len(plain) == 0 {
			return end, fault.New(fault.Internal, "the recording is damaged at byte %d, or another key's", end)
		}
		if err := f(Entry{plain[0], plain[1:]}); err != nil {
			return end, err
		}
		end += 4 + int64(n)
	}
}

// cutOff takes the end of a file within an entry for the end.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("read the recording: %w", err)
}
