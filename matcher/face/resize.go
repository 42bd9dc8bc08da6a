package face

// scaled gives the picture with the long side at most (or, when enlarging is
// asked for, exactly) long px, the chroma at half of that.
func (p picture) scaled(long int, enlarge bool) picture {
	if p.long() == long || p.long() < long && !enlarge {
		return p
	}
	w := max((p.y.w*long+p.long()/2)/p.long(), 1)
	h := max((p.y.h*long+p.long()/2)/p.long(), 1)
	cw, ch := (w+1)/2, (h+1)/2
	return picture{y: p.y.resize(w, h), cb: p.cb.resize(cw, ch), cr: p.cr.resize(cw, ch)}
}

// taps are the source pixels of one target pixel: weights from first on, which
// sum to 1 << 16.
type taps struct {
	first   int
	weights []uint32
}

const unit = 1 << 16

// axis gives the taps of every target pixel along one axis: the mean over the
// covered area when shrinking, linear interpolation when enlarging.
func axis(src, dst int) []taps {
	all := make([]taps, dst)
	for i := range all {
		if dst < src {
			all[i] = areaTaps(src, dst, i)
		} else {
			all[i] = linearTaps(src, dst, i)
		}
	}
	return all
}

// areaTaps: target pixel i covers the source from i*src/dst to (i+1)*src/dst.
func areaTaps(src, dst, i int) taps {
	from, to := i*src, (i+1)*src // in units of 1/dst source pixel
	first, end := from/dst, (to+dst-1)/dst
	w := make([]uint32, end-first)
	left, largest := uint32(unit), 0
	for k := range w {
		lo, hi := max((first+k)*dst, from), min((first+k+1)*dst, to)
		w[k] = uint32((hi - lo) * unit / src)
		left -= w[k]
		if w[k] > w[largest] {
			largest = k
		}
	}
	w[largest] += left // what the divisions cut off
	return taps{first, w}
}

// linearTaps: the centre of target pixel i lies at (i+0.5)*src/dst-0.5.
func linearTaps(src, dst, i int) taps {
	pos := ((2*i+1)*src*unit/dst - unit) / 2
	pos = min(max(pos, 0), (src-1)*unit)
	first, part := pos/unit, uint32(pos%unit)
	if part == 0 {
		return taps{first, []uint32{unit}}
	}
	return taps{first, []uint32{unit - part, part}}
}

// resize scales the plane to w x h px by separable filters in integer
// arithmetic, so that every CPU gives the same pixels. The same size gives p
// itself.
func (p plane) resize(w, h int) plane {
	if w == p.w && h == p.h {
		return p
	}
	mid := p.resizeRows(w) // 8.8 fixed point
	out := newPlane(w, h)
	sum := make([]uint32, w)
	for y, t := range axis(p.h, h) {
		clear(sum)
		for k, weight := range t.weights {
			row := mid[(t.first+k)*w:]
			row = row[:w]
			for x, v := range row {
				sum[x] += weight * uint32(v)
			}
		}
		row := out.row(y)
		for x, v := range sum {
			row[x] = uint8((v + 1<<23) >> 24)
		}
	}
	return out
}

func (p plane) resizeRows(w int) []uint16 {
	out := make([]uint16, w*p.h)
	cols := axis(p.w, w)
	for y := range p.h {
		src, dst := p.row(y), out[y*w:(y+1)*w]
		for x := range dst {
			t := &cols[x]
			var sum uint32
			pix := src[t.first:]
			for k, weight := range t.weights {
				sum += weight * uint32(pix[k])
			}
			dst[x] = uint16((sum + 1<<7) >> 8)
		}
	}
	return out
}
