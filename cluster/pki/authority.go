package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"time"

	"vigie/watchlist"
)

// How long certificates last. A node certificate must outlive the longest time
// that a post may be cut off, since a node renews its own while it runs.
const (
	AuthorityLife = 10 * 365 * 24 * time.Hour
	NodeLife      = 180 * 24 * time.Hour
	// RenewBefore is the rest of life at which a node renews its certificate.
	RenewBefore = 60 * 24 * time.Hour
	// Backdate is how far before its issue a certificate starts, for peers whose
	// clocks are behind.
	Backdate = 24 * time.Hour
)

// Authority is a cluster's certificate authority: an ECDSA P-256 key and its
// self-signed certificate. It is immutable.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes the authority of a new cluster. now is the issue time.
func NewAuthority(clusterID string, now time.Time) (*Authority, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Vigie cluster " + clusterID},
		URIs:                  []*url.URL{clusterURI(clusterID)},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              now.Add(AuthorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back the authority certificate: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

// ParseAuthority reads an authority from the DER of its certificate and of its
// PKCS #8 key, and checks that the two belong together.
func ParseAuthority(certDER, keyDER []byte) (*Authority, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, fmt.Errorf("reading the authority certificate: %w", err)
	}
	key, err := ParseKey(keyDER)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("the authority key does not belong to the authority certificate")
	}
	return &Authority{cert: cert, key: key}, nil
}

// Certificate returns the authority's certificate; treat it as read-only.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// MarshalKey returns the authority's key as PKCS #8 DER. Seal it before it
// touches a disk.
func (a *Authority) MarshalKey() ([]byte, error) { return MarshalKey(a.key) }

// IssueNode signs the certificate of a node from its certificate request, whose
// signature is checked. Nothing of the request but the key is taken over.
func (a *Authority) IssueNode(csrDER []byte, clusterID string, id watchlist.NodeID, now time.Time) (*x509.Certificate, error) {
	csr, err := ParseRequest(csrDER)
	if err != nil {
		return nil, err
	}
	return a.SignNode(csr.PublicKey.(*ecdsa.PublicKey), clusterID, id, now)
}

// SignNode signs a node certificate for a key whose possession was proved
// already: the node renews its own certificate with it.
func (a *Authority) SignNode(pub *ecdsa.PublicKey, clusterID string, id watchlist.NodeID, now time.Time) (*x509.Certificate, error) {
	return a.sign(pub, &x509.Certificate{
		Subject:     pkix.Name{CommonName: string(id)},
		URIs:        []*url.URL{nodeURI(clusterID, id)},
		NotAfter:    now.Add(NodeLife),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, now)
}

// IssueServer makes a key and a server certificate for the REST API. hosts are
// DNS names and IP addresses, at least one. The chain includes the authority.
func (a *Authority) IssueServer(hosts []string, now time.Time) (tls.Certificate, error) {
	if len(hosts) == 0 {
		return tls.Certificate{}, errors.New("a server certificate needs at least one host name or address")
	}
	key, err := NewKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	tmpl := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "Vigie API"},
		NotAfter:    now.Add(NodeLife),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, h)
		}
	}
	cert, err := a.sign(&key.PublicKey, tmpl, now)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw, a.cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

func (a *Authority) sign(pub *ecdsa.PublicKey, tmpl *x509.Certificate, now time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl.SerialNumber = serial
	tmpl.NotBefore = now.Add(-Backdate)
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, pub, a.key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back a certificate: %w", err)
	}
	return cert, nil
}

// EncodePEM returns one certificate as PEM text.
func EncodePEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// newSerial draws a 127-bit serial number.
func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	return n, nil
}

// NewKey makes an ECDSA P-256 key.
func NewKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}
