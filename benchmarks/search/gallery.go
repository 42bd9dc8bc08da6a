package search

import (
	"fmt"
	"runtime"
	"time"

	"vigie/index/face"
	"vigie/index/face/kernel"
)

// bestKernel names the kernels that this CPU runs best, kernels all that it runs,
// the best first.
func bestKernel() string { return kernel.Best().Name() }

func kernels() []string {
	var names []string
	for _, s := range kernel.Available() {
		names = append(names, s.Name())
	}
	return names
}

// build makes a gallery of the entries on a kernel that searches on so many
// threads, as the product does on a machine with that many cores.
func (d *data) build(kernelName string, threads int) (*face.Gallery, error) {
	set, err := kernel.ByName(kernelName)
	if err != nil {
		return nil, fmt.Errorf("build a gallery: %w", err)
	}
	before := runtime.GOMAXPROCS(threads) // New looks at it
	g := face.New(d.space, face.Options{Kernel: set})
	runtime.GOMAXPROCS(before)
	if err := g.Rebuild(d.entries(0), 1); err != nil {
		return nil, fmt.Errorf("build a gallery: %w", err)
	}
	settle(g)
	if g.Size() != d.n || g.Skipped() != 0 {
		return nil, fmt.Errorf("build a gallery: %d templates were given, %d are held, %d skipped", d.n, g.Size(), g.Skipped())
	}
	return g, nil
}

// settle waits until the background has merged what it wants to.
func settle(g *face.Gallery) {
	still := 0
	for last := g.Stats(); still < 6; {
		time.Sleep(25 * time.Millisecond)
		now := g.Stats()
		if now.Merges == last.Merges && now.Segments == last.Segments {
			still++
		} else {
			still = 0
		}
		last = now
	}
}

// galleries holds galleries of the same entries: on one thread one for each
// kernel, the best first, and one on two threads.
type galleries struct {
	kernels []string
	one     []*face.Gallery
	two     *face.Gallery
	// resident is what building the first of them added to the memory of this
	// process, bytes; 0 when unknown.
	resident int
}

// buildAll builds a gallery on one thread for each of the kernels and, when two
// is set and the machine has two cores, one on two threads.
func (d *data) buildAll(two bool, kernels ...string) (*galleries, error) {
	all := &galleries{}
	for i, k := range kernels {
		before := resident()
		g, err := d.build(k, 1)
		if err != nil {
			all.close()
			return nil, err
		}
		all.kernels, all.one = append(all.kernels, k), append(all.one, g)
		if i == 0 && before > 0 {
			all.resident = resident() - before
		}
	}
	if two && runtime.NumCPU() > 1 {
		var err error
		if all.two, err = d.build(kernels[0], 2); err != nil {
			all.close()
			return nil, err
		}
	}
	return all, nil
}

// close ends the galleries' background work; their memory goes with them.
func (a *galleries) close() {
	if a.two != nil {
		a.one = append(a.one, a.two)
	}
	for _, g := range a.one {
		_ = g.Close() // never fails
	}
	a.one, a.two = nil, nil
}

// on gives the best gallery of so many threads.
func (a *galleries) on(threads int) *face.Gallery {
	if threads == 2 && a.two != nil {
		return a.two
	}
	return a.one[0]
}

// sides gives the best gallery and the flat scan, and on one thread the
// galleries of the other kernels.
func (a *galleries) sides(c *comparison) []side {
	sides := []side{c.ours(a.on(c.threads), oursName, a.kernels[0]), c.flatSide()}
	if c.threads == 1 {
		for i, k := range a.kernels[1:] {
			sides = append(sides, c.ours(a.one[i+1], oursName+" "+k, k))
		}
	}
	return sides
}
