package population

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"vigie/watchlist"
)

// Read opens what Write wrote. It fails with ErrFormat, with ErrDamaged, or with
// the reader's error, and never with a word of the content.
func Read(r io.Reader, key Sealer) (*Population, error) {
	header := make([]byte, headerLen)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, cut(err, ErrFormat)
	}
	if string(header[:len(magic)]) != magic || binary.BigEndian.Uint16(header[len(magic):]) != Version {
		return nil, ErrFormat
	}
	f := &reader{r: r, key: key, header: header}
	var h head
	// A population has one person at least, so the head is never the last part.
	if err := f.next(&h, false); err != nil {
		return nil, err
	}
	groups, total, err := h.check()
	if err != nil {
		return nil, err
	}
	var persons []Person
	for n := range partsFor(total) {
		var list []record
		if err := f.next(&list, n == partsFor(total)-1); err != nil {
			return nil, err
		}
		if len(list) != min(personsPerPart, total-len(persons)) {
			return nil, ErrDamaged
		}
		for _, rec := range list {
			who, err := rec.person(groups, h.Dim)
			if err != nil {
				return nil, err
			}
			persons = append(persons, who)
		}
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return nil, ErrDamaged
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read a population: %w", err)
	}
	return h.population(persons)
}

// population makes the population and holds it to the head.
func (h *head) population(persons []Person) (*Population, error) {
	p, err := New(h.Model, h.Basis, h.CreatedAt, persons)
	if err != nil {
		return nil, ErrDamaged
	}
	if again := p.head(); !slices.Equal(again.Groups, h.Groups) || again.Dim != h.Dim {
		return nil, ErrDamaged
	}
	return p, nil
}

// check gives the groups' names and the number of persons that the head announces.
func (h *head) check() (groups []string, persons int, err error) {
	for _, g := range h.Groups {
		groups = append(groups, g.Name)
		if g.Persons < MinPersons || g.Persons > MaxTemplates {
			return nil, 0, ErrDamaged
		}
		persons += g.Persons
	}
	if persons == 0 || persons > MaxTemplates || len(groups) > MaxGroups {
		return nil, 0, ErrDamaged
	}
	return groups, persons, nil
}

func (r record) person(groups []string, dim int) (Person, error) {
	if r.Group < 0 || r.Group >= len(groups) || len(r.Templates) == 0 || len(r.Templates) > MaxPhotos {
		return Person{}, ErrDamaged
	}
	who := Person{Group: groups[r.Group]}
	for _, b := range r.Templates {
		t, err := watchlist.DecodeTemplate(b)
		if err != nil || len(t) != dim {
			return Person{}, ErrDamaged
		}
		who.Templates = append(who.Templates, t)
	}
	return who, nil
}

// reader reads parts one after the other.
type reader struct {
	r      io.Reader
	key    Sealer
	header []byte
	n      int
}

func (f *reader) next(into any, last bool) error {
	var length [4]byte
	if _, err := io.ReadFull(f.r, length[:]); err != nil {
		return cut(err, ErrDamaged)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxPart {
		return ErrDamaged
	}
	// Read as it comes: a length that lies takes no memory.
	sealed, err := io.ReadAll(io.LimitReader(f.r, int64(n)))
	if err != nil {
		return fmt.Errorf("read a population: %w", err)
	}
	if len(sealed) != int(n) {
		return ErrDamaged
	}
	plain, err := f.key.Open(sealed, place(f.header, f.n, last))
	if err != nil {
		return ErrDamaged
	}
	f.n++
	return decode(plain, into)
}

// cut gives a file's end the error that it stands for.
func cut(err, as error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return as
	}
	return fmt.Errorf("read a population: %w", err)
}
