package population

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"vigie/watchlist"
)

// Version is the version of the file.
const Version uint16 = 1

const (
	magic     = "VIGIEPOP"
	headerLen = len(magic) + 2 + 16
	// personsPerPart keeps a part small enough to be read whole.
	personsPerPart = 100
	// maxPart bounds a sealed part: personsPerPart persons of MaxPhotos photos with
	// 640 values, and room.
	maxPart = 32 << 20
)

var (
	// ErrFormat: the file is no population, or another release's.
	ErrFormat = errors.New("this is no population file of this release; 'vigie population build' makes one")
	// ErrDamaged: the file was changed or cut, or sealed for another cluster. Which
	// of them can't be told.
	ErrDamaged = errors.New("the population file is damaged, or was made for another cluster")
)

// Sealer encrypts the parts; ad binds a part to its place. Open returns memory of
// its own or fails.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// head is part 0.
type head struct {
	Model     string      `cbor:"1,keyasint"`
	CreatedAt int64       `cbor:"2,keyasint"`
	Basis     string      `cbor:"3,keyasint"`
	Dim       int         `cbor:"4,keyasint"`
	Groups    []groupHead `cbor:"5,keyasint"`
}

type groupHead struct {
	Name    string `cbor:"1,keyasint"`
	Persons int    `cbor:"2,keyasint"`
	Photos  int    `cbor:"3,keyasint"`
}

// record is a person: the number of the group, and the templates as
// watchlist.EncodeTemplate packs them.
type record struct {
	Group     int      `cbor:"1,keyasint"`
	Templates [][]byte `cbor:"2,keyasint"`
}

func encode(v any) ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	return b, nil
}

func decode(b []byte, into any) error {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxArrayElements: 1 << 10, MaxMapPairs: 16, MaxNestedLevels: 8,
	}.DecMode()
	if err != nil {
		return fmt.Errorf("population: %w", err)
	}
	if mode.Unmarshal(b, into) != nil {
		return ErrDamaged // the cause could quote the content
	}
	return nil
}

func (p *Population) head() head {
	h := head{Model: p.about.Model, CreatedAt: p.about.CreatedAt, Basis: p.about.Basis, Dim: len(p.persons[0].Templates[0])}
	for _, g := range p.about.Groups {
		h.Groups = append(h.Groups, groupHead{g.Name, g.Persons, g.Photos})
	}
	return h
}

// parts is the number of parts after the head.
func (p *Population) parts() int { return partsFor(len(p.persons)) }

func partsFor(persons int) int { return (persons + personsPerPart - 1) / personsPerPart }

func (p *Population) part(n int) []record {
	list := p.persons[n*personsPerPart : min((n+1)*personsPerPart, len(p.persons))]
	out := make([]record, len(list))
	for i := range list {
		group, templates := p.Person(n*personsPerPart + i)
		out[i].Group = group
		for _, t := range templates {
			out[i].Templates = append(out[i].Templates, watchlist.EncodeTemplate(t))
		}
	}
	return out
}

// place is the associated data of a part.
func place(header []byte, n int, last bool) []byte {
	b := append([]byte("vigie/population\x00"), header...)
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	if last {
		return append(b, 1)
	}
	return append(b, 0)
}

// Write seals the population into w.
func (p *Population) Write(w io.Writer, key Sealer) error {
	header := binary.BigEndian.AppendUint16([]byte(magic), Version)
	header = append(header, make([]byte, 16)...)
	if _, err := rand.Read(header[headerLen-16:]); err != nil {
		return fmt.Errorf("write a population: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("write a population: %w", err)
	}
	for n := range 1 + p.parts() {
		var v any = p.head()
		if n > 0 {
			v = p.part(n - 1)
		}
		plain, err := encode(v)
		if err != nil {
			return err
		}
		sealed, err := key.Seal(plain, place(header, n, n == p.parts()))
		if err != nil {
			return fmt.Errorf("write a population: %w", err)
		}
		if _, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(sealed))), sealed...)); err != nil {
			return fmt.Errorf("write a population: %w", err)
		}
	}
	return nil
}
