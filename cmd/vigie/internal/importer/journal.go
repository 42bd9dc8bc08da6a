package importer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"vigie/watchlist"
)

// Header is the first line of a journal: which import it belongs to.
type Header struct {
	Format  int               `json:"vigie_import"`
	Batch   watchlist.BatchID `json:"batch"`
	Input   string            `json:"input_sha256"`
	Mapping string            `json:"mapping_sha256,omitempty"`
}

// Step is one finished step of one line.
type Step struct {
	Line int `json:"line"`
	// Photo counts the line's photos from 1; 0 is the entry itself.
	Photo    int               `json:"photo,omitempty"`
	Entry    watchlist.EntryID `json:"entry,omitempty"`
	Revision uint64            `json:"revision,omitempty"`
	// Refused says why the node refused the step for good; it is tried again
	// with the next run.
	Refused string `json:"refused,omitempty"`
}

type stepKey struct{ line, photo int }

// Journal remembers on disk which steps of an import are done. It is safe for
// several goroutines. Losing its last lines does no harm: those steps are sent
// again under the same idempotency keys.
type Journal struct {
	header Header

	mu   sync.Mutex // guards the fields below
	file *os.File
	done map[stepKey]Step
}

// Digest gives the SHA-256 of an input, hexadecimal.
func Digest(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// ErrOtherInput: the journal belongs to another version of the input or of the
// mapping.
var ErrOtherInput = errors.New("the journal belongs to another version of the input or of its mapping")

// OpenJournal opens the journal at path, or makes one with the header. When it
// exists, its batch id is kept and the rest of the header must be equal, else
// the error is ErrOtherInput. The file has mode 0600: it holds entry ids.
func OpenJournal(path string, h Header) (*Journal, error) {
	h.Format = 1
	j := &Journal{header: h, done: map[stepKey]Step{}}
	b, err := os.ReadFile(path)
	fresh := errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.ContainsRune(b, '\n')
	if err != nil && !fresh {
		return nil, err
	}
	if fresh {
		return j, j.create(path)
	}
	keep, err := j.read(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	// A line that was cut off by a crash is cut off here too.
	if err := j.file.Truncate(keep); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	if _, err := j.file.Seek(keep, 0); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

func (j *Journal) create(path string) (err error) {
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return j.append(j.header)
}

// read takes the journal's lines and returns how many bytes of it are whole.
func (j *Journal) read(b []byte) (keep int64, err error) {
	sc := bufio.NewScanner(bytes.NewReader(b))
	for first := true; sc.Scan(); first = false {
		end := keep + int64(len(sc.Bytes())) + 1
		if end > int64(len(b)) {
			break
		}
		if first {
			var h Header
			if err := json.Unmarshal(sc.Bytes(), &h); err != nil || h.Format != 1 {
				return 0, errors.New("not a journal of vigie import; move it away")
			}
			if h.Input != j.header.Input || h.Mapping != j.header.Mapping {
				return 0, ErrOtherInput
			}
			j.header = h
		} else {
			var s Step
			if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
				return 0, errors.New("a line of the journal is damaged; move it away")
			}
			j.done[stepKey{s.Line, s.Photo}] = s
		}
		keep = end
	}
	return keep, sc.Err()
}

func (j *Journal) append(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(b, '\n'))
	return err
}

// Batch is the id of the import.
func (j *Journal) Batch() watchlist.BatchID { return j.header.Batch }

// Done reports whether a step was accepted by the node, and what it gave. A
// refused step isn't done.
func (j *Journal) Done(line, photo int) (Step, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, ok := j.done[stepKey{line, photo}]
	return s, ok && s.Refused == ""
}

// Record writes down a finished step.
func (j *Journal) Record(s Step) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[stepKey{s.Line, s.Photo}] = s
	return j.append(s)
}

// Key gives the idempotency key of a step: the same for every run of the batch.
func (j *Journal) Key(line, photo int) string {
	return Key(j.header.Batch, line, photo)
}

// Key gives the idempotency key of a step of a batch; photo is 0 for the entry.
func Key(batch watchlist.BatchID, line, photo int) string {
	s := sha256.Sum256(fmt.Appendf(nil, "vigie import/%s/%d/%d", batch, line, photo))
	return "import-" + hex.EncodeToString(s[:16])
}

// Close syncs and closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.file.Sync(), j.file.Close())
}
