// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// config is what the server is started with. Each field is a flag, an environment variable and a key of the --config file.
type config struct {
	listen      string
	data        string
	packages    string
	region      string
	account     string
	publicURL   string
	s3Endpoint  string
	s3PathStyle bool
	engine      string
	logLevel    string
	logFormat   string
	allowRemote bool
	tlsCert     string
	tlsKey      string
	cacheMB     int
	imports     int
	exports     int
	maxBodyMB   int
	maxCount    int
	maxEntries  int

	maxDomains       int
	maxSubscriptions int
	insights         int
	maxInsights      int
	fhirPrivate      string
	ocr              string

	subscriptionPrivate string
	eventSink           string

	debugListen string
	model       modelConfig
	recogniser  recogniserConfig
	keepAudio   time.Duration
}

// flags adds the configuration's flags to fs.
func (c *config) flags(fs *pflag.FlagSet) {
	fs.StringVar(&c.listen, "listen", "127.0.0.1:8080", "address to listen on; port 0 picks a free one")
	fs.StringVar(&c.data, "data", "./galen-data", "folder of everything that is kept; made if need be")
	fs.StringVar(&c.packages, "packages", "", "folder of FHIR packages: profiles, value sets (default: DATA/packages)")
	fs.StringVar(&c.region, "region", "us-east-1", "AWS region in ARNs and for signatures of the object store")
	fs.StringVar(&c.account, "account", "000000000000", "AWS account of credentials that name none, twelve digits")
	fs.StringVar(&c.publicURL, "public-url", "", "what URLs in answers begin with (default: as the request came)")
	fs.StringVar(&c.s3Endpoint, "s3-endpoint", "", "S3 endpoint that s3:// URIs point to, \"aws\" for AWS itself (default: the embedded object store)")
	fs.BoolVar(&c.s3PathStyle, "s3-path-style", true, "put the bucket in the path when talking to --s3-endpoint, not in the host name")
	fs.StringVar(&c.engine, "engine", "lsm", "storage engine: lsm (embedded)")
	fs.StringVar(&c.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&c.logFormat, "log-format", "text", "text or json")
	fs.BoolVar(&c.allowRemote, "allow-remote", false, "listen on an address that is not loopback without TLS")
	fs.StringVar(&c.tlsCert, "tls-cert", "", "PEM file of the certificate; with --tls-key, serve TLS")
	fs.StringVar(&c.tlsKey, "tls-key", "", "PEM file of the certificate's key")
	fs.IntVar(&c.cacheMB, "cache-mb", 256, "memory for data read from disk, MiB")
	fs.IntVar(&c.imports, "imports", 1, "import jobs that run at a time for one data store")
	fs.IntVar(&c.exports, "exports", 1, "export jobs that run at a time for one data store")
	fs.IntVar(&c.maxBodyMB, "max-body-mb", 5, "largest body of a FHIR request, MiB")
	fs.IntVar(&c.maxCount, "max-count", 1000, "largest page of a search (_count)")
	fs.IntVar(&c.maxEntries, "max-entries", 5000, "entries of a batch or transaction; --max-body-mb bounds its bytes")
	fs.IntVar(&c.maxDomains, "max-domains", 1000, "Connect Health domains an account may have")
	fs.IntVar(&c.maxSubscriptions, "max-subscriptions", 100_000, "subscriptions a Connect Health domain may have")
	fs.IntVar(&c.insights, "insights", 8, "patient insights jobs that run at a time for one domain")
	fs.IntVar(&c.maxInsights, "max-insights", 1000, "patient insights jobs of a domain that may wait")
	fs.StringVar(&c.fhirPrivate, "fhir-private", "", "networks that FHIR servers of insights jobs may be in though they are private: 10.0.0.0/8,127.0.0.1")
	fs.StringVar(&c.ocr, "ocr", "", "program that reads pictures, its arguments after it: picture in, text out; none: pictures are not read (default: tesseract, if there is one)")
	c.model.flags(fs)
	c.recogniser.flags(fs)
	fs.DurationVar(&c.keepAudio, "keep-audio", 0, "how long the recording of a visit is kept once its documents are written")
	fs.StringVar(&c.subscriptionPrivate, "subscription-private", "", "networks that endpoints of subscriptions may be in though they are private: 10.0.0.0/8,127.0.0.1")
	fs.StringVar(&c.eventSink, "event-sink", "", "URL that events of subscriptions are posted to whose event-bridge channel names an ARN (default: such subscriptions are refused)")
	fs.StringVar(&c.debugListen, "debug-listen", "", "loopback address for Go's profiles at /debug/pprof/ (default: none)")
}

// loadSettings fills in, for flags that were not given, environment variables, then the YAML file at path, if there is one.
func loadSettings(fs *pflag.FlagSet, path string) error {
	file, err := readFile(fs, path)
	if err != nil {
		return usageError{err}
	}
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "config" || f.Name == "help" {
			return
		}
		value, source := file[f.Name], "the key "+f.Name+" of "+path
		env := "GALEN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := os.LookupEnv(env); ok {
			value, source = &v, env
		}
		if value == nil {
			return
		}
		if err := fs.Set(f.Name, *value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", source, err))
		}
	})
	if len(errs) > 0 {
		return usageError{errors.Join(errs...)}
	}
	return nil
}

// readFile reads the configuration file; a key that is no flag is an error.
func readFile(fs *pflag.FlagSet, path string) (map[string]*string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var raw map[string]yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	values := map[string]*string{}
	for key, node := range raw {
		if fs.Lookup(key) == nil || key == "config" {
			return nil, fmt.Errorf("%s, line %d: there is no setting %q", path, node.Line, key)
		}
		if node.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("%s, line %d: %s is one value", path, node.Line, key)
		}
		values[key] = &node.Value
	}
	return values, nil
}

// check finds mistakes that would otherwise show late.
func (c *config) check() error {
	switch {
	case len(c.account) != 12 || strings.Trim(c.account, "0123456789") != "":
		return usageError{fmt.Errorf("--account %q is not twelve digits", c.account)}
	case c.engine != "lsm":
		return usageError{fmt.Errorf("--engine %q: this version has only lsm", c.engine)}
	case c.publicURL != "" && !strings.HasPrefix(c.publicURL, "http://") && !strings.HasPrefix(c.publicURL, "https://"):
		return usageError{fmt.Errorf("--public-url %q does not begin with http:// or https://", c.publicURL)}
	case c.maxDomains < 1 || c.maxSubscriptions < 1 || c.insights < 1 || c.maxInsights < 1:
		return usageError{errors.New("--max-domains, --max-subscriptions, --insights and --max-insights must be at least 1")}
	case c.cacheMB < 8 || c.imports < 1 || c.exports < 1 || c.maxBodyMB < 1 || c.maxCount < 1 || c.maxEntries < 1:
		return usageError{errors.New("--cache-mb must be at least 8; --imports, --exports, --max-body-mb, --max-count and --max-entries at least 1")}
	}
	return nil
}
