// SPDX-License-Identifier: Apache-2.0

package interaction

import "context"

// Search gives the searchset Bundle of a search in one type.
func (s *Service) Search(ctx context.Context, c Caller, typ, query string, lenient bool) ([]byte, error) {
	panic("todo")
}
