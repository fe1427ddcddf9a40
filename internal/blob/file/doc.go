// SPDX-License-Identifier: Apache-2.0

// Package file keeps objects in folders: bucket b and key k/l are the plain file ROOT/b/k/l.
//
// It holds to the invariants of package blob. A file that somebody puts into a bucket's folder is an object, without any
// bookkeeping beside it; what is not a regular file or a folder (links, devices) is not there. Files are 0600, folders
// 0700. A key whose segments a file system cannot hold (empty, "." or "..", over 255 bytes, a '/' at the end) fails with
// fault.Invalid; a key that needs a folder where an object stands, or the reverse, fails with fault.Conflict.
//
//	ROOT/<bucket>/<key>             objects
//	ROOT/.galen/tmp/<name>          objects being written; emptied by Open
//	ROOT/.galen/uploads/<id>/about  what a multipart upload will become: its URI
//	ROOT/.galen/uploads/<id>/00001  its parts
//
// An object is written to a temporary file, synced, renamed into its place, and the folders that changed are synced. Its
// ETag is its size, time and inode: each commit of one Store gets a time of its own, so a version that replaces another
// differs from it, and so does a file that was edited in place, if its time or size moved.
//
// One Store at a time has a root; all of its methods may be called from any goroutine.
package file
