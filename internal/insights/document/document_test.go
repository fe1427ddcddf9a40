// SPDX-License-Identifier: Apache-2.0

package document_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/insights/document"
)

// The test binary is its own child process that reads PDFs, and programs that misbehave.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "pdf-text":
			info, err := os.Stdin.Stat()
			if err == nil {
				err = document.PDFText(os.Stdout, os.Stdin, info.Size(), 1<<20)
			}
			if errors.Is(err, document.ErrPassword) {
				os.Exit(document.PasswordExit)
			}
			if err != nil {
				os.Exit(1)
			}
			os.Exit(0)
		case "endless":
			for {
				fmt.Println("more and more")
			}
		case "hang":
			r, w, err := os.Pipe()
			if err == nil {
				_, err = r.Read(make([]byte, 1)) // nobody writes
			}
			fmt.Println(w, err)
		}
	}
	os.Exit(m.Run())
}

func newReader(t *testing.T, o document.Options) *document.Reader {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if o.PDF == nil {
		o.PDF = []string{self, "pdf-text"}
	} else if o.PDF[0] == "self" {
		o.PDF[0] = self
	}
	return document.NewReader(o)
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		name, contentType, head string
		want                    document.Kind
	}{
		{"a.pdf", "", "%PDF-1.7\n", document.PDF},
		{"a.txt", "application/pdf", "%PDF-1.4", document.PDF},
		{"scan", "", "\x89PNG\r\n\x1a\n", document.PNG},
		{"scan.png", "", "\xff\xd8\xff\xe0", document.JPEG},
		{"ccd.xml", "text/xml", `<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">`, document.CDA},
		{"note.html", "", "<p>hello", document.HTML},
		{"x", "", "<!DOCTYPE html><title>", document.HTML},
		{"b.json", "", ` {"resourceType":"Bundle"}`, document.JSON},
		{"b.ndjson", "", `{"resourceType":"Patient"}`, document.NDJSON},
		{"b", "", "{\"resourceType\":\"Patient\"}\n{\"resourceType\":\"Condition\"}\n", document.NDJSON},
		{"note.txt", "", "{so it was written}", document.Text},
		{"note", "text/plain; charset=utf-8", "Chief complaint: café", document.Text},
		{"x.exe", "", "MZ\x00\x00", document.Unknown},
		{"latin1.txt", "", "caf\xe9 au lait", document.Unknown},
	} {
		if got := document.KindOf(c.name, c.contentType, []byte(c.head)); got != c.want {
			t.Errorf("%s %s %.20q: got %s, want %s", c.name, c.contentType, c.head, got, c.want)
		}
	}
}

func TestMarkup(t *testing.T) {
	r := newReader(t, document.Options{})
	for kind, c := range map[document.Kind][2]string{
		document.HTML: {`<html><head><title>T</title><style>p{}</style></head><body><h1>Visit  note</h1><p>Takes <b>metformin</b> 500&nbsp;mg.<br>Feels well.</p>` +
			`<ul><li>one<li>two</ul><table><tr><td>HbA1c</td><td>7.1 %</td></tr></table><script>alert(1)</script></body></html>`,
			"Visit note\nTakes metformin 500 mg.\nFeels well.\n- one\n- two\nHbA1c | 7.1 %"},
		document.CDA: {`<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary of Care</title><recordTarget><patientRole><patient><name>` +
			`hidden</name></patient></patientRole></recordTarget><component><structuredBody><component><section><title>Allergies</title><text><table><thead><tr>` +
			`<th>Substance</th><th>Reaction</th></tr></thead><tbody><tr><td>Penicillin</td><td><content ID="x">Hives</content></td></tr></tbody></table></text>` +
			`<entry><act><text>coded only</text></act></entry></section></component><component><section><title>Problems</title><text><list><item>Asthma</item>` +
			`<item>Gout</item></list></text></section></component></structuredBody></component></ClinicalDocument>`,
			"Summary of Care\nAllergies\nSubstance | Reaction\nPenicillin | Hives\nProblems\n- Asthma\n- Gout"},
	} {
		got, err := r.Text(t.Context(), kind, strings.NewReader(c[0]))
		if err != nil || got != c[1] {
			t.Errorf("%s: %q %v\nwant %q", kind, got, err, c[1])
		}
	}
	for what, text := range map[string]string{
		"not well formed": `<ClinicalDocument><title>x</ClinicalDocument>`,
		"an entity bomb":  `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ClinicalDocument><title>&b;</title></ClinicalDocument>`,
		"too deep":        `<ClinicalDocument>` + strings.Repeat("<a>", 300),
		"empty":           `<ClinicalDocument></ClinicalDocument>`,
	} {
		if got, err := r.Text(t.Context(), document.CDA, strings.NewReader(text)); !errors.Is(err, fault.Unprocessable) {
			t.Errorf("%s: %q %v", what, got, err)
		}
	}
}

// makePDF writes a PDF with one page of text lines; with deflate the page is compressed.
func makePDF(deflate bool, extra string, lines ...string) []byte {
	var page bytes.Buffer
	page.WriteString("BT /F1 12 Tf 72 720 Td 14 TL\n")
	for _, l := range lines {
		fmt.Fprintf(&page, "(%s) Tj T*\n", l)
	}
	page.WriteString("ET\n")
	content, filter := page.Bytes(), ""
	if deflate {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write(content)
		_ = w.Close()
		content, filter = z.Bytes(), "/Filter /FlateDecode "
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< %s/Length %d >>\nstream\n%s\nendstream", filter, len(content), content),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 32 /LastChar 126 /Widths [" + strings.Repeat("556 ", 95) + "] >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, extra, start)
	return b.Bytes()
}

func TestPDF(t *testing.T) {
	r := newReader(t, document.Options{})
	for _, deflate := range []bool{false, true} {
		got, err := r.Text(t.Context(), document.PDF, bytes.NewReader(makePDF(deflate, "", "Discharge summary", "Lisinopril 10 mg once daily")))
		if want := "Discharge summary\nLisinopril 10 mg once daily"; err != nil || got != want {
			t.Errorf("deflate %v: %q %v, want %q", deflate, got, err, want)
		}
	}
	encrypted := makePDF(false, "/Encrypt << /Filter /Standard /V 1 /R 2 /O <"+strings.Repeat("41", 32)+"> /U <"+strings.Repeat("42", 32)+
		"> /P -44 >> /ID [<00><00>] ", "secret")
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"encrypted": {encrypted, "encrypted"},
		"no text":   {makePDF(false, ""), "no text"},
		"cut":       {makePDF(false, "", "x")[:200], "damaged"},
		"junk":      {[]byte("%PDF-1.7 nothing of the kind"), "damaged"},
	} {
		if got, err := r.Text(t.Context(), document.PDF, bytes.NewReader(c.data)); !errors.Is(err, fault.Unprocessable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q %v, want %q", what, got, err, c.want)
		}
	}
}

func TestProgramsAreBounded(t *testing.T) {
	pdf := makePDF(false, "", "x")
	got, err := newReader(t, document.Options{PDF: []string{"self", "hang"}, Timeout: 50 * time.Millisecond}).Text(t.Context(), document.PDF, bytes.NewReader(pdf))
	if !errors.Is(err, fault.Unprocessable) || !strings.Contains(err.Error(), "within") {
		t.Errorf("hanging: %q %v", got, err)
	}
	got, err = newReader(t, document.Options{PDF: []string{"self", "endless"}, Timeout: 200 * time.Millisecond, MaxText: 100}).
		Text(t.Context(), document.PDF, bytes.NewReader(pdf))
	if !errors.Is(err, fault.Unprocessable) || len(got) > 100 {
		t.Errorf("endless: %d bytes, %v", len(got), err)
	}
	if _, err := newReader(t, document.Options{PDF: []string{"/no/such/program"}}).Text(t.Context(), document.PDF, bytes.NewReader(pdf)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("no program: %v", err)
	}
	if _, err := newReader(t, document.Options{}).Text(t.Context(), document.PNG, strings.NewReader("\x89PNG")); !errors.Is(err, fault.Unprocessable) {
		t.Errorf("no OCR: %v", err)
	}
}

func TestSizes(t *testing.T) {
	r := newReader(t, document.Options{MaxText: 10})
	if got, err := r.Text(t.Context(), document.Text, strings.NewReader("123456789é and more")); err != nil || got != "123456789" {
		t.Errorf("cut within a character: %q %v", got, err)
	}
	endless := io.LimitReader(zeros{}, document.MaxMarkup+10)
	if _, err := r.Text(t.Context(), document.HTML, endless); !errors.Is(err, fault.Unprocessable) || !strings.Contains(err.Error(), "larger") {
		t.Errorf("too large: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestPictures needs tesseract and pdftoppm, which make and read a picture of text.
func TestPictures(t *testing.T) {
	tesseract, err := exec.LookPath("tesseract")
	if err != nil {
		t.Skip("tesseract is not here")
	}
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("pdftoppm is not here")
	}
	draw := exec.Command("pdftoppm", "-png", "-r", "150", "-")
	draw.Stdin = bytes.NewReader(makePDF(false, "", "Allergy: penicillin"))
	png, err := draw.Output()
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, document.Options{OCR: []string{tesseract, "stdin", "stdout"}})
	if got, err := r.Text(t.Context(), document.PNG, bytes.NewReader(png)); err != nil || !strings.Contains(got, "penicillin") {
		t.Errorf("got %q %v", got, err)
	}
	if _, err := r.Text(t.Context(), document.PNG, strings.NewReader("\x89PNG\r\n\x1a\n damaged")); !errors.Is(err, fault.Unprocessable) {
		t.Errorf("damaged: %v", err)
	}
}

func FuzzMarkup(f *testing.F) {
	f.Add(`<ClinicalDocument><component><section><title>A</title><text><table><tr><td>x</td></tr></table></text></section></component></ClinicalDocument>`)
	f.Add(`<p>a<br>b<li>c`)
	r := document.NewReader(document.Options{MaxText: 1000})
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []document.Kind{document.CDA, document.HTML, document.KindOf("", "", []byte(text))} {
			if kind == document.PDF || kind == document.PNG || kind == document.JPEG {
				continue
			}
			got, err := r.Text(t.Context(), kind, strings.NewReader(text))
			if err != nil && !errors.Is(err, fault.Unprocessable) || len(got) > 3000 {
				t.Errorf("%s: %d bytes, %v", kind, len(got), err)
			}
		}
	})
}
