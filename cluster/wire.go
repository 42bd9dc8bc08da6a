package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/fxamacker/cbor/v2"

	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// The control plane's paths. The version goes up when a message changes in a
// way that an older node would misread; a new optional field is none.
const (
	pathPropose  = "/v1/propose"
	pathIndex    = "/v1/read-index"
	pathTerm     = "/v1/term"
	pathProgress = "/v1/progress"
	pathAnnounce = "/v1/announce"
	pathTransfer = "/v1/transfer"
	pathAdmit    = "/v1/admit"
	pathBlob     = "/v1/blobs/"
	pathJoin     = "/v1/join" // on the join plane
)

// maxReply bounds what is read of an answer, bytes.
const maxReply = 1 << 20

// Errors that only nodes tell each other.
var (
	// errNotLeader: the asked node does not lead, and did nothing.
	errNotLeader = errors.New("not the leader")
	// errRefused: the peer refused for a reason that has no code of its own.
	errRefused = errors.New("refused by the peer")
)

// codes names the errors that cross the control plane.
var codes = []struct {
	code   string
	status int
	err    error
}{
	{"not_leader", http.StatusMisdirectedRequest, errNotLeader},
	{"clock", http.StatusServiceUnavailable, ErrClock}, // before no_leader, which it wraps
	{"no_leader", http.StatusServiceUnavailable, watchlist.ErrNoLeader},
	{"outcome_unknown", http.StatusBadGateway, watchlist.ErrOutcomeUnknown},
	{"too_large", http.StatusRequestEntityTooLarge, watchlist.ErrTooLarge},
	{"disk_full", http.StatusInsufficientStorage, watchlist.ErrDiskFull},
	{"disk_stuck", http.StatusServiceUnavailable, watchlist.ErrDiskStuck},
	{"overloaded", http.StatusTooManyRequests, watchlist.ErrOverloaded},
	{"not_found", http.StatusNotFound, watchlist.ErrNotFound},
	{"not_member", http.StatusForbidden, transport.ErrNotMember},
	{"bad_token", http.StatusForbidden, ErrTokenRefused},
}

// errorReply is the body of an answer that is no success.
type errorReply struct {
	Code   string `cbor:"1,keyasint"`
	Detail string `cbor:"2,keyasint"`
}

// tolerant reads messages of peers that may be newer: unknown fields are passed
// over.
var tolerant = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 12, MaxArrayElements: 4096, MaxMapPairs: 256,
	}.DecMode()
	if err != nil {
		panic(err) // constant options
	}
	return m
}()

func decodeWire(b []byte, v any) error {
	if err := tolerant.Unmarshal(b, v); err != nil {
		return errors.New("malformed message") // the cause may quote it
	}
	return nil
}

// reply writes a CBOR answer, or err as an errorReply.
func reply(w http.ResponseWriter, v any, err error) {
	if err == nil {
		b, merr := command.Marshal(v)
		if merr == nil {
			writeBody(w, http.StatusOK, b)
			return
		}
		err = merr
	}
	out := errorReply{Code: "internal", Detail: err.Error()}
	status := http.StatusInternalServerError
	for _, c := range codes {
		if errors.Is(err, c.err) {
			out.Code, status = c.code, c.status
			break
		}
	}
	b, merr := command.Marshal(out)
	if merr != nil {
		b = nil
	}
	writeBody(w, status, b)
}

func writeBody(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(status)
	// A failed write means that the peer has gone; there is nobody to tell.
	_, _ = w.Write(b)
}

// readAll reads a request's body, which the transport has bounded.
func readAll(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	return b, nil
}

func readWire(r *http.Request, v any) error {
	b, err := readAll(r)
	if err != nil {
		return err
	}
	return decodeWire(b, v)
}

// callError is a failed call. unsent tells that the peer certainly did not get
// the request.
type callError struct {
	err    error
	unsent bool
}

// Error implements error.
func (e *callError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *callError) Unwrap() error { return e.err }

// heldBody is a request's body that either was begun or never leaves. net/http
// may still be writing a request whose call has returned, so only the body can
// say for certain that the peer can't have got the whole of it.
type heldBody struct {
	r     *bytes.Reader
	state *atomic.Int32 // 0, bodyBegun or bodyWithheld
}

const (
	bodyBegun    = 1
	bodyWithheld = 2
)

var errWithheld = errors.New("the request was given up")

// Read implements io.Reader.
func (b heldBody) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(0, bodyBegun) && b.state.Load() == bodyWithheld {
		return 0, errWithheld
	}
	return b.r.Read(p)
}

// Close implements io.Closer.
func (heldBody) Close() error { return nil }

// post sends a CBOR request to a member and reads its CBOR answer into out,
// which may be nil.
func (n *Node) post(ctx context.Context, peer watchlist.NodeID, path string, in, out any) error {
	b, err := command.Marshal(in)
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	body, err := roundTrip(ctx, n.net.Client(), http.MethodPost, peer, path, b, maxReply)
	if err != nil || out == nil {
		return err
	}
	return decodeWire(body, out)
}

// roundTrip sends one request to a member and returns the body of the answer,
// or the error that the answer stands for.
func roundTrip(ctx context.Context, client *http.Client, method string, peer watchlist.NodeID, path string, in []byte, limit int64) ([]byte, error) {
	var state atomic.Int32
	req, err := http.NewRequestWithContext(ctx, method, "https://"+string(peer)+path, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	if len(in) > 0 {
		// net/http takes another body when it found a connection dead before it had
		// written anything.
		req.GetBody = func() (io.ReadCloser, error) { return heldBody{bytes.NewReader(in), &state}, nil }
		req.Body, req.ContentLength = heldBody{bytes.NewReader(in), &state}, int64(len(in))
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &callError{err: fmt.Errorf("asking node %s: %w", peer, err), unsent: state.CompareAndSwap(0, bodyWithheld)}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, &callError{err: fmt.Errorf("reading the answer of node %s: %w", peer, err)}
	}
	if resp.StatusCode == http.StatusOK {
		return b, nil
	}
	return nil, replyError(b)
}

// replyError is the error that a failed answer stands for. What has no code of
// its own wraps errRefused.
func replyError(b []byte) error {
	var e errorReply
	if err := decodeWire(b, &e); err != nil {
		return errRefused
	}
	for _, c := range codes {
		if c.code == e.Code {
			return fmt.Errorf("%w (peer: %s)", c.err, e.Detail)
		}
	}
	return fmt.Errorf("%w: %s", errRefused, e.Detail)
}
