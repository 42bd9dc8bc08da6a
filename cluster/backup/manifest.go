package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vigie/watchlist"
)

// Format is the version of the archive that this release writes.
const Format = 1

const (
	nameManifest = "manifest.json"
	prefixState  = "state/"
	prefixBlob   = "blob/"
	prefixAudit  = "audit/"
	// piece is the size of one part of the state, bytes.
	piece = 1 << 20
	// maxManifest and maxFile bound what is read into memory at once.
	maxManifest = 64 << 10
	maxFile     = 64 << 20
)

var (
	// ErrDamaged: the file is no backup, was changed or cut, or lacks something.
	ErrDamaged = errors.New("backup is damaged")
	// ErrVersion: a newer release made the backup (D20).
	ErrVersion = errors.New("backup has a newer format than this release reads")
)

// Manifest says what a backup holds.
type Manifest struct {
	Format  int              `json:"format"`
	Version string           `json:"vigie_version"`
	Cluster string           `json:"cluster"`
	Node    watchlist.NodeID `json:"node"`
	Name    string           `json:"node_name"`
	Origin  watchlist.Origin `json:"origin"`
	Taken   time.Time        `json:"taken"`
	// Index, Term, StateHash, Records and Entries are where the state stands.
	Index     uint64 `json:"index"`
	Term      uint64 `json:"term"`
	StateHash string `json:"state_hash"`
	Records   uint64 `json:"records"`
	Entries   uint64 `json:"entries"`
	// Blobs and AuditFiles count what follows the state.
	Blobs      int `json:"blobs"`
	AuditFiles int `json:"audit_files"`
	// StateKey is the key that the state is sealed with, a Tink keyset.
	StateKey []byte `json:"state_key"`
}

func parseManifest(b []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("manifest: %w", ErrDamaged)
	}
	if m.Format > Format {
		return m, fmt.Errorf("format %d, this release reads up to %d: %w", m.Format, Format, ErrVersion)
	}
	if m.Format < 1 {
		return m, fmt.Errorf("format %d: %w", m.Format, ErrDamaged)
	}
	return m, nil
}
