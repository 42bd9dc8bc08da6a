package search

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// peers is the running program of benchmarks/peers with the vectors that it
// shares with this one.
type peers struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	dir   string
	cache string
	data  *data
}

// startPeers starts the program; cache is where built graphs are kept. The
// vectors go through files in memory, where the system has such a folder.
func startPeers(program, cache string) (*peers, error) {
	shm := "/dev/shm"
	if st, err := os.Stat(shm); err != nil || !st.IsDir() {
		shm = ""
	}
	dir, err := os.MkdirTemp(shm, "vigie-peers-")
	if err != nil {
		return nil, fmt.Errorf("make the shared folder: %w", err)
	}
	p := &peers{cmd: exec.Command(program), dir: dir, cache: cache}
	p.cmd.Stderr = os.Stderr
	// Huge pages for what the peers copy, as our own arrays have them.
	p.cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
		// No thread may spin while it is another contender's turn.
		"OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=0", "OPENBLAS_THREAD_TIMEOUT=4")
	if p.in, err = p.cmd.StdinPipe(); err == nil {
		var out io.ReadCloser
		if out, err = p.cmd.StdoutPipe(); err == nil {
			p.out = bufio.NewReaderSize(out, 1<<20)
			err = p.cmd.Start()
		}
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start the peers: %w", err)
	}
	return p, nil
}

// close ends the program and removes the shared files.
func (p *peers) close() error {
	err := p.in.Close()
	err = errors.Join(err, p.cmd.Wait(), os.RemoveAll(p.dir))
	if err != nil {
		return fmt.Errorf("end the peers: %w", err)
	}
	return nil
}

// do sends a command and gives the words of its answer.
func (p *peers) do(format string, args ...any) ([]string, error) {
	command := fmt.Sprintf(format, args...)
	name, _, _ := strings.Cut(command, " ")
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		return nil, fmt.Errorf("peers: %s: %w", name, err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("peers: %s: %w", name, err)
	}
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "ok" {
		return nil, fmt.Errorf("peers: %s: %s", name, strings.TrimSpace(line))
	}
	return words[1:], nil
}

// load shares a gallery's rows and queries: hits first, then misses.
func (p *peers) load(d *data) error {
	if p.data == d {
		return nil
	}
	if err := p.share("data", d.rows, d.dim); err != nil {
		return err
	}
	var all []float32
	for _, kind := range kinds {
		for _, q := range d.queries[kind].rows {
			all = append(all, q...)
		}
	}
	if err := p.share("queries", all, d.dim); err != nil {
		return err
	}
	p.data = d
	return nil
}

// share hands vectors over in the machine's byte order. The file is unlinked as
// soon as the program has mapped it, so that nothing stays behind.
func (p *peers) share(command string, v []float32, dim int) error {
	file := filepath.Join(p.dir, command)
	defer os.Remove(file)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*4)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return fmt.Errorf("share vectors: %w", err)
	}
	_, err := p.do("%s %s %d %d", command, file, len(v)/dim, dim)
	return err
}

// search runs queries of a kind and gives the time of the peer's own loop and
// the rows that it found for each.
func (p *peers) search(who string, param, k int, kind string, from, to, batch int) (time.Duration, [][]int64, error) {
	offset := 0
	if kind == kinds[1] {
		offset = len(p.data.queries[kinds[0]].rows)
	}
	words, err := p.do("search %s %d %d %d %d %d", who, param, k, offset+from, to-from, batch)
	if err != nil {
		return 0, nil, err
	}
	numbers := make([]int64, len(words))
	for i, w := range words {
		if numbers[i], err = strconv.ParseInt(w, 10, 64); err != nil {
			return 0, nil, fmt.Errorf("peers: search: %w", err)
		}
	}
	if len(numbers) != 1+(to-from)*k {
		return 0, nil, fmt.Errorf("peers: search: %d numbers for %d queries", len(numbers), to-from)
	}
	var rows [][]int64
	for i := 1; i < len(numbers); i += k {
		rows = append(rows, numbers[i:i+k])
	}
	return time.Duration(numbers[0]), rows, nil
}

// peerSide is one of the peers as a contender: "faiss", "hnsw" with ef, or
// "sgemm".
func (c *comparison) peerSide(p *peers, who, label string, param, batch int) side {
	s := side{row: c.row(label)}
	var found [][]int64
	s.pass = func(_ context.Context, from, to int) (time.Duration, error) {
		if _, err := p.do("threads %d", c.threads); err != nil {
			return 0, err
		}
		d, rows, err := p.search(who, param, c.k, c.kind, from, to, batch)
		found = rows
		return d, err
	}
	s.done = c.recallDone(&found)
	return s
}
