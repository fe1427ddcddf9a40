// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const region = "us-east-1"

// server is a `galen serve` process on a data folder, and AWS's clients of it.
type server struct {
	t     *testing.T
	data  string
	flags []string
	cmd   *exec.Cmd
	url   string
	aws   aws.Config
}

// newServer starts the binary that GALEN_BIN names, with more flags; without it the test is skipped.
func newServer(t *testing.T, flags ...string) *server {
	t.Helper()
	if os.Getenv("GALEN_BIN") == "" {
		t.Skip("GALEN_BIN does not name a galen binary: make e2e does")
	}
	s := &server{t: t, data: filepath.Join(t.TempDir(), "data"), flags: flags}
	s.start()
	t.Cleanup(func() {
		if s.cmd != nil {
			s.stop()
		}
	})
	return s
}

// start starts the process and waits for its ready line.
func (s *server) start() {
	s.t.Helper()
	cmd := exec.Command(os.Getenv("GALEN_BIN"), append([]string{"serve", "--listen", "127.0.0.1:0", "--data", s.data, "--log-level", "error"}, s.flags...)...)
	cmd.Stderr = s.t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	slow := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	slow.Stop()
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		_ = cmd.Process.Kill()
		s.t.Fatalf("the first line is %q, %v", line, err)
	}
	s.cmd, s.url = cmd, url
	s.aws, err = config.LoadDefaultConfig(s.t.Context(), config.WithRegion(region), config.WithBaseEndpoint(url),
		config.WithSharedCredentialsFiles([]string{filepath.Join(s.data, "credentials")}), config.WithSharedConfigFiles(nil))
	if err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the process as a user would, and checks that it ends well.
func (s *server) stop() {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone: Wait says so
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the server ended: %v", err)
	}
	s.cmd = nil
}

// kill ends the process at once, with kill -9.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed, so it fails
	s.cmd = nil
}

func (s *server) healthlake() *healthlake.Client { return healthlake.NewFromConfig(s.aws) }

func (s *server) s3() *s3.Client {
	return s3.NewFromConfig(s.aws, func(o *s3.Options) {
		o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
	})
}

// fhir sends a request, signed by AWS's signer, to a data store. path is what follows …/r4/, or a whole URL.
func (s *server) fhir(ctx context.Context, method, store, path string, body []byte) (int, []byte, error) {
	if !strings.HasPrefix(path, "http") {
		path = s.url + "/datastore/" + store + "/r4/" + path
	}
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	keys, err := s.aws.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "healthlake", region, time.Now()); err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// bundle is what the tests look at in a search's answer.
type bundle struct {
	Total int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		Resource struct {
			ID   string
			Meta struct{ VersionID string }
		}
	}
}

// search gets one page of a search.
func (s *server) search(store, path string) bundle {
	s.t.Helper()
	status, body, err := s.fhir(s.t.Context(), http.MethodGet, store, path, nil)
	if err != nil || status != http.StatusOK {
		s.t.Fatalf("search %s: %d %s %v", path, status, body, err)
	}
	var b bundle
	if err := json.Unmarshal(body, &b); err != nil {
		s.t.Fatal(err)
	}
	return b
}

// versions gives the version of every resource of a type, by id, following the pages.
func (s *server) versions(store, typ string) map[string]string {
	s.t.Helper()
	got := map[string]string{}
	for path := typ + "?_count=1000"; path != ""; {
		b := s.search(store, path)
		for _, e := range b.Entry {
			if _, twice := got[e.Resource.ID]; twice {
				s.t.Errorf("%s/%s is on two pages", typ, e.Resource.ID)
			}
			got[e.Resource.ID] = e.Resource.Meta.VersionID
		}
		path = ""
		for _, l := range b.Link {
			if l.Relation == "next" {
				path = l.URL
			}
		}
	}
	return got
}
