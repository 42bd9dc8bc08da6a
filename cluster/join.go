package cluster

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"vigie/cluster/pki"
	"vigie/cluster/seal"
	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// ErrTokenRefused: the cluster does not know the token, or it was used, or it
// has ended, or it is for another role.
var ErrTokenRefused = errors.New("the join token was refused: unknown, used, ended, or for another role; ask for a new one")

// joinTimeout bounds the whole of Join when its context has no deadline.
const joinTimeout = 60 * time.Second

// JoinConfig says how a new node joins. Token and DataDir are required.
type JoinConfig struct {
	Token string
	// DataDir, NodeKeyFile and ClusterKeyFile are as in Config.
	DataDir, NodeKeyFile, ClusterKeyFile string
	Name                                 string
	// ClusterAdvertise and APIAdvertise may be left for the first start.
	ClusterAdvertise, APIAdvertise string
	// Dial replaces the network, as in Config.
	Dial transport.DialFunc
}

// joinRequest is what a new node sends, after the far side proved to be a member
// that the token names.
type joinRequest struct {
	Secret      []byte             `cbor:"1,keyasint"`
	Request     []byte             `cbor:"2,keyasint"` // certificate request, DER
	Role        watchlist.NodeRole `cbor:"3,keyasint"`
	Name        string             `cbor:"4,keyasint"`
	ClusterAddr string             `cbor:"5,keyasint"`
	APIAddr     string             `cbor:"6,keyasint"`
}

// joinReply makes the new node a member.
type joinReply struct {
	Node        watchlist.NodeID     `cbor:"1,keyasint"`
	Certificate []byte               `cbor:"2,keyasint"` // DER
	Setup       command.ClusterSetup `cbor:"3,keyasint"`
	ClusterKey  []byte               `cbor:"4,keyasint"` // bare keyset: TLS only
	Roster      roster               `cbor:"5,keyasint"`
}

// Join makes an empty data folder the home of a new member: it draws the node's
// keys here, has the cluster certify them, and stores what it is given. The
// token is used up by it, also when the answer is lost on the way. The node
// takes part from its first Open. The error wraps ErrTokenRefused,
// pki.ErrBadToken or ErrNotEmpty when that is the reason.
func Join(ctx context.Context, jc JoinConfig) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, joinTimeout)
		defer cancel()
	}
	cfg := Config{DataDir: jc.DataDir, NodeKeyFile: jc.NodeKeyFile, ClusterKeyFile: jc.ClusterKeyFile}
	if err := cfg.setDefaults(); err != nil {
		return err
	}
	token, err := pki.ParseToken(jc.Token)
	if err != nil {
		return err
	}
	id := &identity{nodeRecord: nodeRecord{Format: identityFormat, Name: jc.Name, Role: token.Role}}
	dir := layout(cfg.DataDir)
	return build(dir, cfg.NodeKeyFile, cfg.ClusterKeyFile, id, func(tmp layout) error {
		members, err := id.obtain(ctx, token, jc)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(tmp.identity(), 0o700); err != nil {
			return fmt.Errorf("making the identity folder: %w", err)
		}
		b, err := members.encode()
		if err != nil {
			return fmt.Errorf("encoding the member list: %w", err)
		}
		return writeFile(tmp.in(rosterFile), b)
	})
}

// obtain draws the node's keys and asks the token's addresses, one after the
// other, to admit it.
func (id *identity) obtain(ctx context.Context, token pki.Token, jc JoinConfig) (roster, error) {
	var err error
	if id.nodeKey, err = seal.NewKey(); err != nil {
		return roster{}, err
	}
	if id.key, err = pki.NewKey(); err != nil {
		return roster{}, err
	}
	csr, err := pki.NewRequest(id.key)
	if err != nil {
		return roster{}, err
	}
	body, err := command.Marshal(joinRequest{
		Secret: token.Secret, Request: csr, Role: token.Role,
		Name: jc.Name, ClusterAddr: jc.ClusterAdvertise, APIAddr: jc.APIAdvertise,
	})
	if err != nil {
		return roster{}, fmt.Errorf("encoding the join request: %w", err)
	}
	client, done := transport.JoinClient(token, jc.Dial)
	defer done()
	var errs []error
	for _, addr := range token.Addresses {
		got, err := askJoin(ctx, client, addr, body)
		if err == nil {
			return got.Roster, id.accept(token, got)
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr, err))
		if errors.Is(err, ErrTokenRefused) || errors.Is(err, watchlist.ErrOutcomeUnknown) || ctx.Err() != nil {
			break
		}
	}
	return roster{}, fmt.Errorf("joining the cluster: %w", errors.Join(errs...))
}

func askJoin(ctx context.Context, client *http.Client, addr string, body []byte) (joinReply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+pathJoin, bytes.NewReader(body))
	if err != nil {
		return joinReply{}, fmt.Errorf("making the join request: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return joinReply{}, fmt.Errorf("asking to join: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return joinReply{}, fmt.Errorf("%w: reading the answer: %w", watchlist.ErrOutcomeUnknown, err)
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return joinReply{}, fmt.Errorf("too many join requests: %w", watchlist.ErrOverloaded)
	}
	if resp.StatusCode != http.StatusOK {
		return joinReply{}, replyError(b)
	}
	var out joinReply
	return out, decodeWire(b, &out)
}

// accept checks what the cluster sent and takes it over.
func (id *identity) accept(token pki.Token, got joinReply) error {
	var err error
	id.setup = got.Setup
	id.Cluster, id.Node = got.Setup.ClusterID, got.Node
	if id.ca, err = x509.ParseCertificate(got.Setup.CACert); err != nil {
		return fmt.Errorf("the cluster sent a damaged authority certificate: %w", err)
	}
	if !token.Trusts(id.ca) {
		return errors.New("the cluster sent another authority than the token names")
	}
	if id.cert, err = x509.ParseCertificate(got.Certificate); err != nil {
		return fmt.Errorf("the cluster sent a damaged node certificate: %w", err)
	}
	who, err := pki.Verify(id.cert, id.ca, id.Cluster, x509.ExtKeyUsageClientAuth, time.Now())
	if err != nil {
		return err
	}
	if who.Node != id.Node || !id.key.PublicKey.Equal(id.cert.PublicKey) {
		return errors.New("the cluster sent a certificate for another node")
	}
	if id.cluster, err = seal.Parse(got.ClusterKey); err != nil {
		return fmt.Errorf("the cluster sent a damaged key: %w", err)
	}
	if _, err := id.authority(); err != nil {
		return fmt.Errorf("the cluster sent a key that does not fit: %w", err)
	}
	return nil
}
