package core

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// memory asks with every picture, two clients at once, and reads what the node
// takes of the RAM then.
func (b *bench) memory(ctx context.Context, photos []photo) error {
	for _, p := range photos {
		if _, err := b.atOnce(ctx, p, b.RateSeconds); err != nil {
			return err
		}
	}
	file, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cluster.PID(0)))
	if err != nil {
		b.Progress("the memory of the node can't be read on this system")
		return nil
	}
	for line := range strings.Lines(string(file)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			b.report.WorkersMB = kb / 1000
		}
	}
	return nil
}

// scaling asks for portraits as fast as two clients can, with the node held on
// one core and with two.
func (b *bench) scaling(ctx context.Context, p photo) error {
	pid := b.cluster.PID(0)
	if err := pin(pid, 1); errors.Is(err, errors.ErrUnsupported) {
		b.Progress("a process can't be held on one core on this system")
		return nil
	} else if err != nil {
		return fmt.Errorf("hold the node on one core: %w", err)
	}
	one, err := b.atOnce(ctx, p, b.RateSeconds)
	if err != nil {
		return err
	}
	if err := pin(pid, 2); err != nil {
		return fmt.Errorf("give the node two cores: %w", err)
	}
	two, err := b.atOnce(ctx, p, b.RateSeconds)
	if err != nil {
		return err
	}
	b.report.Rates = append(b.report.Rates, Rate{OneCore: one, TwoCores: two, Ratio: two / one})
	return nil
}

// atOnce gives the answers per second that two clients get.
func (b *bench) atOnce(ctx context.Context, p photo, seconds float64) (float64, error) {
	url, err := b.follower(ctx)
	if err != nil {
		return 0, err
	}
	var answers atomic.Int64
	errs := make([]error, 2)
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	var wg sync.WaitGroup
	for c := range errs {
		wg.Go(func() {
			for time.Now().Before(end) && errs[c] == nil {
				if errs[c] = b.call(ctx, "POST", url, p.body, nil); errs[c] == nil {
					answers.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(answers.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}
