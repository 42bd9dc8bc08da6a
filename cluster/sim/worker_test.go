package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// envTemplate tells a worker where the template is.
const envTemplate = "VIGIE_SIM_TEMPLATE"

// seedLimit is how long a seed may take on a busy machine before it counts as
// hung, real time.
const seedLimit = 4 * time.Minute

// TestWorker runs the seeds on its standard input for another process and prints
// a line for each. It is a process of its own because some of what it looks for
// ends a process.
func TestWorker(t *testing.T) {
	dir := os.Getenv(envTemplate)
	if dir == "" {
		t.Skip("only for TestSimulation and its kind")
	}
	from, err := loadTemplate(dir)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		seed, err := strconv.ParseUint(in.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(simulate(t, from, plan(seed)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(os.Stdout, "END %s\n", b)
	}
}

// worker is a process that runs seeds.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log *tail
}

func startWorker(template string, env ...string) (*worker, error) {
	w := &worker{cmd: exec.Command(os.Args[0], "-test.run=^TestWorker$", "-test.timeout=0"), log: &tail{}}
	w.cmd.Env = append(append(os.Environ(), envTemplate+"="+template, "GOMAXPROCS=2"), env...)
	w.cmd.Stderr = w.log
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReaderSize(out, 1<<20)
	return w, w.cmd.Start()
}

// one runs a seed. After an error the worker has ended.
func (w *worker) one(seed uint64, limit time.Duration) (*result, error) {
	if _, err := fmt.Fprintln(w.in, seed); err != nil {
		return nil, err
	}
	var hung atomic.Bool
	watch := time.AfterFunc(limit, func() {
		hung.Store(true)
		_ = w.cmd.Process.Signal(syscall.SIGQUIT)
	})
	var dump []string
	for {
		line, err := w.out.ReadString('\n')
		if text, ok := strings.CutPrefix(line, "END "); ok {
			watch.Stop()
			res := &result{}
			return res, json.Unmarshal([]byte(text), res)
		}
		if err != nil {
			watch.Stop()
			werr := w.cmd.Wait()
			why := "the process ended"
			if hung.Load() {
				why = fmt.Sprintf("no end after %s", limit)
			}
			return nil, fmt.Errorf("%s (%v)\n%s%s", why, werr, strings.Join(dump, ""), w.log)
		}
		if dump = append(dump, line); len(dump) > 60 {
			dump = dump[1:]
		}
	}
}

func (w *worker) stop() {
	w.in.Close()
	_ = w.cmd.Wait() // what it had to say it has said
}

// tail keeps the beginning and the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	head []byte
	last []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if os.Getenv("VIGIE_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(b)
	}
	n := min(len(b), 6000-len(t.head))
	t.head = append(t.head, b[:n]...)
	t.last = append(t.last, b[n:]...)
	t.last = bytes.Clone(t.last[max(0, len(t.last)-3000):])
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.head) + "\n…\n" + string(t.last)
}

// ring runs seeds on some workers and gives each result to done, one at a time.
// A seed that ends its process is a violation.
func ring(template string, workers int, seeds <-chan uint64, done func(*result), env ...string) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	errs := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			var w *worker
			for seed := range seeds {
				if w == nil {
					var err error
					if w, err = startWorker(template, env...); err != nil {
						errs <- err
						return
					}
				}
				res, err := w.one(seed, seedLimit)
				if err != nil {
					p := plan(seed)
					res = &result{Seed: seed, Profile: string(p.Profile), Nodes: p.Nodes, Violations: 1, Details: []string{err.Error()}}
					w = nil
				}
				mu.Lock()
				done(res)
				mu.Unlock()
			}
			if w != nil {
				w.stop()
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}
