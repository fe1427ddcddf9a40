# What there is to do. `make check` before each commit.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo none)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
export CGO_ENABLED = 0

.PHONY: build galen-asr demo test e2e bench snomed check lint race fuzz soak generate clean

build:            ## bin/galen, static, with version and commit inside
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/galen ./cmd/galen

galen-asr:        ## bin/galen-asr, the neural recogniser (needs a C compiler), with its libraries beside it
	CGO_ENABLED=1 $(GO) build -trimpath -ldflags '-s -w -r $$ORIGIN' -o bin/galen-asr ./cmd/galen-asr
	cp -f "$$($(GO) list -m -f '{{.Dir}}' github.com/k2-fsa/sherpa-onnx-go-linux)"/lib/$(shell uname -m)-unknown-linux-gnu/lib*.so bin/

demo: build       ## a server on a free port, the whole job on real data, and what it took
	bin/galen demo

test:             ## every test that needs nothing but Go, and how many cases of the official suites pass
	$(GO) test ./...
	@$(GO) test -v -run 'TestSuite|TestFHIRPathSuite|TestExamples' ./internal/fhir/fhirpath ./internal/fhir/validate ./internal/fhir/patch | \
		sed -nE 's/^ *[a-z_]+\.go:[0-9]+: (.*[0-9]+ of [0-9]+[^;]*).*/\1/p'

e2e: build        ## the wire tests: boto3, the AWS CLI, the Go SDK, against the built binary
	conformance/run

bench: build      ## the benchmark table, each figure beside its floor
	bin/galen bench

race:             ## every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

lint:             ## format, vet, staticcheck
	@test -z "$$(gofmt -l cmd internal conformance)" || { gofmt -l cmd internal conformance; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

snomed:           ## a code system of SNOMED CT's size: how it is read, what it takes, what it answers
	$(GO) test ./internal/fhir/term/load -run xxx -bench Snomed -benchtime 1x

check: lint race  ## what must pass before a commit
	$(GO) mod tidy -diff

fuzz:             ## every fuzz target for FUZZTIME each (default 30s)
	internal/archtest/fuzz $(or $(FUZZTIME),30s)

soak: build       ## kill -9 in a loop during writes and imports, for SOAK (default 10m)
	GALEN_BIN=$(CURDIR)/bin/galen GALEN_SOAK=$(or $(SOAK),10m) $(GO) test -v -count=1 -timeout 2h -run 'Kill' ./conformance/...

generate:         ## the embedded definitions, from the npm package that carries HL7's CC0 files
	internal/fhir/def/gen/fetch
	internal/fhir/pack/gen/fetch
	internal/fhir/term/gen/fetch

clean:
	rm -rf bin .venv .venv-sdk .models
