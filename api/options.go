package api

import (
	"crypto/tls"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"vigie/api/auth"
)

// Options tune the server. The zero value is usable: every field that is zero
// takes the default named at it.
type Options struct {
	// TLS is the server's certificate and settings; nil serves plain HTTP, for
	// tests and for loopback only. Versions below TLS 1.3 are refused.
	TLS *tls.Config
	// Logger receives one line per request; default: discard.
	Logger *slog.Logger
	// Registry holds the metrics that /metrics shows; default: a new one.
	Registry *prometheus.Registry
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID draws the ids of entries and requests; default UUID version 7.
	NewID func() (string, error)
	// Post is written into audit events of principals without a post.
	Post string

	// SessionLife is how long a sign-in holds; default 12 hours.
	SessionLife time.Duration
	// Passwords are the costs of argon2id; default auth.DefaultParams.
	Passwords auth.Params
	// PasswordSlots is how many password checks run at once; default 2.
	PasswordSlots int

	// MaxPhotoBytes caps one photo; default 10 MiB.
	MaxPhotoBytes int64
	// MaxMatches is how many matches and replays run at once, default 16 per
	// core: the gallery serves up to eight that wait for it in one pass, and
	// photos are encoded in a queue of their own. MatchPatience is how long one
	// waits for its turn, default 2 s. Then 503.
	MaxMatches    int
	MatchPatience time.Duration
	// MaxUploadBytes is how much the bodies above 64 KiB may have declared
	// together while they are received and worked on, default 64 MiB; a body
	// without a length counts as the most that its operation takes. Memory peaks
	// at four to five times as much, since a photo in JSON is held as text, as a
	// value and as bytes. Then 503.
	MaxUploadBytes int64
	// ReadPatience bounds the wait of a read for min_index or for the leader;
	// default 5 s. Then 503.
	ReadPatience time.Duration
	// WritePatience bounds a write; default 15 s. Then 503 outcome_unknown.
	WritePatience time.Duration

	// HeaderTimeout bounds the reading of a request's header, default 5 s;
	// BodyTimeout of the whole request, default 60 s (a photo over a bad link);
	// AnswerTimeout from the end of the header to the end of the answer, default
	// 120 s; IdleTimeout a kept connection, default 120 s.
	HeaderTimeout, BodyTimeout, AnswerTimeout, IdleTimeout time.Duration
	// MaxHeaderBytes caps the header; default 16 KiB.
	MaxHeaderBytes int
	// StopGrace is how long Serve finishes requests in flight after its context
	// ended; default 20 s.
	StopGrace time.Duration
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (o Options) withDefaults() Options {
	def(&o.Logger, slog.New(slog.DiscardHandler))
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	def(&o.SessionLife, 12*time.Hour)
	def(&o.Passwords, auth.DefaultParams())
	def(&o.PasswordSlots, 2)
	def(&o.MaxPhotoBytes, 10<<20)
	def(&o.MaxMatches, 16*runtime.GOMAXPROCS(0))
	def(&o.MatchPatience, 2*time.Second)
	def(&o.MaxUploadBytes, 64<<20)
	def(&o.ReadPatience, 5*time.Second)
	def(&o.WritePatience, 15*time.Second)
	def(&o.HeaderTimeout, 5*time.Second)
	def(&o.BodyTimeout, 60*time.Second)
	def(&o.AnswerTimeout, 120*time.Second)
	def(&o.IdleTimeout, 120*time.Second)
	def(&o.MaxHeaderBytes, 16<<10)
	def(&o.StopGrace, 20*time.Second)
	return o
}

func newUUID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
