// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds the metrics of one server. Metrics are made at start; making one of a name twice panics.
type Registry struct{ r *prometheus.Registry }

// NewRegistry makes a registry that has the Go runtime's and the process's metrics.
func NewRegistry() *Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Registry{r}
}

// Handler answers with all metrics in the Prometheus text format.
func (r *Registry) Handler() http.Handler {
	if r == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(r.r, promhttp.HandlerOpts{})
}

// Counter counts what only grows. Its methods may be called from any goroutine.
type Counter struct{ v *prometheus.CounterVec }

// Counter makes a counter. Names end in _total. The values of labels must be few: never ids.
func (r *Registry) Counter(name, help string, labels ...string) *Counter {
	if r == nil {
		return nil
	}
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.r.MustRegister(v)
	return &Counter{v}
}

// Add counts n, which is not negative, under the label values, in the order of the labels.
func (c *Counter) Add(n float64, values ...string) {
	if c != nil {
		c.v.WithLabelValues(values...).Add(n)
	}
}

// Gauge is a level. Its methods may be called from any goroutine.
type Gauge struct{ v *prometheus.GaugeVec }

// Gauge makes a gauge. Names end in their unit.
func (r *Registry) Gauge(name, help string, labels ...string) *Gauge {
	if r == nil {
		return nil
	}
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.r.MustRegister(v)
	return &Gauge{v}
}

// Set sets the level.
func (g *Gauge) Set(n float64, values ...string) {
	if g != nil {
		g.v.WithLabelValues(values...).Set(n)
	}
}

// Add changes the level by n.
func (g *Gauge) Add(n float64, values ...string) {
	if g != nil {
		g.v.WithLabelValues(values...).Add(n)
	}
}

// GaugeFunc makes a gauge that asks read for its level each time the metrics are read, from any goroutine.
func (r *Registry) GaugeFunc(name, help string, read func() float64) {
	if r != nil {
		r.r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
}

// Histogram counts values by size. Its methods may be called from any goroutine.
type Histogram struct{ v *prometheus.HistogramVec }

// Histogram makes a histogram with the upper bounds of its buckets, in rising order. Names end in their unit.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	if r == nil {
		return nil
	}
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, labels)
	r.r.MustRegister(v)
	return &Histogram{v}
}

// Observe counts one value.
func (h *Histogram) Observe(n float64, values ...string) {
	if h != nil {
		h.v.WithLabelValues(values...).Observe(n)
	}
}

// Latency are bucket bounds for requests, in seconds: 100 µs to 10 s.
func Latency() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}
