package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// linkFlags say how to reach a node.
type linkFlags struct {
	server, ca, key, token, context string
	timeout                         time.Duration
}

// linkFile is the context file: where the cluster is and who we are. It is a
// secret, mode 0600.
type linkFile struct {
	Server string `json:"server"`
	// CA is the cluster's certificate authority in PEM form.
	CA string `json:"ca"`
	// Key is an API key, Token a session's token; the session wins.
	Key       string `json:"key,omitempty"`
	Token     string `json:"token,omitempty"`
	ClusterID string `json:"cluster_id,omitempty"`
}

// linkTo adds the flags of a command that asks a node.
func (p *program) linkTo(cmds ...*cobra.Command) {
	for _, c := range cmds {
		f := c.PersistentFlags()
		f.StringVar(&p.link.server, "server", "", "a node's address, https://HOST:PORT ($VIGIE_SERVER)")
		f.StringVar(&p.link.ca, "ca", "", "file with the cluster's CA certificate ($VIGIE_CA)")
		f.StringVar(&p.link.key, "key", "", "API key; better given as $VIGIE_KEY, which other users can't see")
		f.StringVar(&p.link.token, "token", "", "session token ($VIGIE_TOKEN)")
		f.StringVar(&p.link.context, "context", "", "file written by init, demo or login ($VIGIE_CONTEXT, else ~/.config/vigie/context.json)")
		f.DurationVar(&p.link.timeout, "timeout", 60*time.Second, "how long to wait for an answer")
		_ = c.MarkPersistentFlagFilename("ca")
		_ = c.MarkPersistentFlagFilename("context", "json")
	}
}

// contextPath is where the context file is or will be.
func (p *program) contextPath() string {
	if p.link.context != "" {
		return p.link.context
	}
	if f := p.getenv("VIGIE_CONTEXT"); f != "" {
		return f
	}
	dir := p.getenv("XDG_CONFIG_HOME")
	if dir == "" {
		dir = filepath.Join(p.getenv("HOME"), ".config")
	}
	return filepath.Join(dir, "vigie", "context.json")
}

// readContext reads the context file; a missing one gives the zero value.
func readContext(path string) (linkFile, error) {
	var f linkFile
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	} else if err != nil {
		return f, err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return f, withHint(fmt.Errorf("%s can be read by other users", path), "It holds a credential. Close it: chmod 600 %s", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return f, nil
}

// writeContext writes the context file with mode 0600, whole or not at all.
func writeContext(path string, f linkFile) error {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeSecret(path, append(b, '\n'))
}

// writeSecret writes a file of mode 0600, whole or not at all.
func writeSecret(path string, b []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".vigie-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// resolveLink merges flags, environment and context file, in this order.
func (p *program) resolveLink() (linkFile, error) {
	f, err := readContext(p.contextPath())
	if err != nil {
		return f, err
	}
	pick := func(dst *string, flag, env string) {
		if flag != "" {
			*dst = flag
		} else if v := p.getenv(env); v != "" {
			*dst = v
		}
	}
	file := ""
	pick(&f.Server, p.link.server, "VIGIE_SERVER")
	pick(&file, p.link.ca, "VIGIE_CA")
	hadKey := f.Key
	pick(&f.Key, p.link.key, "VIGIE_KEY")
	if f.Key != hadKey {
		f.Token = "" // a key given now means: not the stored session
	}
	pick(&f.Token, p.link.token, "VIGIE_TOKEN")
	if file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return f, fmt.Errorf("read the CA certificate: %w", err)
		}
		f.CA = string(pem)
	}
	if f.Server == "" {
		return f, withHint(errors.New("no node to ask"), "Give --server https://HOST:PORT and --ca FILE, or run 'vigie demo' or 'vigie init' first.")
	}
	if !strings.Contains(f.Server, "://") {
		f.Server = "https://" + f.Server
	}
	if u, err := url.Parse(f.Server); err != nil || u.Scheme != "https" || u.Host == "" {
		return f, usagef("--server: use https://HOST:PORT; Vigie does not speak plain HTTP")
	}
	return f, nil
}

// dial prepares the client of the API. It connects with the first call.
func (p *program) dial() (*client.Client, error) {
	f, err := p.resolveLink()
	if err != nil {
		return nil, err
	}
	return newRemote(f, p.link.timeout, 0)
}

// newRemote makes an API client from a context. retries is as in client.Config.
func newRemote(f linkFile, timeout time.Duration, retries int) (*client.Client, error) {
	secret := f.Key
	if f.Token != "" {
		secret = f.Token
	}
	return client.New(client.Config{Server: f.Server, CA: []byte(f.CA), Credential: secret, Timeout: timeout, Retries: retries})
}

// problemError is a node's refusal (RFC 9457).
type problemError struct{ client.Problem }

// Error gives title and detail, and each wrong field on a line of its own.
func (e *problemError) Error() string {
	text := fmt.Sprintf("the node says %d %s", e.Status, e.Title)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.TraceId != "" {
		text += fmt.Sprintf(" (%s, trace %s)", e.Code, e.TraceId)
	}
	lines := []string{text}
	for _, f := range e.Errors {
		where, what := f.Pointer, f.Detail
		if where == "" {
			where = f.Parameter
		}
		if what == "" {
			what = f.Code
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", where, what))
		if f.Advice.Fr != "" {
			lines = append(lines, "    "+f.Advice.Fr)
		}
	}
	if e.Advice.Fr != "" {
		lines = append(lines, "  "+e.Advice.Fr)
	}
	for _, x := range e.Boxes {
		lines = append(lines, fmt.Sprintf("  a face at left %d, top %d, right %d, bottom %d", x.Left, x.Top, x.Right, x.Bottom))
	}
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// answer reads the answer of a call into a new T. A refusal becomes a
// problemError, a failure to connect an error with a hint. T may be struct{} for
// answers without a body.
func answer[T any](res *http.Response, err error) (*T, error) {
	out, err := client.Answer[T](res, err)
	var refused *client.Error
	switch {
	case err == nil:
		return out, nil
	case errors.As(err, &refused):
		return nil, refusal(&problemError{refused.Problem})
	case res != nil:
		return nil, err
	}
	return nil, connectError(err)
}

// refusal adds what to do about a problem.
func refusal(pe *problemError) error {
	switch pe.Code {
	case "unauthenticated":
		return withHint(pe, "Sign in with 'vigie login', or give an API key as $VIGIE_KEY.")
	case "forbidden":
		return withHint(pe, "This account's role may not do that; 'vigie status' shows who you are.")
	case "no_leader":
		return withHint(pe, "Matching goes on. Writes wait for a majority of nodes: 'vigie status' shows who is missing.")
	case "revision_conflict":
		return withHint(pe, "Somebody changed the entry meanwhile: read it again, then repeat your change.")
	case "mrz_check_digit":
		return withHint(pe, "'vigie mrz read' with the same lines shows other readings; --accept-errors searches with the lines as they are.")
	case "history_gone":
		return withHint(pe, "A node remembers match.history indexes back. Another node may have kept more: 'vigie status --server …' shows from which index on.")
	case "overloaded":
		return withHint(pe, "Nothing is lost and nothing was found: ask again.")
	case "face_engine_absent":
		return withHint(pe, "This node runs without the face engine: ask another node, or see 'vigie doctor' on that machine.")
	}
	return pe
}

func connectError(err error) error {
	var unknown x509.UnknownAuthorityError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &unknown):
		return withHint(err, "The node's certificate is not signed by the CA that was given: check --ca, or that this is the right node.")
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return withHint(err, "No answer in time. Is the address right? 'vigie doctor' on that machine says what is wrong.")
	case errors.As(err, &op):
		return withHint(err, "Is the node running? On its machine: systemctl status vigie, or 'vigie doctor'.")
	}
	return err
}

// code gives the problem code of an error, "" for anything else.
func code(err error) string {
	var pe *problemError
	if errors.As(err, &pe) {
		return pe.Code
	}
	return ""
}
