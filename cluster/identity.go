package cluster

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vigie/cluster/pki"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// ErrNoIdentity: the data folder holds no node yet.
var ErrNoIdentity = errors.New("this data folder holds no node: run init or join first")

// Names of the files in the identity folder. The node file is written last: a
// folder without it holds no node.
const (
	nodeFile    = "node.json"
	certFile    = "node.pem"
	keyFile     = "node-tls.key" // sealed with the node key
	setupFile   = "cluster.cbor"
	rosterFile  = "members.cbor"
	currentFile = "last-current"
)

const (
	identityFormat = 1
	adTLSKey       = "vigie/tls-key/1"
	adCAKey        = "vigie/ca-key/1"
)

// nodeRecord is the content of node.json.
type nodeRecord struct {
	Format  int                `json:"format"`
	Cluster string             `json:"cluster"`
	Node    watchlist.NodeID   `json:"node"`
	Name    string             `json:"name"`
	Role    watchlist.NodeRole `json:"role"`
}

// identity is who a node is: what Init or Join wrote, in memory.
type identity struct {
	nodeRecord
	// setup holds the authority and its sealed key, so that a node which has not
	// caught up yet can already make its certificates.
	setup   command.ClusterSetup
	ca      *x509.Certificate
	key     *ecdsa.PrivateKey
	cert    *x509.Certificate
	nodeKey *seal.Key
	cluster *seal.Key
}

// tlsCertificate is the node's certificate with its authority.
func (id *identity) tlsCertificate() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{id.cert.Raw, id.ca.Raw}, PrivateKey: id.key, Leaf: id.cert}
}

// authority opens the cluster's authority. Every node can: it holds the cluster
// key. What a member may do rests on the pinned keys, not on the signature.
func (id *identity) authority() (*pki.Authority, error) {
	der, err := id.cluster.Open(id.setup.CAKey, []byte(adCAKey))
	if err != nil {
		return nil, fmt.Errorf("opening the authority key: %w", err)
	}
	return pki.ParseAuthority(id.setup.CACert, der)
}

// save writes the identity folder. The keys are saved by the caller.
func (id *identity) save(dir layout) error {
	if err := os.MkdirAll(dir.identity(), 0o700); err != nil {
		return fmt.Errorf("making the identity folder: %w", err)
	}
	der, err := pki.MarshalKey(id.key)
	if err != nil {
		return err
	}
	sealed, err := id.nodeKey.Seal(der, []byte(adTLSKey))
	if err != nil {
		return fmt.Errorf("sealing the node's TLS key: %w", err)
	}
	setup, err := command.Marshal(id.setup)
	if err != nil {
		return fmt.Errorf("encoding the cluster setup: %w", err)
	}
	rec, err := json.MarshalIndent(id.nodeRecord, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the node record: %w", err)
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{keyFile, sealed}, {setupFile, setup}, {certFile, pki.EncodePEM(id.cert)}, {nodeFile, rec}} {
		if err := writeFile(dir.in(f.name), f.data); err != nil {
			return err
		}
	}
	return nil
}

// loadIdentity reads the identity folder and the keys.
func loadIdentity(dir layout, nodeKeyFile, clusterKeyFile string) (*identity, error) {
	rec, err := loadNodeRecord(dir)
	if err != nil {
		return nil, err
	}
	id := &identity{nodeRecord: rec}
	if id.nodeKey, err = seal.Load(nodeKeyFile); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	if id.cluster, err = seal.Load(clusterKeyFile); err != nil {
		return nil, fmt.Errorf("cluster key: %w", err)
	}
	if err := id.loadSetup(dir); err != nil {
		return nil, err
	}
	return id, id.loadTLS(dir)
}

// loadNodeRecord reads node.json; the error wraps ErrNoIdentity without one.
func loadNodeRecord(dir layout) (nodeRecord, error) {
	var rec nodeRecord
	b, err := os.ReadFile(dir.in(nodeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return rec, ErrNoIdentity
	}
	if err != nil {
		return rec, fmt.Errorf("reading the node record: %w", err)
	}
	if err := json.Unmarshal(b, &rec); err != nil {
		return rec, fmt.Errorf("the node record is damaged: %w", err)
	}
	if rec.Format != identityFormat {
		return rec, fmt.Errorf("the data folder has format %d, this release reads %d", rec.Format, identityFormat)
	}
	return rec, nil
}

func (id *identity) loadSetup(dir layout) error {
	b, err := os.ReadFile(dir.in(setupFile))
	if err != nil {
		return fmt.Errorf("reading the cluster setup: %w", err)
	}
	if err := command.Unmarshal(b, &id.setup); err != nil {
		return fmt.Errorf("the cluster setup is damaged: %w", err)
	}
	if id.ca, err = x509.ParseCertificate(id.setup.CACert); err != nil {
		return fmt.Errorf("reading the authority certificate: %w", err)
	}
	return nil
}

func (id *identity) loadTLS(dir layout) error {
	sealed, err := os.ReadFile(dir.in(keyFile))
	if err != nil {
		return fmt.Errorf("reading the node's TLS key: %w", err)
	}
	der, err := id.nodeKey.Open(sealed, []byte(adTLSKey))
	if err != nil {
		return fmt.Errorf("opening the node's TLS key: %w", err)
	}
	if id.key, err = pki.ParseKey(der); err != nil {
		return err
	}
	b, err := os.ReadFile(dir.in(certFile))
	if err != nil {
		return fmt.Errorf("reading the node certificate: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return errors.New("the node certificate is not PEM")
	}
	if id.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		return fmt.Errorf("reading the node certificate: %w", err)
	}
	if !id.key.PublicKey.Equal(id.cert.PublicKey) {
		return errors.New("the node's TLS key and certificate don't belong together")
	}
	return nil
}
