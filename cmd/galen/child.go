// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"galen/internal/aws/sigv4"
)

// child is a server in a process of its own, as demo and bench use it: what they show is what a user would have.
type child struct {
	cmd  *exec.Cmd
	data string
	url  string
	cred sigv4.Credential
	http *http.Client
}

// startTimeout is how long a child may take to be ready.
const startTimeout = 30 * time.Second

// startChild runs `galen serve` on a free port and the folder data, with more flags.
func startChild(ctx context.Context, data string, flags ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{data: data, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	flags = append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn", "--debug-listen", os.Getenv("GALEN_BENCH_DEBUG")}, flags...)
	c.cmd = exec.CommandContext(ctx, self, flags...)
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = startTimeout
	c.cmd.Env = withoutSettings(os.Environ())
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(out).ReadString('\n') // an error shows as a line that is not "ready"
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		url, ok := strings.CutPrefix(text, "ready ")
		if !ok {
			return nil, errors.Join(errors.New("the server did not start"), c.stop())
		}
		c.url = url
	case <-time.After(startTimeout):
		return nil, errors.Join(errors.New("the server is not ready after 30 s"), c.stop())
	}
	keys, err := sigv4.OpenCredentials(filepath.Join(data, "credentials"), nil)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.cred = keys.All()[0]
	return c, nil
}

// withoutSettings drops the variables that would configure the child.
func withoutSettings(env []string) []string {
	var kept []string
	for _, v := range env {
		if !strings.HasPrefix(v, "GALEN_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// stop ends the server as a user would, and fails if it did not end well.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already: Wait says how
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended: %w", err)
	}
	return nil
}

// memory is the child's largest resident size so far, in bytes; 0 where the system does not say.
func (c *child) memory() int64 { return c.status("VmHWM:") }

// resident is the child's resident size, in bytes; 0 where the system does not say.
func (c *child) resident() int64 { return c.status("VmRSS:") }

// status reads a size of the child's.
func (c *child) status(name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

const childRegion = "us-east-1"

// provider gives the SDK the child's credentials.
func (c *child) provider() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(c.cred.AccessKey, c.cred.Secret, "")
}

// healthlake is AWS's own client, pointed at the child.
func (c *child) healthlake() *healthlake.Client {
	return healthlake.New(healthlake.Options{Region: childRegion, BaseEndpoint: &c.url, Credentials: c.provider()})
}

// s3 is AWS's own client, pointed at the child.
func (c *child) s3() *s3.Client {
	return s3.New(s3.Options{Region: childRegion, BaseEndpoint: &c.url, Credentials: c.provider(), UsePathStyle: true})
}

// signer signs FHIR requests.
func (c *child) signer() sigv4.Signer {
	return sigv4.Signer{Credential: c.cred, Region: childRegion, Service: "healthlake"}
}
