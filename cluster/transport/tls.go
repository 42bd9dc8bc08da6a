package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"

	"vigie/cluster/pki"
	"vigie/watchlist"
)

// serverTLS picks, by the one protocol that the client offers, whether a client
// certificate is demanded.
func (t *Transport) serverTLS() *tls.Config {
	base := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := t.cfg.Certificate()
			return &c, nil
		},
	}
	mutual := func(proto string) *tls.Config {
		c := base.Clone()
		c.NextProtos = []string{proto}
		c.ClientAuth = tls.RequireAnyClientCert // checked by VerifyConnection
		c.VerifyConnection = func(s tls.ConnectionState) error {
			_, err := t.verify(s, x509.ExtKeyUsageClientAuth)
			return err
		}
		return c
	}
	join := base.Clone()
	join.NextProtos = []string{ProtoJoin}
	join.SessionTicketsDisabled = true
	byProto := map[string]*tls.Config{ProtoRaft: mutual(ProtoRaft), ProtoNode: mutual(ProtoNode), ProtoJoin: join}
	base.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(h.SupportedProtos) == 1 {
			if c, ok := byProto[h.SupportedProtos[0]]; ok {
				return c, nil
			}
		}
		return nil, errors.New("the client offers no protocol of this port")
	}
	return base
}

// verify checks the peer's certificate and asks the directory.
func (t *Transport) verify(s tls.ConnectionState, usage x509.ExtKeyUsage) (pki.Identity, error) {
	if len(s.PeerCertificates) == 0 {
		return pki.Identity{}, errors.New("the peer sent no certificate")
	}
	id, err := pki.Verify(s.PeerCertificates[0], t.cfg.Authority, t.cfg.Cluster, usage, t.cfg.Now())
	if err != nil {
		return pki.Identity{}, err
	}
	if err := t.cfg.Directory.Authorise(id); err != nil {
		return pki.Identity{}, fmt.Errorf("node %s: %w", id.Node, err)
	}
	return id, nil
}

// dial opens a verified connection to one member for one protocol.
func (t *Transport) dial(ctx context.Context, id watchlist.NodeID, proto string) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Handshake)
	defer cancel()
	addr, err := t.cfg.Directory.Address(id)
	if err != nil {
		return nil, fmt.Errorf("finding the address of node %s: %w", id, err)
	}
	raw, err := t.cfg.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling node %s: %w", id, err)
	}
	conn := tls.Client(raw, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{proto},
		ServerName:         string(id),
		InsecureSkipVerify: true, // replaced by VerifyConnection: names are URIs
		ClientSessionCache: t.sessions[proto],
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c := t.cfg.Certificate()
			return &c, nil
		},
		VerifyConnection: func(s tls.ConnectionState) error {
			got, err := t.verify(s, x509.ExtKeyUsageServerAuth)
			if err != nil {
				return err
			}
			if got.Node != id {
				return fmt.Errorf("reached node %s instead of node %s", got.Node, id)
			}
			return nil
		},
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS handshake with node %s: %w", id, err), ignoreClosed(raw.Close()))
	}
	return conn, nil
}

// dialJoin opens a connection on which a join token's secret may be sent: the
// far side has proved that it holds a node certificate of the authority and the
// key of a member that the token names.
func dialJoin(ctx context.Context, dial DialFunc, addr string, token pki.Token, cfg *Config) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Handshake)
	defer cancel()
	raw, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling %s: %w", addr, err)
	}
	conn := tls.Client(raw, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{ProtoJoin},
		InsecureSkipVerify: true, // replaced by VerifyConnection: the token pins the authority
		VerifyConnection: func(s tls.ConnectionState) error {
			i := slices.IndexFunc(s.PeerCertificates, token.Trusts)
			if i < 1 {
				return errors.New("the authority of this address is not the one that the token names")
			}
			leaf := s.PeerCertificates[0]
			who, err := pki.IdentityOf(leaf)
			if err != nil {
				return err
			}
			if _, err = pki.Verify(leaf, s.PeerCertificates[i], who.Cluster, x509.ExtKeyUsageServerAuth, cfg.Now()); err != nil {
				return err
			}
			if !token.Pinned(leaf) {
				return errors.New("the node at this address is not one that the token names; ask for a new token if the cluster has changed")
			}
			return nil
		},
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS handshake with %s: %w", addr, err), ignoreClosed(raw.Close()))
	}
	return conn, nil
}

// ignoreClosed hides the error of closing what is closed already.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
