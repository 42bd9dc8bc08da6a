package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"vigie/watchlist"
)

const scheme = "vigie"

// Identity is who a node certificate says its holder is.
type Identity struct {
	Cluster string
	Node    watchlist.NodeID
	// SPKI is the lower-case hexadecimal SHA-256 of the holder's public key.
	SPKI string
}

func clusterURI(cluster string) *url.URL { return &url.URL{Scheme: scheme, Host: cluster} }

func nodeURI(cluster string, id watchlist.NodeID) *url.URL {
	return &url.URL{Scheme: scheme, Host: cluster, Path: "/node/" + string(id)}
}

// IdentityOf reads the identity in a node certificate. It checks the form only;
// use Verify for the chain.
func IdentityOf(cert *x509.Certificate) (Identity, error) {
	if len(cert.URIs) != 1 {
		return Identity{}, errors.New("the certificate does not carry exactly one URI")
	}
	u := cert.URIs[0]
	id, ok := strings.CutPrefix(u.Path, "/node/")
	if u.Scheme != scheme || u.Host == "" || !ok || id == "" || strings.Contains(id, "/") {
		return Identity{}, errors.New("the certificate's URI does not name a node")
	}
	return Identity{Cluster: u.Host, Node: watchlist.NodeID(id), SPKI: SPKI(cert)}, nil
}

// SPKI is the lower-case hexadecimal SHA-256 of a certificate's
// SubjectPublicKeyInfo.
func SPKI(cert *x509.Certificate) string {
	h := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(h[:])
}

// KeySPKI is SPKI for a bare public key.
func KeySPKI(pub *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("encoding a public key: %w", err)
	}
	h := sha256.Sum256(der)
	return hex.EncodeToString(h[:]), nil
}

// Verify checks that leaf was signed by the authority for the cluster and the
// node role given by usage, and returns its identity. now is the verifier's
// clock; it is moved forward to the certificates' start if it lies before it
// (see the package comment).
func Verify(leaf, authority *x509.Certificate, cluster string, usage x509.ExtKeyUsage, now time.Time) (Identity, error) {
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	at := latest(now, leaf.NotBefore, authority.NotBefore)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
		return Identity{}, fmt.Errorf("the certificate is not of this cluster's authority: %w", err)
	}
	id, err := IdentityOf(leaf)
	if err != nil {
		return Identity{}, err
	}
	if id.Cluster != cluster {
		return Identity{}, errors.New("the certificate is of another cluster")
	}
	return id, nil
}

func latest(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}

// NewRequest makes a certificate request that proves possession of key. It
// carries no names: the authority sets them.
func NewRequest(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return der, nil
}

// ParseRequest reads a certificate request and checks its signature and that
// its key is ECDSA P-256.
func ParseRequest(der []byte) (*x509.CertificateRequest, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("the certificate request is not signed by its key: %w", err)
	}
	pub, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, errors.New("the certificate request's key is not ECDSA P-256")
	}
	return csr, nil
}

// MarshalKey returns a key as PKCS #8 DER.
func MarshalKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return der, nil
}

// ParseKey reads an ECDSA P-256 key from PKCS #8 DER.
func ParseKey(der []byte) (*ecdsa.PrivateKey, error) {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	key, ok := k.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("the key is not ECDSA P-256")
	}
	return key, nil
}
