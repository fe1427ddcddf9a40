// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/bulk"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/job"
)

// maxImportInputs bounds the files that an import names.
const maxImportInputs = 10_000

// importOperation begins an import of NDJSON files out of a bucket.
//
// https://github.com/smart-on-fhir/bulk-import
func importOperation() Operation {
	return Operation{
		Name: "import", Levels: OnSystem, Changes: true,
		Params: []Param{{Name: "inputFormat", Type: "code"}, {Name: "inputSource", Type: "uri"}, {Name: "input", Min: 1, Many: true},
			{Name: "output", Type: "uri"}, {Name: "validationLevel", Type: "code"}},
		serve: serveImport, follow: followImport,
	}
}

func serveImport(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Bulk == nil {
		return interaction.Reply{}, fault.New(fault.Unsupported, "imports are not offered here")
	}
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Import, fhir.Key{}); err != nil {
		return interaction.Reply{}, err
	}
	switch c.Parameters.Text("inputFormat") {
	case "", "application/fhir+ndjson", "application/ndjson", "ndjson":
	default:
		return interaction.Reply{}, fault.New(fault.Unsupported, "imports are in application/fhir+ndjson").WithCode("not-supported").At("inputFormat")
	}
	spec := bulk.ImportSpec{Account: c.Caller.Who.Account, DataStore: c.Caller.DataStore, Level: c.Parameters.Text("validationLevel"), Request: c.url()}
	if err := importInputs(c.Parameters, &spec); err != nil {
		return interaction.Reply{}, err
	}
	j, err := s.opt.Bulk.StartImport(ctx, c.Caller.Who, "", "", spec, nil)
	if err != nil {
		return interaction.Reply{}, err
	}
	reply, err := jobReply(map[string]string{"datastoreId": spec.DataStore, "jobStatus": "SUBMITTED", "jobId": j.ID}, nil)
	reply.Status, reply.Header = 202, map[string]string{"Content-Location": c.Caller.Base + "/$import/" + j.ID}
	return reply, err
}

// importInputs reads the files that are to be read, which lie in one bucket, and where the logs go: as is said, or below import-logs in that
// bucket.
func importInputs(p Parameters, spec *bulk.ImportSpec) error {
	bucket := ""
	for _, n := range p.All("input") {
		text := Parts(n).Text("url")
		u, err := blob.ParseURI(text)
		if err != nil || u.Key == "" {
			return fault.New(fault.Unsupported, "the url of an input is the s3:// URI of an object").WithCode("not-supported").At("input.url")
		}
		if bucket == "" {
			bucket = u.Bucket
		}
		switch {
		case u.Bucket != bucket:
			return fault.New(fault.Unsupported, "all inputs of an import lie in one bucket").WithCode("not-supported").At("input.url")
		case len(spec.Only) == maxImportInputs:
			return fault.New(fault.TooCostly, "more than %d inputs", maxImportInputs).At("input")
		}
		spec.Only = append(spec.Only, u.Key)
	}
	slices.Sort(spec.Only)
	spec.Only = slices.Compact(spec.Only)
	spec.Input = "s3://" + bucket + "/"
	if spec.Output = p.Text("output"); spec.Output == "" {
		spec.Output = "s3://" + bucket + "/import-logs/"
	}
	return nil
}

// followImport serves the status of an import, and its end.
func followImport(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Bulk == nil {
		return interaction.Reply{}, fault.New(fault.NotFound, "there is no such import")
	}
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Import, fhir.Key{}); err != nil {
		return interaction.Reply{}, err
	}
	who, id := c.Caller.Who, strings.TrimSuffix(c.Rest, "/")
	if c.Method == "DELETE" {
		err := s.opt.Bulk.CancelImport(ctx, who, who.Account, c.Caller.DataStore, id)
		return interaction.Reply{Status: 202}, err
	}
	j, spec, p, err := s.opt.Bulk.FindImport(ctx, who, who.Account, c.Caller.DataStore, id)
	if err != nil {
		return interaction.Reply{}, err
	}
	switch j.State {
	case job.Cancelled, job.Cancelling:
		return interaction.Reply{}, fault.New(fault.NotFound, "the import was cancelled")
	case job.Failed:
		return interaction.Reply{}, fault.New(fault.Internal, "the import failed: %s", j.Message)
	}
	status := map[string]any{"request": spec.Request, "jobId": j.ID, "jobStatus": jobStatus(j.State),
		"resourcesScanned": p.Scanned, "resourcesImported": p.Imported, "resourcesRefused": p.CustomerErrors + p.ServerErrors, "filesUnread": p.UnreadFiles}
	if !j.State.Ended() {
		body, err := json.Marshal(status)
		return interaction.Reply{Status: 202, Body: body, ContentType: plainJSON, Header: map[string]string{
			"X-Progress": strconv.FormatInt(p.Imported, 10) + " resources imported", "Retry-After": "1"}}, err
	}
	home := bulk.ImportFolder(spec, j.ID)
	status["transactionTime"] = string(fhir.AppendInstant(nil, j.Ended))
	status["output"] = home.Join("SUCCESS").Folder().String()
	status["error"] = home.Join("FAILURE").Folder().String()
	return jobReply(status, nil)
}
