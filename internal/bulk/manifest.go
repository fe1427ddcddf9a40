// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"fmt"

	"galen/internal/blob"
)

// manifest is the summary that an import leaves beside its logs, in HealthLake's members.
//
// https://docs.aws.amazon.com/healthlake/latest/devguide/importing-fhir-data.html
type manifest struct {
	Input struct {
		S3URI string `json:"s3Uri"`
	} `json:"inputDataConfig"`
	Output struct {
		S3URI string `json:"s3Uri"`
		KeyID string `json:"encryptionKeyID,omitempty"`
	} `json:"outputDataConfig"`
	Success struct {
		S3URI string `json:"successOutputS3Uri"`
	} `json:"successOutput"`
	Failure struct {
		S3URI string `json:"failureOutputS3Uri"`
	} `json:"failureOutput"`
	ScannedFiles   int64   `json:"numberOfScannedFiles"`
	ImportedFiles  int64   `json:"numberOfFilesImported"`
	ScannedMB      float64 `json:"sizeOfScannedFilesInMB"`
	ImportedMB     float64 `json:"sizeOfDataImportedSuccessfullyInMB"`
	Scanned        int64   `json:"numberOfResourcesScanned"`
	Imported       int64   `json:"numberOfResourcesImportedSuccessfully"`
	CustomerErrors int64   `json:"numberOfResourcesWithCustomerError"`
	ServerErrors   int64   `json:"numberOfResourcesWithServerError"`
}

// Megabytes is a size as HealthLake's figures give it.
func Megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// manifestNames are both names that the original is known by: its documentation's and its service's.
var manifestNames = []string{"Manifest.json", "manifest.json"}

// writeManifests writes the summary under both names.
func (im *importer) writeManifests(ctx context.Context, p Progress) error {
	home := ImportFolder(im.spec, im.id)
	var m manifest
	m.Input.S3URI = im.spec.Input
	m.Output.S3URI, m.Output.KeyID = home.String(), im.spec.KeyID
	m.Success.S3URI = home.Join(logFolders[successLog]).Folder().String()
	m.Failure.S3URI = home.Join(logFolders[failureLog]).Folder().String()
	m.ScannedFiles, m.ImportedFiles = p.ScannedFiles, p.ImportedFiles
	m.ScannedMB, m.ImportedMB = Megabytes(p.ScannedBytes), Megabytes(p.ImportedBytes)
	m.Scanned, m.Imported = p.Scanned, p.Imported
	m.CustomerErrors, m.ServerErrors = p.CustomerErrors, p.ServerErrors
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	for _, name := range manifestNames {
		if err := blob.Put(ctx, im.blobs, home.Join(name), text); err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
	}
	return nil
}
