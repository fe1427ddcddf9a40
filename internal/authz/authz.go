// SPDX-License-Identifier: Apache-2.0

// Package authz answers one question: may this caller do that.
//
// Every service asks here, with the Principal that authentication found, before it touches anything. A Principal that
// signed its request as AWS callers do may do everything within its own account.
//
// Everything is a value; all functions are pure and safe for concurrent use.
package authz

import "galen/internal/fault"

// Kind says how a caller proved who it is.
type Kind uint8

// The kinds. The zero Principal is Nobody, who may do nothing.
const (
	Nobody Kind = iota
	Signed      // signed with an access key
	Server      // the server itself: jobs, the command line
)

// Principal is who calls.
type Principal struct {
	Kind      Kind
	Account   string // twelve digits; empty for Server, which acts for any account
	AccessKey string // of a Signed caller, for the log
}

// Action is what a caller wants to do.
type Action string

// The actions on resources.
const (
	Read         Action = "read"
	Search       Action = "search"
	Create       Action = "create"
	Update       Action = "update"
	Delete       Action = "delete"
	Capabilities Action = "capabilities"
)

// The actions on data stores and jobs.
const (
	Manage Action = "manage" // data stores: create, describe, list, change, delete, tag
	Import Action = "import"
	Export Action = "export"

	Summarise Action = "summarise" // patients' records: jobs that do it, and what they found
)

// Object is what an action is done to.
type Object struct {
	Account string // of the data store
	Type    string // resource type; empty if the action is not about one
	ID      string // resource id; empty if the action is not about one
}

// May fails with fault.Unauthenticated for Nobody, and with fault.Forbidden if p may not do action to on.
func (p Principal) May(action Action, on Object) error {
	switch p.Kind {
	case Server:
		return nil
	case Signed:
		if p.Account != "" && p.Account == on.Account {
			return nil
		}
		return fault.New(fault.Forbidden, "you may not %s here", action)
	}
	return fault.New(fault.Unauthenticated, "say who you are")
}
