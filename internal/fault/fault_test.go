// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"galen/internal/fault"
)

func TestKindIsFoundThroughWrapping(t *testing.T) {
	err := fmt.Errorf("read: %w", fault.Wrap(fault.NotFound, io.EOF, "no such thing").At("Patient/a"))
	if !errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone) || !errors.Is(err, io.EOF) {
		t.Fatalf("errors.Is is wrong for %v", err)
	}
	if got := fault.KindOf(err); got != fault.NotFound {
		t.Errorf("KindOf = %q, want %q", got, fault.NotFound)
	}
	if got := fault.KindOf(io.EOF); got != fault.Internal {
		t.Errorf("KindOf(unclassified) = %q, want %q", got, fault.Internal)
	}
}

func TestCallersDoNotSeeCauses(t *testing.T) {
	secret := errors.New("open /private/path: denied")
	for _, err := range []error{secret, fault.Wrap(fault.Unavailable, secret, "the store cannot be read")} {
		for _, f := range fault.All(err) {
			if strings.Contains(f.Text, "private") {
				t.Errorf("text for the caller shows the cause: %q", f.Text)
			}
		}
	}
}

func TestListKeepsEveryFault(t *testing.T) {
	l := fault.List{fault.New(fault.Invalid, "a"), fault.New(fault.Unprocessable, "b")}
	err := fmt.Errorf("validate: %w", l)
	if got := len(fault.All(err)); got != 2 {
		t.Errorf("All gives %d faults, want 2", got)
	}
	if got := fault.KindOf(err); got != fault.Invalid {
		t.Errorf("KindOf = %q, want the first's", got)
	}
}
