// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/scribe/transcript"
)

// Templates are the managed templates, the default first.
var Templates = []string{"HISTORY_AND_PHYSICAL", "GIRPP", "DAP", "SIRP", "BIRP", "BEHAVIORAL_SOAP", "PHYSICAL_SOAP"}

// Bounds of a configuration, in bytes of UTF-8.
const (
	MaxContext      = 20_480
	MaxInstruction  = 15_360
	maxInstructions = 20
)

var header = regexp.MustCompile(`^[a-zA-Z0-9]+$`)

// checkConfig fails with fault.Invalid for a configuration that cannot be, and with fault.Forbidden if its bucket is not there.
func (s *Service) checkConfig(ctx context.Context, c *Config) error {
	out, err := blob.ParseURI(c.Output)
	if err != nil {
		return fault.New(fault.Invalid, "outputS3Uri is not an S3 URI").At("outputS3Uri")
	}
	if err := c.Template.check(); err != nil {
		return err
	}
	if err := checkChannels(c.Channels); err != nil {
		return err
	}
	if len(c.Context) > MaxContext {
		return fault.New(fault.Invalid, "the encounter context is longer than %d bytes", MaxContext).At("encounterContext")
	}
	if err := checkText(c.Context); err != nil {
		return fault.Wrap(fault.Invalid, err, "the encounter context").At("encounterContext")
	}
	if c.Coding != nil && c.Coding.Date != "" {
		if _, err := time.Parse(time.DateOnly, c.Coding.Date); err != nil {
			return fault.New(fault.Invalid, "encounterDate is not a date").At("medicalCodingContext")
		}
	}
	there, err := s.opt.Objects.Exists(ctx, out.Bucket)
	if err != nil {
		return err
	}
	if !there {
		return fault.New(fault.Invalid, "the bucket of outputS3Uri does not exist").At("outputS3Uri")
	}
	return nil
}

func (t *Template) check() error {
	switch {
	case !slices.Contains(Templates, t.Type):
		return fault.New(fault.Invalid, "templateType is one of %s", strings.Join(Templates, ", ")).At("templateType")
	case t.Custom && t.Type == "PHYSICAL_SOAP":
		return fault.New(fault.Invalid, "a custom template cannot be made from PHYSICAL_SOAP").At("templateType")
	case t.Custom && (len(t.Instructions) == 0 || len(t.Instructions) > maxInstructions):
		return fault.New(fault.Invalid, "a custom template has 1 to %d instructions", maxInstructions).At("templateInstructions")
	}
	for _, i := range t.Instructions {
		switch {
		case !header.MatchString(i.Header):
			return fault.New(fault.Invalid, "sectionHeader is letters and digits").At("sectionHeader")
		case i.Text == "" || len(i.Text) > MaxInstruction:
			return fault.New(fault.Invalid, "sectionInstruction has 1 to %d bytes", MaxInstruction).At("sectionInstruction")
		}
		if err := checkText(i.Text); err != nil {
			return fault.Wrap(fault.Invalid, err, "a sectionInstruction").At("sectionInstruction")
		}
	}
	return nil
}

func checkChannels(list []Channel) error {
	if len(list) == 0 {
		return nil
	}
	if len(list) != 2 || list[0].ID == list[1].ID || list[0].Role == list[1].Role {
		return fault.New(fault.Invalid, "channelDefinitions are two, of channels 0 and 1, one the CLINICIAN's and one the PATIENT's").At("channelDefinitions")
	}
	for _, c := range list {
		if c.ID != 0 && c.ID != 1 || c.Role != transcript.Clinician && c.Role != transcript.Patient {
			return fault.New(fault.Invalid, "channelDefinitions are of channels 0 and 1, CLINICIAN and PATIENT").At("channelDefinitions")
		}
	}
	return nil
}

// signs are what may stand in texts besides letters, digits and white space.
const signs = "*_-#[]().,:;!?'\"`<>~/|+=%@\\{}^"

// checkText fails for a character that the original refuses: dashes and quotes of print, degree and currency signs among them.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fault.New(fault.Invalid, "is not UTF-8")
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(signs, r) {
			return fault.New(fault.Invalid, "has the character %q, which is not allowed: letters, digits, white space and %s are", r, signs)
		}
	}
	return nil
}
