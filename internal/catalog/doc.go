// SPDX-License-Identifier: Apache-2.0

// Package catalog keeps what there is: data stores and domains, their lives and their tags, and which requests were already answered.
//
// A data store's life: Creating → Active | CreateFailed; Active → Deleting → Deleted; Active → Updating → Active |
// UpdateFailed. Every step that takes time is a job, so that it is taken up again after a crash. A deleted data store
// stays in the catalog; its tenant number is never used again.
//
// A domain's life: Active → Deleting → Deleted. In it are subscriptions, active or inactive, and the jobs of agents; they go
// with it. A deleted domain stays in the catalog, empty.
//
// Everything belongs to an account: what another account asks for does not exist for it.
// All methods are safe for concurrent use. Rows: docs/formats/catalog.md.
package catalog
