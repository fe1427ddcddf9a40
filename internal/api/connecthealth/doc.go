// SPDX-License-Identifier: Apache-2.0

// Package connecthealth is Amazon Connect Health as its clients know it, but for the stream: domains, subscriptions, tags,
// patient insights and medical coding, over the catalog and the jobs. It translates: words, ids, ARNs, states, page tokens and errors. It
// decides nothing else.
//
// docs/wire/connecthealth.md says what it answers where the contract leaves room.
package connecthealth

//go:generate go run galen/internal/aws/shape/gen -model ../../aws/shape/model/connecthealth.json -package connecthealth -types shapes_gen.go -operations CreateDomain,GetDomain,ListDomains,DeleteDomain,CreateSubscription,GetSubscription,ListSubscriptions,ActivateSubscription,DeactivateSubscription,TagResource,UntagResource,ListTagsForResource,StartPatientInsightsJob,GetPatientInsightsJob,StartMedicalCodingJob,GetMedicalCodingJob,GetMedicalScribeListeningSession
