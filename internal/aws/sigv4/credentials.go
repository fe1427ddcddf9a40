// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxCredentials = 1 << 20 // bytes of a file
	checkEvery     = time.Second
)

// Credentials are the access keys of a file in the AWS shared-credentials format, read again when the file changes.
// Many profiles may share a file; aws_account_id is optional. It is safe for concurrent use.
type Credentials struct {
	path   string
	failed func(error)
	now    atomic.Pointer[loaded]
	next   atomic.Int64 // when to look at the file again, Unix nanoseconds
}

// loaded is a file's content at one moment. It is never changed.
type loaded struct {
	byKey map[string]Credential
	mtime time.Time
	size  int64
}

// OpenCredentials reads the file at path. Later changes of it are seen by Lookup within a second; if a changed file
// cannot be read, the keys before stay good and failed, which may be nil, is told why, from inside Lookup.
func OpenCredentials(path string, failed func(error)) (*Credentials, error) {
	c := &Credentials{path: path, failed: failed}
	l, err := load(path)
	if err != nil {
		return nil, err
	}
	c.now.Store(l)
	return c, nil
}

// Lookup finds an access key. It looks at the file's time and size at most once a second.
func (c *Credentials) Lookup(accessKey string, now time.Time) (Credential, bool) {
	if next := c.next.Load(); now.UnixNano() >= next && c.next.CompareAndSwap(next, now.Add(checkEvery).UnixNano()) {
		c.refresh()
	}
	cred, ok := c.now.Load().byKey[accessKey]
	return cred, ok
}

// All returns the credentials in the file, in no order.
func (c *Credentials) All() []Credential {
	var all []Credential
	for _, cred := range c.now.Load().byKey {
		all = append(all, cred)
	}
	return all
}

func (c *Credentials) refresh() {
	old := c.now.Load()
	info, err := os.Stat(c.path)
	if err == nil && info.ModTime().Equal(old.mtime) && info.Size() == old.size {
		return
	}
	var l *loaded
	if err == nil {
		l, err = load(c.path)
	}
	if err != nil {
		if c.failed != nil {
			c.failed(fmt.Errorf("credentials stay as they were: %w", err))
		}
		return
	}
	c.now.Store(l)
}

func load(path string) (*loaded, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCredentials {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxCredentials)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := ParseCredentials(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := &loaded{byKey: make(map[string]Credential, len(list)), mtime: info.ModTime(), size: info.Size()}
	for _, c := range list {
		l.byKey[c.AccessKey] = c
	}
	return l, nil
}

// ParseCredentials reads the shared-credentials format: [profile] sections of key = value lines, # and ; comments. It
// fails if a section lacks its key or secret, two sections have the same key, or there is none at all. No error text
// holds a value.
func ParseCredentials(text string) ([]Credential, error) {
	var list []Credential
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			name, ok := strings.CutSuffix(line[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d: a section without its closing bracket", i+1)
			}
			list = append(list, Credential{Profile: strings.TrimSpace(name)})
		default:
			name, value, ok := strings.Cut(line, "=")
			if !ok || len(list) == 0 {
				return nil, fmt.Errorf("line %d: neither a section nor a setting within one", i+1)
			}
			list[len(list)-1].set(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no profile")
	}
	seen := make(map[string]string, len(list))
	for _, c := range list {
		if c.AccessKey == "" || c.Secret == "" {
			return nil, fmt.Errorf("profile %q lacks aws_access_key_id or aws_secret_access_key", c.Profile)
		}
		if other, twice := seen[c.AccessKey]; twice {
			return nil, fmt.Errorf("profiles %q and %q have the same access key", other, c.Profile)
		}
		seen[c.AccessKey] = c.Profile
	}
	return list, nil
}

// set stores a setting; those that are for clients only, such as region, are passed over.
func (c *Credential) set(name, value string) {
	switch name {
	case "aws_access_key_id":
		c.AccessKey = value
	case "aws_secret_access_key":
		c.Secret = value
	case "aws_session_token":
		c.Token = value
	case "aws_account_id":
		c.Account = value
	}
}

// CreateCredentials writes a file with one random key as profile [default], readable by its owner only, and the
// folders above it. It fails with fs.ErrExist if the file is there; the file appears whole or not at all.
func CreateCredentials(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".credentials-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	var secret [30]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "[default]\naws_access_key_id = AKIA%s\naws_secret_access_key = %s\n",
		rand.Text()[:16], base64.StdEncoding.EncodeToString(secret[:]))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
