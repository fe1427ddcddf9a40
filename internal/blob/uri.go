// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"galen/internal/fault"
)

// MaxKey is the longest key in bytes.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const MaxKey = 1024

// URI names a bucket, an object or a prefix. The zero URI names nothing.
type URI struct {
	Bucket string // satisfies CheckBucket
	Key    string // without a leading '/' of its own; empty for the bucket itself; at most MaxKey bytes of UTF-8
}

// ParseURI reads s3://bucket, s3://bucket/ and s3://bucket/key. The key is taken as it stands, without unescaping.
// It fails with fault.Invalid.
func ParseURI(s string) (URI, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return URI{}, fault.New(fault.Invalid, "an S3 URI begins with s3://")
	}
	bucket, key, _ := strings.Cut(rest, "/")
	u := URI{Bucket: bucket, Key: key}
	if err := u.Check(); err != nil {
		return URI{}, err
	}
	return u, nil
}

// String gives the URI as ParseURI reads it: s3://bucket/key.
func (u URI) String() string { return "s3://" + u.Bucket + "/" + u.Key }

// Join puts names below u, with exactly one '/' between them. An empty name, and a '/' at the edge of one, add nothing.
// The result is not checked; the Store that gets it does that.
func (u URI) Join(names ...string) URI {
	for _, n := range names {
		n = strings.Trim(n, "/")
		switch {
		case n == "":
		case u.Key == "" || strings.HasSuffix(u.Key, "/"):
			u.Key += n
		default:
			u.Key += "/" + n
		}
	}
	return u
}

// Folder returns u with a '/' at the end of its key, as a prefix that takes only what lies below it.
func (u URI) Folder() URI {
	if u.Key != "" && !strings.HasSuffix(u.Key, "/") {
		u.Key += "/"
	}
	return u
}

// Takes reports whether key is one that u, read as a prefix, takes (B4).
func (u URI) Takes(key string) bool {
	rest, ok := strings.CutPrefix(key, u.Key)
	return ok && (u.Key == "" || rest == "" || strings.HasSuffix(u.Key, "/") || rest[0] == '/')
}

// Rel returns the part of key below u: what is left after u's key and a '/'. An object that u names itself keeps the
// last name of its key.
func (u URI) Rel(key string) string {
	if !u.Takes(key) {
		return key
	}
	if rest := strings.TrimPrefix(key[len(u.Key):], "/"); rest != "" {
		return rest
	}
	return key[strings.LastIndexByte(key, '/')+1:]
}

// Check fails with fault.Invalid if no store could hold u.
func (u URI) Check() error {
	if err := CheckBucket(u.Bucket); err != nil {
		return err
	}
	switch {
	case len(u.Key) > MaxKey:
		return fault.New(fault.Invalid, "the key is longer than %d bytes", MaxKey)
	case !utf8.ValidString(u.Key):
		return fault.New(fault.Invalid, "the key is not UTF-8")
	case strings.IndexByte(u.Key, 0) >= 0:
		return fault.New(fault.Invalid, "the key holds a NUL byte")
	}
	return nil
}

// CheckBucket fails with fault.Invalid if name is against S3's rule for general-purpose buckets.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func CheckBucket(name string) error {
	bad := func(why string) error { return fault.New(fault.Invalid, "the bucket name %s", why) }
	if len(name) < 3 || len(name) > 63 {
		return bad("is not 3 to 63 characters long")
	}
	for i := range len(name) {
		c := name[i]
		edge := i == 0 || i == len(name)-1
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '.') && !edge:
		default:
			return bad("is not lower-case letters, digits, '-' and '.', with a letter or digit at both ends")
		}
	}
	if strings.Contains(name, "..") {
		return bad("has two dots together")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return bad("is an IP address")
	}
	for _, p := range [...]string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return bad("begins with the reserved " + p)
		}
	}
	for _, s := range [...]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, s) {
			return bad("ends with the reserved " + s)
		}
	}
	return nil
}
