package file

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// WriteWhole puts plain into the folder as one sealed file of that name, at once or
// not at all: how an index that is read as a whole keeps its content. Only who
// gives the same tag can read it again. On an error, ctx's end among them, the file
// is what it was.
func (d *Dir) WriteWhole(ctx context.Context, name string, tag [32]byte, plain []byte) error {
	f, err := newFrame(d.sealer, kindWhole, uint64(len(plain)))
	if err != nil {
		return err
	}
	f.tag = tag
	_, err = d.write(ctx, f, name, func(w *partWriter) error { return w.bytes(plain) })
	return err
}

// ReadWhole reads on all cores what WriteWhole wrote. It wraps fs.ErrNotExist when
// there is nothing, and gives ErrCorrupt or ErrVersion when it can't be used, as
// under another tag.
func (d *Dir) ReadWhole(name string, tag [32]byte) (plain []byte, err error) {
	r, err := d.open(name, kindWhole, tag)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	plain = make([]byte, r.frame.plain)
	var next atomic.Int64
	var fail atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), r.frame.parts()) {
		wg.Go(func() {
			buf := r.buffer()
			for fail.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= r.frame.parts() {
					return
				}
				p, err := r.part(i, buf)
				if err != nil {
					fail.CompareAndSwap(nil, &err)
					return
				}
				copy(plain[i*partLen:], p)
			}
		})
	}
	wg.Wait()
	if err := fail.Load(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, *err)
	}
	return plain, nil
}

// DropWhole removes a file that WriteWhole wrote; there may be none.
func (d *Dir) DropWhole(name string) error {
	return errors.Join(d.disk.remove(d.path(name)), d.disk.remove(d.path(name+tmpSuffix)))
}
