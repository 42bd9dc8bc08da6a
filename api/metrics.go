package api

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/watchlist"
)

// metrics are the counters of the API. Labels are operations, status codes,
// problem codes and stages: never a person, an entry or an address.
type metrics struct {
	requests      *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	inFlight      prometheus.Gauge
	stages        *prometheus.HistogramVec
	candidates    prometheus.Histogram
	refused       *prometheus.CounterVec
	logins        *prometheus.CounterVec
	denied        *prometheus.CounterVec
	auditFailures prometheus.Counter
	panics        prometheus.Counter
	now           func() time.Time
}

// The queues that a search can be refused by.
const (
	queueSlots   = "slots"
	queueGallery = "gallery"
)

func newMetrics(reg prometheus.Registerer, now func() time.Time) (*metrics, error) {
	m := &metrics{
		requests:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigie_http_requests_total", Help: "Requests by operation and status."}, []string{"operation", "status"}),
		seconds:       prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigie_http_request_seconds", Help: "Time from header to answer.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)}, []string{"operation"}),
		inFlight:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigie_http_requests_in_flight", Help: "Requests being served."}),
		stages:        prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigie_match_stage_seconds", Help: "Time of one stage of a match.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 18)}, []string{"stage"}),
		candidates:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vigie_match_candidates", Help: "Candidates per lead.", Buckets: []float64{0, 1, 2, 5, 10, 20, 50}}),
		refused:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigie_searches_refused_total", Help: "Matches and replays refused because the node was busy: no slot in time, or the gallery's queue was full."}, []string{"queue"}),
		logins:        prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigie_logins_total", Help: "Sign-ins by outcome."}, []string{"outcome"}),
		denied:        prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigie_http_denied_total", Help: "Requests refused by the guard, by problem."}, []string{"code"}),
		auditFailures: prometheus.NewCounter(prometheus.CounterOpts{Name: "vigie_audit_failures_total", Help: "Answers withheld because the audit log could not be written."}),
		panics:        prometheus.NewCounter(prometheus.CounterOpts{Name: "vigie_http_panics_total", Help: "Requests that panicked."}),
		now:           now,
	}
	for _, queue := range []string{queueSlots, queueGallery} {
		m.refused.WithLabelValues(queue) // from 0, so that the first one is seen as an increase
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.inFlight, m.stages, m.candidates, m.refused, m.logins, m.denied, m.auditFailures, m.panics} {
		errs = append(errs, reg.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("register the API metrics: %w", err)
	}
	return m, nil
}

// begin counts a request in; the returned function counts it out.
func (m *metrics) begin(c *call) func(status int) {
	operation := "none"
	if c.op != nil {
		operation = c.op.id
	}
	m.inFlight.Inc()
	return func(status int) {
		m.inFlight.Dec()
		m.requests.WithLabelValues(operation, statusLabel(status)).Inc()
		m.seconds.WithLabelValues(operation).Observe(m.now().Sub(c.start).Seconds())
	}
}

// lead counts what a match found and how long its stages took.
func (m *metrics) lead(l *watchlist.Lead) {
	m.candidates.Observe(float64(len(l.Candidates)))
	for _, s := range l.Stages {
		m.stages.WithLabelValues(s.Stage).Observe(float64(s.Micros) / 1e6)
	}
}
