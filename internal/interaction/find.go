// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/search"
)

// find answers a query on a view.
func (s *Service) find(_ context.Context, view *record.View, _ *search.Query) (found, error) {
	return found{view: view, total: -1}, fault.New(fault.Unsupported, "Interaction not supported.")
}
