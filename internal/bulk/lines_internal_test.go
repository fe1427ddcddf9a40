// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll gives the lines that a lineReader finds, "!" for one that is too long.
func readAll(t *testing.T, r io.Reader, max, size int) (got []string, read, number int64, err error) {
	t.Helper()
	l := &lineReader{r: r, max: max, chunk: size}
	var c chunk
	for {
		more, err := l.next(&c)
		for _, ln := range c.lines {
			text := string(c.bytes[ln.start:ln.end])
			if ln.tooLong {
				text = "!"
			}
			got = append(got, fmt.Sprintf("%d:%s", ln.number, text))
		}
		if limit := 4*max + 4*size; cap(c.bytes) > limit {
			t.Fatalf("the buffer grew to %d bytes, more than %d", cap(c.bytes), limit)
		}
		if err != nil || !more {
			return got, c.read, c.number, err
		}
	}
}

func TestLinesAreFoundWhateverTheReads(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"a", "1:a"},
		{"a\nb\n", "1:a 2:b"},
		{"a\n\n  \nb", "1:a 4:b"},
		{"\xef\xbb\xbfa\r\nb\r\n", "1:a\r 2:b\r"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb\n", "1:! 2:b"},
		{"b\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1:b 2:!"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nc", "1:! 2:! 3:c"},
		{strings.Repeat("0123456789\n", 3), "1:0123456789 2:0123456789 3:0123456789"},
	}
	for _, tt := range tests {
		for _, size := range []int{2, 5, 16, 64} {
			for name, r := range map[string]io.Reader{
				"whole":   strings.NewReader(tt.in),
				"bytes":   iotest.OneByteReader(strings.NewReader(tt.in)),
				"dataeof": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				got, read, _, err := readAll(t, r, 16, size)
				if err != nil || strings.Join(got, " ") != tt.want || read != int64(len(tt.in)) {
					t.Errorf("%q %s chunk %d: got %q (%d bytes, %v), want %q", tt.in, name, size, got, read, err, tt.want)
				}
			}
		}
	}
}

func TestAReadErrorKeepsTheWholeLinesBefore(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("a\nb\nhalf"), iotest.ErrReader(broken))
	got, read, number, err := readAll(t, r, 100, 64)
	if !errors.Is(err, broken) || strings.Join(got, " ") != "1:a 2:b" || read != 4 || number != 2 {
		t.Errorf("got %q, %d bytes, %d lines, %v", got, read, number, err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\nccccccccccccccccccccccccccccc\r\nd"), uint8(7), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, max, size uint8) {
		m, s := int(max)+1, int(size)+1
		got, read, number, err := readAll(t, iotest.HalfReader(bytes.NewReader(in)), m, s)
		if err != nil || read != int64(len(in)) {
			t.Fatalf("read %d of %d bytes: %v", read, len(in), err)
		}
		var want []string
		all := strings.Split(string(in), "\n")
		if len(in) == 0 || strings.HasSuffix(string(in), "\n") {
			all = all[:len(all)-1]
		}
		for i, text := range all {
			if i == 0 {
				text = strings.TrimPrefix(text, "\xef\xbb\xbf")
			}
			if len(text) > m {
				text = "!"
			} else if strings.TrimSpace(text) == "" && len(bytes.TrimSpace([]byte(text))) == 0 {
				continue
			}
			want = append(want, fmt.Sprintf("%d:%s", i+1, text))
		}
		if int(number) != len(all) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %q (%d lines), want %q (%d)", got, number, want, len(all))
		}
	})
}
