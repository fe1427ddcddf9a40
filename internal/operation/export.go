// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"galen/internal/authz"
	"galen/internal/bulk"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/job"
)

// exportOperation begins an export of the data store, of what is about any patient, or of what is about the members of a group.
//
// https://hl7.org/fhir/uv/bulkdata/export.html
func exportOperation(levels Level, typ, definition string) Operation {
	o := Operation{
		Name: "export", Definition: "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/" + definition,
		Levels: levels, Raw: true, Params: exportParams(), serve: serveExport, follow: followExport,
	}
	if typ != "" {
		o.Types = []string{typ}
		o.Params = append(o.Params, Param{Name: "patient", Type: "Reference", Many: true})
	}
	return o
}

func exportParams() []Param {
	return []Param{
		{Name: "_outputFormat", Type: "string"}, {Name: "_since", Type: "instant"}, {Name: "_until", Type: "instant"},
		{Name: "_type", Type: "string", Many: true}, {Name: "_typeFilter", Type: "string", Many: true},
		{Name: "_elements", Type: "string", Many: true}, {Name: "_tag", Type: "string", Many: true}, {Name: "_security", Type: "string", Many: true},
		{Name: "includeAssociatedData", Type: "code", Many: true, Refused: "what is associated is named by _type"},
		{Name: "allowPartialManifests", Type: "boolean", Refused: "a manifest is whole"},
		{Name: "organizeOutputBy", Type: "string", Refused: "files are of one type each"},
	}
}

// davinciOperation begins an export of a payer's record of the members of a group.
//
// http://hl7.org/fhir/us/davinci-atr/OperationDefinition/davinci-data-export
func davinciOperation() Operation {
	return Operation{
		Name: "davinci-data-export", Definition: "http://hl7.org/fhir/us/davinci-atr/OperationDefinition/davinci-data-export",
		Levels: OnInstance, Types: []string{"Group"}, Raw: true,
		Params: append(exportParams(), Param{Name: "patient", Type: "string", Many: true}, Param{Name: "exportType", Type: "string"},
			Param{Name: "_includeEOB2xWoFinancial", Type: "boolean"}),
		serve: serveExport, follow: followExport,
	}
}

// maxExportPatients bounds the patients that an export names.
const maxExportPatients = 500

// exportBody is HealthLake's body of an export: where its files go.
type exportBody struct {
	Role    string `json:"DataAccessRoleArn"`
	JobName string
	Output  struct {
		S3 struct {
			URI   string `json:"S3Uri"`
			KeyID string `json:"KmsKeyId"`
		} `json:"S3Configuration"`
	} `json:"OutputDataConfig"`
}

func serveExport(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Bulk == nil {
		return interaction.Reply{}, fault.New(fault.Unsupported, "exports are not offered here")
	}
	if !slices.ContainsFunc(strings.FieldsFunc(c.Header("Prefer"), func(r rune) bool { return r == ',' || r == ';' }),
		func(p string) bool { return strings.TrimSpace(p) == "respond-async" }) {
		return interaction.Reply{}, fault.New(fault.Invalid, "an export needs the header Prefer: respond-async").WithCode("required").At("Prefer")
	}
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Export, c.Key); err != nil {
		return interaction.Reply{}, err
	}
	spec := bulk.ExportSpec{Account: c.Caller.Who.Account, DataStore: c.Caller.DataStore, Request: c.url()}
	name, p, done, err := s.exportInput(c, &spec)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	if spec.Selection, err = s.exportSelection(ctx, c, p); err != nil {
		return interaction.Reply{}, err
	}
	j, err := s.opt.Bulk.StartExport(ctx, c.Caller.Who, "", name, spec, nil)
	if err != nil {
		return interaction.Reply{}, err
	}
	body, err := json.Marshal(map[string]string{"datastoreId": spec.DataStore, "jobStatus": "SUBMITTED", "jobId": j.ID})
	return interaction.Reply{Status: 202, Body: body, ContentType: plainJSON,
		Header: map[string]string{"Content-Location": c.Caller.Base + "/export/" + j.ID}}, err
}

const plainJSON = "application/json"

// url is what was called.
func (c *Call) url() string {
	path := ""
	if c.Key.Type != "" {
		path = "/" + c.Key.Type
	}
	if c.Key.ID != "" {
		path += "/" + c.Key.ID
	}
	if c.VersionID != "" {
		path += "/_history/" + c.VersionID
	}
	path += "/$" + c.name
	if c.Query != "" {
		path += "?" + c.Query
	}
	return c.Caller.Base + path
}

// exportInput reads the body: a Parameters resource, HealthLake's own form, or nothing.
func (s *Service) exportInput(c *Call, spec *bulk.ExportSpec) (name string, p Parameters, done func(), err error) {
	if len(c.Body) == 0 {
		return "", c.Parameters, func() {}, nil
	}
	if c.ContentType != "" {
		return "", p, nil, fault.New(fault.Unsupported, "the body of $%s is JSON", c.name).WithCode("value")
	}
	root, done, err := s.parse(c.Body)
	if err != nil {
		return "", p, nil, err
	}
	if fhir.Type(root) != "" {
		defer done()
		text, err := appendParameters(nil, c.operation, c.Query, root)
		if err != nil {
			return "", p, nil, err
		}
		merged, done, err := s.parse(text)
		if err != nil {
			return "", p, nil, err
		}
		p = Parameters{merged}
		return "", p, done, c.operation.check(p)
	}
	done()
	var body exportBody
	if err := json.Unmarshal(c.Body, &body); err != nil {
		return "", p, nil, fault.Wrap(fault.Invalid, err, "the body does not have the form of an export").WithCode("structure")
	}
	if spec.Output = body.Output.S3.URI; spec.Output == "" {
		return "", p, nil, fault.New(fault.Invalid, "the body names no output").WithCode("required").At("OutputDataConfig.S3Configuration.S3Uri")
	}
	spec.KeyID, spec.Role = body.Output.S3.KeyID, body.Role
	return body.JobName, c.Parameters, func() {}, nil
}

// exportSelection reads what is to be exported; nil: everything.
func (s *Service) exportSelection(ctx context.Context, c *Call, p Parameters) (*bulk.Selection, error) {
	switch p.Text("_outputFormat") {
	case "", "application/fhir+ndjson", "application/ndjson", "ndjson", "application/fhir ndjson": // a plus sign in a query is a space
	default:
		return nil, fault.New(fault.Unsupported, "exports are in application/fhir+ndjson").WithCode("not-supported").At("_outputFormat")
	}
	sel := &bulk.Selection{Types: list(p, "_type"), Filters: list(p, "_typeFilter"), Elements: list(p, "_elements"), Tags: p.Texts("_tag"), Security: p.Texts("_security")}
	var err error
	if sel.Since, err = instant(p, "_since"); err != nil {
		return nil, err
	}
	if sel.Until, err = instant(p, "_until"); err != nil {
		return nil, err
	}
	switch c.Key.Type {
	case "Patient":
		sel.About = "Patient"
	case "Group":
		sel.About = c.Key.String()
	}
	if c.name == "davinci-data-export" {
		if sel.Payer = p.Text("exportType"); sel.Payer == "" {
			sel.Payer = bulk.PayerAttribution
		}
		sel.Stripped = p.Text("_includeEOB2xWoFinancial") == "true"
	}
	if err := s.exportPatients(ctx, c, p, sel); err != nil {
		return nil, err
	}
	if len(sel.Types)+len(sel.Filters)+len(sel.Elements)+len(sel.Tags)+len(sel.Security) == 0 && sel.Since.IsZero() && sel.Until.IsZero() && sel.About == "" {
		return nil, nil
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Export, fhir.Key{})
	if err != nil {
		return nil, err
	}
	return sel, sel.Check(st.Definitions())
}

// list reads a parameter that has commas between its values. A comma inside a query (Type?code=a,b) belongs to it: what begins with no
// Type? goes on with what stands before.
func list(p Parameters, name string) []string {
	var all []string
	for _, text := range p.Texts(name) {
		for part := range strings.SplitSeq(text, ",") {
			typ, _, query := strings.Cut(part, "?")
			if name == "_typeFilter" && len(all) > 0 && !(query && fhir.ValidTypeName(typ)) {
				all[len(all)-1] += "," + part
			} else if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// exportPatients reads the patients that are named, and checks them and the group.
func (s *Service) exportPatients(ctx context.Context, c *Call, p Parameters, sel *bulk.Selection) error {
	var members map[string]bool
	if c.Key.Type == "Group" {
		group, done, err := s.readResource(ctx, c)
		if err != nil {
			return err
		}
		defer done()
		if members, err = memberIDs(group); err != nil {
			return err
		}
		if len(members) == 0 && c.name == "davinci-data-export" {
			return fault.New(fault.Invalid, "the group has no members").WithCode("business-rule")
		}
	}
	for _, n := range p.All("patient") {
		texts := Value(n).Field("reference").Text()
		if texts == "" {
			texts = Value(n).Text()
		}
		for text := range strings.SplitSeq(texts, ",") {
			r := fhir.ParseReference(strings.TrimSpace(text))
			switch {
			case r.Kind != fhir.Relative && r.Kind != fhir.Absolute || r.Key.Type != "Patient" || r.Kind == fhir.Absolute && r.Base != c.Caller.Base:
				return fault.New(fault.Invalid, "the parameter is a reference to a patient here").WithCode("value").At("patient")
			case members != nil && !members[r.Key.ID]:
				return fault.New(fault.Invalid, "a patient that is named is not a member of the group").WithCode("business-rule").At("patient")
			case len(sel.Patients) == maxExportPatients:
				return fault.New(fault.TooCostly, "more than %d patients are named", maxExportPatients).At("patient")
			}
			sel.Patients = append(sel.Patients, strings.Clone(r.Key.ID))
		}
	}
	return nil
}

// followExport serves the status of an export, its end, and its files.
func followExport(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Bulk == nil {
		return interaction.Reply{}, fault.New(fault.NotFound, "there is no such export")
	}
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Export, fhir.Key{}); err != nil {
		return interaction.Reply{}, err
	}
	id, file, isFile := strings.Cut(c.Rest, "/")
	who, account := c.Caller.Who, c.Caller.Who.Account
	switch {
	case isFile && c.Method == "DELETE":
		return interaction.Reply{}, fault.New(fault.Unsupported, "the files of an export are deleted together").WithCode("not-supported")
	case isFile:
		content, length, err := s.opt.Bulk.OpenExported(ctx, who, account, c.Caller.DataStore, id, file)
		return interaction.Reply{Content: content, Length: length, ContentType: "application/fhir+ndjson"}, err
	case c.Method == "DELETE":
		e, err := s.opt.Bulk.EndExport(ctx, who, account, c.Caller.DataStore, id)
		if err != nil {
			return interaction.Reply{}, err
		}
		body, err := json.Marshal(map[string]any{"exportJobProperties": map[string]string{
			"jobId": e.Job.ID, "jobStatus": "CANCEL_SUBMITTED", "datastoreId": c.Caller.DataStore}})
		return interaction.Reply{Status: 202, Body: body, ContentType: plainJSON}, err
	}
	e, err := s.opt.Bulk.FindExport(ctx, who, account, c.Caller.DataStore, id)
	if err != nil {
		return interaction.Reply{}, err
	}
	return exportStatus(c, e)
}

// exportStatus answers with how far an export is: 202 until it is done, then its manifest.
//
// https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request
func exportStatus(c *Call, e bulk.Export) (interaction.Reply, error) {
	properties := exportProperties(e)
	if e.Job.State == job.Failed {
		return interaction.Reply{}, fault.New(fault.Internal, "the export failed: %s", e.Job.Message)
	}
	status := map[string]any{"exportJobProperties": properties}
	if !e.Job.State.Ended() {
		body, err := json.Marshal(status)
		return interaction.Reply{Status: 202, Body: body, ContentType: plainJSON, Header: map[string]string{
			"X-Progress": strconv.FormatInt(e.Progress.Resources, 10) + " resources written", "Retry-After": "1"}}, err
	}
	type output struct {
		Type  string `json:"type"`
		URL   string `json:"url"`
		Count int64  `json:"count"`
	}
	list := func(of []bulk.ExportFile) []output {
		files := make([]output, 0, len(of))
		for _, f := range of {
			url := f.URI.String()
			if e.Spec.Output == "" {
				url = c.Caller.Base + "/export/" + e.Job.ID + "/" + f.Name()
			}
			files = append(files, output{f.Type, url, f.Lines})
		}
		return files
	}
	status["transactionTime"] = string(fhir.AppendInstant(nil, e.Progress.Time))
	status["request"] = e.Spec.Request
	status["requiresAccessToken"] = e.Spec.Output == ""
	status["output"], status["error"] = list(e.Files), []output{}
	if e.Spec.Selection.TellsDeletions() {
		status["deleted"] = list(e.Deleted)
	}
	reply, err := jobReply(status, nil)
	if !e.Expires.IsZero() {
		reply.Header = map[string]string{"Expires": e.Expires.UTC().Format(httpTime)}
	}
	return reply, err
}

// httpTime is how headers have times.
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// javaTime is how HealthLake writes the times of an export.
const javaTime = "Jan 2, 2006 3:04:05 PM"

// exportProperties are HealthLake's own figures of an export.
func exportProperties(e bulk.Export) map[string]any {
	p := map[string]any{"jobId": e.Job.ID, "jobStatus": jobStatus(e.Job.State), "submitTime": e.Job.Submitted.UTC().Format(javaTime),
		"datastoreId": e.Spec.DataStore}
	if e.Job.Name != "" {
		p["jobName"] = e.Job.Name
	}
	if !e.Job.Ended.IsZero() {
		p["endTime"] = e.Job.Ended.UTC().Format(javaTime)
	}
	if e.Spec.Output != "" {
		s3 := map[string]string{"s3Uri": bulk.ExportFolder(e.Spec, e.Job.ID).String()}
		if e.Spec.KeyID != "" {
			s3["kmsKeyId"] = e.Spec.KeyID
		}
		p["outputDataConfig"] = map[string]any{"s3Configuration": s3}
	}
	if e.Spec.Role != "" {
		p["dataAccessRoleArn"] = e.Spec.Role
	}
	return p
}
