// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"time"

	"galen/internal/blob"
)

// ImportSpec is what an import was asked to do.
type ImportSpec struct {
	Account   string   `json:"account"`
	DataStore string   `json:"datastore"`
	Input     string   `json:"input"`          // s3:// URI of an object or a prefix
	Only      []string `json:"only,omitempty"` // keys of the objects that are read, in the bucket of Input; empty: all that Input takes
	Output    string   `json:"output"`         // s3:// URI of the prefix below which the job's folder is made
	KeyID     string   `json:"key_id,omitempty"`
	Role      string   `json:"role,omitempty"`
	Level     string   `json:"level"`             // strict, structure-only or minimal
	Request   string   `json:"request,omitempty"` // URL that asked for it
}

// Progress is how far an import is. Sizes are bytes of the input objects as stored.
type Progress struct {
	ScannedFiles   int64 `json:"scanned_files"`
	ScannedBytes   int64 `json:"scanned_bytes"`
	ImportedFiles  int64 `json:"imported_files"`   // read to their end
	UnreadFiles    int64 `json:"unread_files"`     // could not be read, or not to their end
	Scanned        int64 `json:"scanned"`          // lines that are not blank
	Imported       int64 `json:"imported"`         // lines that became a version
	ImportedBytes  int64 `json:"imported_bytes"`   // of those lines, uncompressed
	CustomerErrors int64 `json:"customer_errors"`  // lines refused
	ServerErrors   int64 `json:"server_errors"`    // lines that failed for no fault of theirs
	Warned         int64 `json:"warned,omitempty"` // lines stored with a validation issue (level minimal)

	Busy time.Duration `json:"busy"` // time worked, over all attempts
}

// Rate is imported resources a second.
func (p Progress) Rate() float64 {
	if p.Busy <= 0 {
		return 0
	}
	return float64(p.Imported) / p.Busy.Seconds()
}

// ExportSpec is what an export was asked to do.
type ExportSpec struct {
	Account   string     `json:"account"`
	DataStore string     `json:"datastore"`
	Output    string     `json:"output,omitempty"` // s3:// URI of the prefix below which the job's folder is made; empty: kept for download
	KeyID     string     `json:"key_id,omitempty"`
	Role      string     `json:"role,omitempty"`
	Request   string     `json:"request,omitempty"` // URL that asked for it, for the manifest
	Selection *Selection `json:"selection,omitempty"`
}

// KeptBucket is the bucket of Options.Kept that files kept for download are in. It must be there.
const KeptBucket = "exports"

// ImportFolder is the folder, below the output prefix of an import, that its manifests and logs are in.
func ImportFolder(spec ImportSpec, jobID string) blob.URI {
	return folder(spec.Output, spec.DataStore+"-FHIR_IMPORT-"+jobID)
}

// ExportFolder is the folder, below the output prefix of an export, that its files are in.
func ExportFolder(spec ExportSpec, jobID string) blob.URI {
	if spec.Output == "" {
		return blob.URI{Bucket: KeptBucket}.Join(spec.DataStore + "-FHIR_EXPORT-" + jobID).Folder()
	}
	return folder(spec.Output, spec.DataStore+"-FHIR_EXPORT-"+jobID)
}

// folder was checked to parse when the job was submitted.
func folder(prefix, name string) blob.URI {
	u, _ := blob.ParseURI(prefix)
	return u.Join(name).Folder()
}
