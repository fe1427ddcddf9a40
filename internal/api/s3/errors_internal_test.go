// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/versity/versitygw/s3err"

	"galen/internal/fault"
)

func TestEveryKindHasAnAnswer(t *testing.T) {
	g := &gateway{log: slog.New(slog.DiscardHandler)}
	for _, kind := range fault.Kinds {
		var got s3err.S3Error
		err := g.wire(fault.Wrap(kind, errors.New("open /private/path"), "text"))
		if !errors.As(err, &got) || got.StatusCode() < 400 {
			t.Errorf("%s is answered by %v", kind, err)
		}
		if strings.Contains(err.Error(), "private") {
			t.Errorf("%s shows its cause: %v", kind, err)
		}
	}
}
