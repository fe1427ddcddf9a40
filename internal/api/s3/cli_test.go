// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The AWS CLI, where there is one: make a bucket, copy and sync folders both ways, a multipart file, remove all.
func TestCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the AWS CLI a dozen times")
	}
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("there is no aws command")
	}
	srv := start(t)
	dir := t.TempDir()
	aws := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), cli, append([]string{"s3"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
			"AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_REGION=us-east-1",
			"AWS_ENDPOINT_URL="+srv.url, "AWS_CONFIG_FILE="+filepath.Join(dir, "config"),
			"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws s3 %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	write := func(name, body string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config", "[default]\ns3 =\n  signature_version = s3v4\n")
	write("in/a.ndjson", "{}\n")
	write("in/deep/b c.ndjson", "{}\n{}\n")
	write("big", strings.Repeat("0123456789abcdef", 1<<20))
	aws("mb", "s3://demo")
	aws("sync", "in", "s3://demo/in/")
	if again := aws("sync", "in", "s3://demo/in/"); again != "" {
		t.Errorf("a second sync does %q", again)
	}
	aws("cp", "--quiet", "big", "s3://demo/big")
	aws("cp", "--quiet", "s3://demo/big", "s3://demo/copy")
	aws("cp", "--quiet", "s3://demo/copy", "back")
	got, err := os.ReadFile(filepath.Join(dir, "back"))
	if err != nil || string(got) != strings.Repeat("0123456789abcdef", 1<<20) {
		t.Errorf("what came back has %d bytes, %v", len(got), err)
	}
	ls := aws("ls", "--recursive", "s3://demo")
	for _, want := range []string{" 3 in/a.ndjson\n", " 6 in/deep/b c.ndjson\n", " 16777216 copy\n"} {
		if !strings.Contains(ls, want) {
			t.Errorf("ls does not show %q:\n%s", want, ls)
		}
	}
	url := strings.TrimSpace(aws("presign", "s3://demo/in/a.ndjson"))
	if status, body := do(t, "GET", url, nil, ""); status != 200 || body != "{}\n" {
		t.Errorf("presigned: %d %q", status, body)
	}
	aws("rm", "s3://demo/big")
	aws("rb", "--force", "s3://demo")
	if ls := aws("ls"); ls != "" {
		t.Errorf("left: %s", ls)
	}
}
