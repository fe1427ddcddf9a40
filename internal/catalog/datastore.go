// SPDX-License-Identifier: Apache-2.0

package catalog

import "time"

// State is where a data store is in its life.
type State string

// The states of a data store.
const (
	Creating     State = "creating"
	Active       State = "active"
	CreateFailed State = "create failed"
	Updating     State = "updating"
	UpdateFailed State = "update failed"
	Deleting     State = "deleting"
	Deleted      State = "deleted"
)

// DataStore is one data store as it stands.
type DataStore struct {
	ID       string    `json:"id"` // 32 lower-case hexadecimal digits
	Account  string    `json:"account"`
	Tenant   uint32    `json:"tenant"` // what its keys in the engine begin with
	Name     string    `json:"name,omitempty"`
	State    State     `json:"state"`
	Created  time.Time `json:"created"`
	Failure  string    `json:"failure,omitempty"`   // why it is CreateFailed or UpdateFailed
	CanRetry bool      `json:"can_retry,omitempty"` // whether trying again can help

	Settings Settings `json:"settings"`
	Tags     []Tag    `json:"tags,omitempty"` // in order of key
}

// Settings are what its owner chose for a data store. Pointers are nil where nothing was chosen.
type Settings struct {
	Preload    string            `json:"preload,omitempty"` // name of the data to load at creation; empty: none
	Encryption *Encryption       `json:"encryption,omitempty"`
	Identity   *IdentityProvider `json:"identity,omitempty"`
	Analytics  string            `json:"analytics,omitempty"` // status words of the API; empty: never set
	NLP        string            `json:"nlp,omitempty"`
	Profiles   []string          `json:"profiles,omitempty"` // default profiles, such as "us-core-6.1.0"
}

// Encryption is the key a data store was asked to be encrypted with. It is kept and shown; the disk's own encryption is
// what protects the data.
type Encryption struct {
	KeyType string `json:"key_type"`
	KeyID   string `json:"key_id,omitempty"`
}

// IdentityProvider says who may call the FHIR API of a data store.
type IdentityProvider struct {
	Strategy    string `json:"strategy"`
	FineGrained *bool  `json:"fine_grained,omitempty"`
	Metadata    string `json:"metadata,omitempty"` // JSON text of the discovery document
	FunctionARN string `json:"function_arn,omitempty"`
}

// Filter narrows a List. Zero fields do not narrow.
type Filter struct {
	Name          string
	State         State
	CreatedBefore time.Time
	CreatedAfter  time.Time
}

func (f Filter) keeps(d DataStore) bool {
	return (f.Name == "" || f.Name == d.Name) &&
		(f.State == "" || f.State == d.State) &&
		(f.CreatedBefore.IsZero() || d.Created.Before(f.CreatedBefore)) &&
		(f.CreatedAfter.IsZero() || d.Created.After(f.CreatedAfter))
}
