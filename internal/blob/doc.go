// SPDX-License-Identifier: Apache-2.0

// Package blob names whole objects by URL and says what a place that keeps them must do.
//
// A bucket holds objects; an object is bytes under a key; a key is text in which '/' suggests folders. Import input,
// logs, manifests and exports are objects. A Store is one place: a folder (blob/file) or an S3 endpoint (blob/s3).
//
// Every Store holds these invariants; blobtest.Run tests them:
//
//	B1  An object is seen whole or not at all: nothing before Commit has returned, everything after, nothing after Abort.
//	    Commit replaces an older object of the same key in one step; a reader of the older one is not disturbed, or fails.
//	B2  A committed object survives the process and, for a folder, the machine's power.
//	B3  List yields each object of the prefix once, in ascending byte order of the keys, for any number of objects, in
//	    bounded memory. Uploads under way and bookkeeping are never listed.
//	B4  A prefix that is empty or ends in '/' takes every key that begins with it. Any other prefix is a name: it takes
//	    the object of exactly that key, and the keys that begin with it and '/'. s3://b/in never takes s3://b/in2/x.
//	B5  Open reads a stream from an offset on. With an ETag it reads that version of the object or fails with
//	    fault.Precondition, at the latest before the reader returns io.EOF.
//	B6  Size, ModTime and ETag of one version are the same from List, Stat and Open; a version with other bytes has
//	    another ETag. ETags mean nothing beyond their Store.
//	B7  Memory does not grow with the size of an object or the length of a listing.
//	B8  A missing bucket or object fails with fault.NotFound, a refused one with fault.Forbidden, a place that is down,
//	    slow or full with fault.Unavailable, a name that the place cannot hold with fault.Invalid, and one that it
//	    cannot hold beside the others there with fault.Conflict.
//	B9  Delete of an object that is not there succeeds. In a bucket that is not there it fails with fault.NotFound.
//	B10 No name reaches outside its bucket, whatever it holds ("..", links, NUL).
//
// All methods may be called from any goroutine; one Writer or reader belongs to one goroutine at a time. A context that
// ends makes the calls that carry it fail with its error, and the readers and writers they gave too.
//
// Objects cannot be appended to. A job whose output must go on after a crash keeps what it has produced with its own
// checkpoint, in the same transaction (for a log: the checkpoint's lines as one packed row), and writes the object once,
// with Create, when all of it is known; then it drops the rows. A crash before Commit leaves no object, and doing it
// again writes the same bytes to the same key. So a log can neither repeat a line nor lose one, without a local file
// that another machine would not have.
package blob
