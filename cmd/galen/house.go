// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"galen/internal/api"
	"galen/internal/api/connecthealth"
	apifhir "galen/internal/api/fhir"
	"galen/internal/api/healthlake"
	"galen/internal/api/notify"
	apis3 "galen/internal/api/s3"
	"galen/internal/authz"
	"galen/internal/aws/sigv4"
	"galen/internal/blob"
	blobfile "galen/internal/blob/file"
	blobs3 "galen/internal/blob/s3"
	"galen/internal/bulk"
	"galen/internal/catalog"
	"galen/internal/coding"
	"galen/internal/deferred"
	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
	"galen/internal/fhir/validate"
	"galen/internal/insights/previsit"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/many"
	"galen/internal/operation"
	"galen/internal/reindex"
	"galen/internal/scribe"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription"
	"galen/internal/telemetry"
	"galen/internal/terminology"
)

// house is a server with all its parts, wired but for its listener.
type house struct {
	api      *api.Server
	jobs     *job.Queue
	catalog  *catalog.Catalog
	bulk     *bulk.Service
	objects  blob.Store // where s3:// URIs point
	kept     blob.Store // what is kept for callers: exports, answers
	later    *deferred.Service
	many     *many.Service
	operator *operation.Service
	stores   *store.Stores
	insights *previsit.Service
	coding   *coding.Service
	systems  []*term.System // that were imported
	sessions *scribe.Service

	reindex *reindex.Service

	subscriptions *subscription.Service
	log           *slog.Logger
	closers       []func() error // to be called in reverse order
}

// open makes the data folder, if need be, and wires the server, bottom to top.
func open(ctx context.Context, cfg config, logs io.Writer) (h *house, err error) {
	h = &house{}
	opened := h // a failing return makes h nil
	defer func() {
		if err != nil {
			opened.close()
		}
	}()
	if h.log, err = telemetry.NewLog(logs, cfg.logLevel, cfg.logFormat); err != nil {
		return nil, usageError{err}
	}
	slog.SetDefault(h.log)
	credentials, err := openData(cfg.data, h.log)
	if err != nil {
		return nil, err
	}
	secret, err := openKey(filepath.Join(cfg.data, "page.key"))
	if err != nil {
		return nil, err
	}
	engine, err := lsm.Open(filepath.Join(cfg.data, "engine"), lsm.Options{CacheBytes: int64(cfg.cacheMB) << 20, Log: h.log})
	if err != nil {
		return nil, err
	}
	h.closeLater(engine.Close)
	defs := def.R4()
	terms, err := index.New(defs)
	if err != nil {
		return nil, err
	}
	h.openStores(engine, terms)
	h.jobs = job.New(engine, job.Options{Exclusive: true, Limit: cfg.jobLimit, Workers: jobWorkers})
	gateway, err := h.openObjects(ctx, cfg, credentials)
	if err != nil {
		return nil, err
	}
	packages, err := openPackages((&packageFlags{cfg.data, cfg.packages}).folder())
	if err != nil {
		return nil, err
	}
	h.catalog = h.openCatalog(cfg, engine, packages)
	if err := h.openScribe(ctx, cfg, engine, secret); err != nil {
		return nil, err
	}
	profiles := profilesOf(packages, defs)
	codes, err := h.openCodes(filepath.Join(cfg.data, "terminology"), engine, terms, packages)
	if err != nil {
		return nil, err
	}
	planner, err := plan.New(defs, terms, plan.Options{PageKey: secret, Concepts: codes.Concepts, Index: h.stores.Index})
	if err != nil {
		return nil, err
	}
	if h.kept, err = h.openKept(ctx, filepath.Join(cfg.data, "kept"), bulk.KeptBucket, deferred.Bucket, operation.MatchBucket); err != nil {
		return nil, err
	}
	h.bulk = bulk.New(h.jobs, h.objects, h.catalog.Open, defs, bulk.Options{Profiles: profiles, Members: codes.Members, Planner: planner, Kept: h.kept})
	return h, h.openAPI(cfg, credentials, secret, planner, gateway, codes, validate.NewWithProfiles(defs, profiles))
}

// openCatalog makes the catalog over what else is opened, now or later.
func (h *house) openCatalog(cfg config, engine engine.Engine, packages *pack.Set) *catalog.Catalog {
	return catalog.New(engine, h.jobs, h.stores, catalog.Options{MaxDomains: cfg.maxDomains, MaxSubscriptions: cfg.maxSubscriptions, Profiles: installed(packages), Preload: func(ctx context.Context, d catalog.DataStore, _ string) error {
		return preload(ctx, filepath.Join(cfg.data, "preload"), h.bulk, h.stores, d)
	}, EmptyDomain: func(ctx context.Context, account, domain string) error {
		return h.sessions.DeleteDomain(ctx, account, domain)
	}})
}

func (c *config) jobLimit(kind string) int {
	switch kind {
	case bulk.KindImport:
		return c.imports
	case bulk.KindExport:
		return c.exports
	case previsit.Kind:
		return c.insights
	}
	return 1
}

// jobWorkers is how many jobs of a kind run at a time, whosever they are. Insights wait for other servers most of the time.
func jobWorkers(kind string) int {
	if kind == previsit.Kind {
		return 16
	}
	return 4
}

// openAPI wires the edges.
func (h *house) openAPI(cfg config, credentials *sigv4.Credentials, secret []byte, planner *plan.Planner, gateway http.Handler, codes *terminology.Service, check *validate.Validator) error {
	metrics := telemetry.NewRegistry()
	if err := h.openSubscriptions(cfg, secret, planner, metrics); err != nil {
		return err
	}
	fhir := interaction.New(h.catalog.Open, planner, check, interaction.Options{MaxCount: cfg.maxCount, MaxEntries: cfg.maxEntries, Software: version,
		Members: codes.Members, Definition: codes.Definition, Operations: operation.Advertised(), Admit: h.subscriptions.Admit, Resource: subscriptionCapabilities(),
		Socket: h.subscriptions.SocketURL})
	control, err := healthlake.New(healthlake.Options{Catalog: h.catalog, Jobs: h.jobs, Bulk: h.bulk, Region: cfg.region,
		Principal: principal, BaseURL: func(ctx context.Context) string {
			return cmp.Or(strings.TrimRight(cfg.publicURL, "/"), api.BaseURL(ctx))
		}, Log: h.log})
	if err != nil {
		return err
	}
	h.many = many.New(h.jobs, fhir, h.catalog.Open, many.Options{Compact: h.stores.Compact})
	h.operator = operation.New(fhir, operation.Options{Bulk: h.bulk, Many: h.many, Terminology: codes, Subscriptions: h.subscriptions,
		Jobs: h.jobs, Kept: h.kept})
	agents, err := h.openAgents(cfg, secret, fhir, h.operator)
	if err != nil {
		return err
	}
	h.later = deferred.New(h.jobs, h.kept, fhir, apifhir.Refusal, deferred.Options{Operator: h.operator})
	data := apifhir.New(fhir, principal, apifhir.Options{PublicURL: cfg.publicURL, MaxBody: int64(cfg.maxBodyMB) << 20, Deferred: h.later, Operator: h.operator, Failed: h.failed})
	verifier := sigv4.NewVerifier(credentials.Lookup, sigv4.Options{Account: cfg.account})
	h.api, err = api.New(api.Options{
		Listen: cfg.listen, AllowRemote: cfg.allowRemote, CertFile: cfg.tlsCert, KeyFile: cfg.tlsKey,
		Verifier:      verifier,
		Scribe:        api.API{Handler: h.scribeHandler(verifier), Auth: api.Own},
		HealthLake:    api.API{Handler: control, Services: []string{"healthlake"}, MaxBody: 1 << 20},
		ConnectHealth: api.API{Handler: agents, MaxBody: 1 << 20, WriteError: connecthealth.WriteError},
		FHIR: api.API{Handler: data, Services: []string{"healthlake"}, MaxBody: int64(cfg.maxBodyMB) << 20,
			WriteError: apifhir.WriteError},
		S3:     api.API{Handler: gateway, Auth: api.Own},
		Notify: api.API{Handler: notify.New(h.subscriptions, notify.Options{}), Auth: api.Own},
		Log:    h.log, AccessLevel: slog.LevelDebug, Metrics: metrics,
	})
	return err
}

// principal is the caller that the edge authenticated.
func principal(ctx context.Context) authz.Principal {
	id, ok := api.IdentityFrom(ctx)
	if !ok {
		return authz.Principal{}
	}
	return authz.Principal{Kind: authz.Signed, Account: id.Account, AccessKey: id.AccessKey}
}

// openObjects opens where s3:// URIs point, as h.objects, and gives the handler of the embedded S3 API, nil if there is none.
func (h *house) openObjects(ctx context.Context, cfg config, credentials *sigv4.Credentials) (http.Handler, error) {
	if cfg.s3Endpoint != "" {
		endpoint := cfg.s3Endpoint
		if endpoint == "aws" {
			endpoint = ""
		}
		objects, err := blobs3.Open(ctx, blobs3.Config{Endpoint: endpoint, Region: cfg.region, PathStyle: cfg.s3PathStyle})
		h.objects = objects
		return nil, err
	}
	objects, err := blobfile.Open(filepath.Join(cfg.data, "s3"))
	if err != nil {
		return nil, err
	}
	h.objects = objects
	h.closeLater(objects.Close)
	gateway, err := apis3.New(objects, func(key string) (string, bool) {
		c, ok := credentials.Lookup(key, time.Now())
		return c.Secret, ok
	}, apis3.Options{Region: cfg.region, Log: h.log})
	if err != nil {
		return nil, err
	}
	h.closeLater(gateway.Close)
	return gateway, nil
}

// openKept opens the folder of what is kept for callers, with its buckets.
func (h *house) openKept(ctx context.Context, dir string, buckets ...string) (blob.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of what is kept cannot be made: %w", err)
	}
	kept, err := blobfile.Open(dir)
	if err != nil {
		return nil, err
	}
	h.closeLater(kept.Close)
	for _, bucket := range buckets {
		ok, err := kept.Exists(ctx, bucket)
		if err == nil && !ok {
			err = kept.CreateBucket(ctx, bucket)
		}
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// openData makes the data folder and its credentials, if need be.
func openData(dir string, log *slog.Logger) (*sigv4.Credentials, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	path := filepath.Join(dir, "credentials")
	if err := sigv4.CreateCredentials(path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("the credentials cannot be written: %w", err)
	}
	c, err := sigv4.OpenCredentials(path, func(err error) {
		log.Warn("the credentials cannot be read; those of before stay good", "error", err)
	})
	if err != nil {
		return nil, fmt.Errorf("the credentials cannot be read: %w", err)
	}
	return c, nil
}

func (h *house) closeLater(f func() error) { h.closers = append(h.closers, f) }

// close frees everything, last opened first.
func (h *house) close() {
	for _, f := range slices.Backward(h.closers) {
		if err := f(); err != nil {
			h.log.Error("close", "error", err)
		}
	}
	h.closers = nil
}

// sweepInterval is how often request tokens and exports that are too old are forgotten.
const sweepInterval = time.Hour

// run serves and works the jobs until ctx ends or a part fails; it returns when all have stopped. debug is the address for
// profiles; empty: none.
func (h *house) run(ctx context.Context, debug string) error {
	group, ctx := errgroup.WithContext(ctx)
	handlers := h.catalog.Handlers()
	maps.Copy(handlers, h.insights.Handlers())
	maps.Copy(handlers, h.coding.Handlers())
	maps.Copy(handlers, h.bulk.Handlers())
	maps.Copy(handlers, h.later.Handlers())
	maps.Copy(handlers, h.many.Handlers())
	maps.Copy(handlers, h.operator.Handlers())
	maps.Copy(handlers, h.sessions.Handlers())
	group.Go(func() error { return h.api.Run(ctx) })
	group.Go(func() error { return h.jobs.Run(ctx, handlers) })
	group.Go(func() error { return h.subscriptions.Run(ctx) })
	group.Go(func() error { return h.reindex.Run(ctx) })
	if debug != "" {
		group.Go(func() error { return debugServer(ctx, debug) })
	}
	group.Go(func() error {
		tick := time.NewTicker(sweepInterval)
		defer tick.Stop()
		for {
			for _, sweep := range []func(context.Context) error{h.catalog.Sweep, h.bulk.Sweep, h.later.Sweep, h.operator.Sweep, h.sessions.Sweep} {
				if err := sweep(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, fault.Unavailable) {
					return fmt.Errorf("sweep: %w", err)
				}
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return group.Wait()
}
