package evalnames

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Data reads the labelled names under a folder, the names folder of the test
// data, and remembers the hash of every file read. It is for one goroutine.
type Data struct {
	dir string
	// Hashes holds the SHA-256 of each file read, by its path under the folder.
	Hashes map[string]string
}

// OpenData names the folder; files are read when they are asked for.
func OpenData(dir string) *Data { return &Data{dir: dir, Hashes: map[string]string{}} }

// rows reads a CSV file, unpacked when it ends in .gz. A file without a header
// has headless set.
func (d *Data) rows(path string, headless bool) ([][]string, error) {
	b, err := os.ReadFile(filepath.Join(d.dir, path))
	if err != nil {
		return nil, fmt.Errorf("read the labelled names: %w", err)
	}
	sum := sha256.Sum256(b)
	d.Hashes[path] = hex.EncodeToString(sum[:])
	var in io.Reader = bytes.NewReader(b)
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", path, err)
		}
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !headless && len(rows) > 0 {
		rows = rows[1:]
	}
	return rows, nil
}

// column gives one column of a file; rows that are too short are left out.
func (d *Data) column(path string, n int, headless bool) ([]string, error) {
	rows, err := d.rows(path, headless)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		if n < len(r) {
			out = append(out, r[n])
		}
	}
	return out, nil
}
