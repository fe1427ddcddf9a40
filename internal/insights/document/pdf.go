// SPDX-License-Identifier: Apache-2.0

package document

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/ledongthuc/pdf"
)

// ErrPassword is what PDFText fails with for a file that needs a password.
var ErrPassword = errors.New("the PDF is encrypted")

// maxPages is how many pages of a PDF are read, as in the original service.
const maxPages = 3000

// PDFText writes the text layer of the PDF of size bytes in f, page after page, a line a row, up to limit bytes. A file may make
// it use any amount of memory and time: run it in a process that has limits for both.
func PDFText(w io.Writer, f io.ReaderAt, size, limit int64) (err error) {
	defer func() {
		if p := recover(); p != nil { // the reader panics on damage
			err = fmt.Errorf("the PDF is damaged: %v", p)
		}
	}()
	r, err := pdf.NewReader(f, size)
	if errors.Is(err, pdf.ErrInvalidPassword) {
		return ErrPassword
	}
	if err != nil {
		return err
	}
	written := int64(0)
	for n := 1; n <= min(r.NumPage(), maxPages) && written < limit; n++ {
		page := r.Page(n)
		if page.V.IsNull() {
			continue
		}
		k, err := io.WriteString(w, lines(page.Content().Text))
		if written += int64(k); err != nil {
			return err
		}
	}
	return nil
}

// lines puts characters, each with its place on the page, into lines from top to bottom. A gap is a space.
func lines(chars []pdf.Text) string {
	slices.SortStableFunc(chars, func(a, b pdf.Text) int {
		if math.Abs(a.Y-b.Y) > sameLine*max(a.FontSize, b.FontSize, 1) {
			return cmp.Compare(b.Y, a.Y)
		}
		return 0
	})
	var b strings.Builder
	for begin := 0; begin < len(chars); {
		end := begin + 1
		for end < len(chars) && math.Abs(chars[end].Y-chars[begin].Y) <= sameLine*max(chars[begin].FontSize, 1) {
			end++
		}
		line := chars[begin:end]
		slices.SortStableFunc(line, func(a, b pdf.Text) int { return cmp.Compare(a.X, b.X) })
		edge := math.Inf(1)
		for _, c := range line {
			if c.X-edge > aGap*max(c.FontSize, 1) && c.S != " " {
				b.WriteByte(' ')
			}
			b.WriteString(c.S)
			edge = c.X + c.W
		}
		b.WriteByte('\n')
		begin = end
	}
	return b.String()
}

// Parts of the font's size: how far apart characters of one line may stand up and down, and from which gap on there is a space.
const (
	sameLine = 0.4
	aGap     = 0.2
)
