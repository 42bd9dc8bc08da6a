package feed

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// seeds gives published vectors as a corpus.
func seeds(f *testing.F, names ...string) {
	f.Helper()
	for _, n := range names {
		b, err := os.ReadFile("../../docs/feed-vectors/" + n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Feed: "SEN/partner/MLI/0123456789abcdef", Size: 3, Root: EmptyRoot(), Epoch: 2, State: EmptyRoot(), Live: 1, Fork: &Fork{1, 2, EmptyRoot()}}.Text())
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := parseCheckpoint(s); err == nil && c.Text() != s {
			t.Fatal("read something that writes otherwise")
		}
	})
}

func FuzzCertificate(f *testing.F) {
	seeds(f, "certificate.txt")
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseCertificate(string(b)); err == nil && c.Text() != string(b) {
			t.Fatal("read something that writes otherwise")
		}
		if c, err := openCertificate(b, "SEN", Country{Threshold: 1, Keys: []string{"SEN+bad"}}); err == nil {
			t.Fatal("a bad key opened", c.Serial)
		}
	})
}

func FuzzItems(f *testing.F) {
	seeds(f, "frame.plain")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, n := range []int{1, 5, FrameLeaves} {
			items, err := decodeItems(b, n)
			if err != nil {
				continue
			}
			for _, it := range items {
				c, err := it.open("SEN")
				if err != nil {
					if ReasonOf(err) == "" {
						t.Fatal("refused without a reason:", err)
					}
					continue
				}
				if c.Entry != nil && checkCopy(c.Entry) != nil || c.Report != nil && c.Report.Validate() != nil {
					t.Fatal("a copy that does not validate")
				}
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	seeds(f, "frame.bin", "bucket.bin")
	c, err := NewCodec()
	if err != nil {
		f.Fatal(err)
	}
	r := Ratchet{Feed: "SEN/partner/MLI/0123456789abcdef", Country: Country{1, []string{"x"}}, Root: EmptyRoot()}
	r.Head = Checkpoint{Feed: r.Feed, Size: 300, Root: EmptyRoot(), Epoch: 1, State: EmptyRoot()}.Text()
	f.Fuzz(func(t *testing.T, b []byte) {
		keys := ContentKeys{1: bytes.Repeat([]byte{1}, 32)}
		if _, _, err := r.AcceptFrame(c, b, keys, nil, nil); ReasonOf(err) == "" {
			t.Fatal("accepted, or refused without a reason:", err)
		}
		if _, err := c.unpack(b, 1<<16); err != nil && ReasonOf(err) == "" {
			t.Fatal(err)
		}
	})
}

func FuzzRevocations(f *testing.F) {
	seeds(f, "revocations.bin")
	c, err := NewCodec()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := c.openRevocations(b, "SEN/partner/MLI/0123456789abcdef", nil, ContentKeys{1: bytes.Repeat([]byte{1}, 32)}); ReasonOf(err) == "" {
			t.Fatal("accepted unsigned, or refused without a reason:", err)
		}
	})
}

func FuzzContainer(f *testing.F) {
	seeds(f, "container.bin")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewContainerReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w, err := NewContainerWriter(&again)
		if err != nil {
			t.Fatal(err)
		}
		for {
			typ, part, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			if err := w.Add(typ, part); err != nil {
				t.Fatal("read a part that can't be written:", err)
			}
		}
		if err := w.Close(); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Fatal("read something that writes otherwise")
		}
	})
}

func FuzzRatchet(f *testing.F) {
	seeds(f, "ratchet.cbor")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRatchet(b)
		if err != nil {
			return
		}
		if again, err := r.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatal("read something that writes otherwise")
		}
	})
}

func FuzzPrivateBodies(f *testing.F) {
	f.Add([]byte{0x80}, []byte{0xa0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		l := Leaf{Type: Put, Kind: KindEntry, Record: "SEN-0192f0c1-0000-7000-8000-000000000001", Revision: 1, Expires: 9}
		e, err := Entry(l, Bodies{a, b, a, b, a, b})
		if err != nil {
			return
		}
		again, err := EntryBodies(e)
		if err != nil || !bytes.Equal(again[0], a) || !bytes.Equal(again[1], b) {
			t.Fatal("a body that is not in its one form")
		}
	})
}
