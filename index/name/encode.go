package name

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// fileFormat is part of every file's tag: with another one, files are not read.
const fileFormat = "vigie name index/1"

// errDraft: the bytes are no draft. They were sealed by this node, so a fault of the
// program made them.
var errDraft = errors.New("the content does not hold together")

// foldingDigest is a digest of what the rules make of fixed spellings. Words that were
// folded by other rules are not read again because names.Version is another; should
// that be left as it was, the digest catches what those spellings show.
func foldingDigest() []byte {
	h := sha256.New()
	note := func(full string) {
		for _, r := range names.Split(watchlist.Name{Full: full}) {
			h.Write(appendRaw(nil, r))
		}
		h.Write([]byte{0})
	}
	for _, f := range names.Shipped().Families() {
		for _, form := range f.Forms {
			note(form)
		}
	}
	for _, full := range []string{
		"El Hadji Abdou Rahmane N'Diaye-Bâ", "Müller Øre Ñas Straße", "محمد ولد الشيخ عبد الرحمن", "ߊߡߊߘߎ", "张伟 이영", "D1allo 0umar", "Иванов",
	} {
		note(full)
	}
	return h.Sum(nil)
}

// fileTag is what a file is bound to: its format, the rules, and the registry whose
// entries it holds. The table of spelling families is not in it: a file holds no
// keys, they are computed by the table in force.
func fileTag(registry string) [32]byte {
	b := append([]byte(fileFormat+"\x00"+names.Version+"\x00"), foldingDigest()...)
	return sha256.Sum256(append(b, registry...))
}

// The marks of a word in a file.
const (
	rawConsonantal = 1 << iota
	rawPrefix
	rawSyllabic
	rawPlain // Rich is Text, Alt and Source are empty
	rawArticle
)

func appendRaw(b []byte, r names.Raw) []byte {
	marks := byte(rawConsonantal*bit(r.Consonantal) | rawPrefix*bit(r.Prefix) | rawSyllabic*bit(r.Syllabic) | rawArticle*bit(r.Article))
	plain := r.Rich == r.Text && r.Alt == "" && r.Source == ""
	marks |= byte(rawPlain * bit(plain))
	b = append(b, marks)
	b = appendString(b, r.Text)
	if !plain {
		b = appendString(appendString(appendString(b, r.Rich), r.Alt), r.Source)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// encode writes the draft of raft index applied. Equal drafts give equal bytes.
// Numbers are unsigned varints: applied, then words, forms and entries, each behind
// their count. A form is twice its number of words, and one more for a weak alias,
// then the words. An entry is its id, its number of names, and for each of them its
// place and form.
func (d *draft) encode(applied uint64) []byte {
	b := make([]byte, 0, 64+24*len(d.words)+4*len(d.text)+48*len(d.ids)+6*len(d.form))
	b = binary.AppendUvarint(b, applied)
	b = binary.AppendUvarint(b, uint64(len(d.words)))
	for _, r := range d.words {
		b = appendRaw(b, r)
	}
	b = binary.AppendUvarint(b, uint64(len(d.weak)))
	for f, weak := range d.weak {
		words := d.text[d.at[f]:d.at[f+1]]
		b = append(b, byte(2*len(words)+bit(weak)))
		for _, w := range words {
			b = binary.AppendUvarint(b, uint64(w))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(d.ids)))
	for i, id := range d.ids {
		b = appendString(b, string(id))
		b = binary.AppendUvarint(b, uint64(d.from[i+1]-d.from[i]))
		for k := d.from[i]; k < d.from[i+1]; k++ {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(d.name[k])), uint64(d.form[k]))
		}
	}
	return b
}

// decoder reads what encode wrote; after a fault it gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

// number reads a number below limit.
func (r *decoder) number(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v >= limit {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things follow, of which each takes at least one byte.
func (r *decoder) count() int { return int(r.number(uint64(len(r.b)) + 1)) }

func (r *decoder) text() string {
	n := r.count()
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *decoder) raw() names.Raw {
	marks := r.number(256)
	w := names.Raw{Text: r.text(), Consonantal: marks&rawConsonantal != 0, Prefix: marks&rawPrefix != 0, Syllabic: marks&rawSyllabic != 0, Article: marks&rawArticle != 0}
	if w.Rich = w.Text; marks&rawPlain == 0 {
		w.Rich, w.Alt, w.Source = r.text(), r.text(), r.text()
	}
	return w
}

// decodeDraft reads what encode wrote and checks that all numbers lead somewhere.
func decodeDraft(b []byte) (d *draft, applied uint64, err error) {
	r := &decoder{b: b}
	d = &draft{at: []uint32{0}, from: []uint32{0}}
	applied = r.number(1 << 63)
	d.words = make([]names.Raw, r.count())
	for i := range d.words {
		if d.words[i] = r.raw(); d.words[i].Text == "" {
			r.bad = true
		}
	}
	n := r.count()
	d.at, d.weak = slices.Grow(d.at, n), make([]bool, n)
	for f := range n {
		head := r.number(2*names.MaxTokens + 2)
		r.bad = r.bad || head < 2
		d.weak[f] = head&1 != 0
		for range head / 2 {
			d.text = append(d.text, uint32(r.number(uint64(len(d.words)))))
		}
		d.at = append(d.at, uint32(len(d.text)))
	}
	n = r.count()
	d.ids, d.from = make([]watchlist.EntryID, n), slices.Grow(d.from, n)
	d.name, d.form = make([]uint16, 0, n), make([]uint32, 0, n)
	for i := range n {
		d.ids[i] = watchlist.EntryID(r.text())
		r.bad = r.bad || i > 0 && d.ids[i] <= d.ids[i-1]
		for k := range r.count() {
			d.name, d.form = append(d.name, uint16(r.number(1<<16))), append(d.form, uint32(r.number(uint64(len(d.weak)))))
			r.bad = r.bad || k > 0 && d.name[len(d.name)-1] <= d.name[len(d.name)-2]
		}
		d.from = append(d.from, uint32(len(d.form)))
	}
	if r.bad || len(r.b) > 0 {
		return nil, 0, errDraft
	}
	return d, applied, nil
}
