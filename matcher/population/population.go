package population

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigie/watchlist"
)

// The limits of a population.
const (
	// MaxTemplates bounds the photos of all persons; of 128 values each they take
	// 51 MB of memory.
	MaxTemplates = 100_000
	// MaxGroups bounds the groups.
	MaxGroups = 64
	// MaxPhotos bounds the photos of one person.
	MaxPhotos = 100
	// MinPersons is the least number of persons in a group.
	MinPersons = 5
	// MinBasis and MaxBasis bound the statement of the right to hold the persons:
	// characters at least, bytes at most.
	MinBasis, MaxBasis = 10, 500
	// maxGroupName bounds a group's name, in bytes.
	maxGroupName = 100
	maxModel     = watchlist.MaxShort
)

// Person is one person: the templates of their photos.
type Person struct {
	Group     string
	Templates [][]float32
}

// Population is never changed and safe for concurrent use.
type Population struct {
	about   watchlist.Population
	persons []Person // by group, then by the bytes of their templates
}

// New makes a population of persons with a photo each or more, at createdAt (Unix
// milliseconds). It fails when a limit is broken, a template is not one, or
// templates differ in length; an error names groups and counts alone. The templates
// are kept, not copied.
func New(model, basis string, createdAt int64, persons []Person) (*Population, error) {
	if model == "" || len(model) > maxModel {
		return nil, errors.New("population: no model, or too long a name for one")
	}
	if err := CheckBasis(basis); err != nil {
		return nil, err
	}
	p := &Population{about: watchlist.Population{CreatedAt: createdAt, Model: model, Basis: basis}, persons: slices.Clone(persons)}
	if err := p.count(); err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	if err := p.apart(); err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	p.sort()
	sum, err := p.digest()
	if err != nil {
		return nil, err
	}
	p.about.Digest = hex.EncodeToString(sum[:])
	return p, nil
}

// CheckBasis reports whether a basis has MinBasis characters and no more than
// MaxBasis bytes of UTF-8.
func CheckBasis(basis string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(basis)); n < MinBasis || len(basis) > MaxBasis || !utf8.ValidString(basis) {
		return fmt.Errorf("population: the basis needs %d characters at least and %d bytes at most", MinBasis, MaxBasis)
	}
	return nil
}

// Unusable stands for a population that a node should hold and can't: nobody, with
// the state to report.
func Unusable() *Population {
	return &Population{about: watchlist.Population{State: watchlist.PopulationUnreadable}}
}

// About says who the people are.
func (p *Population) About() watchlist.Population {
	about := p.about
	about.Groups = slices.Clone(about.Groups)
	return about
}

// Persons is the number of persons.
func (p *Population) Persons() int { return len(p.persons) }

// Person gives the place of a person's group in About and the person's templates,
// which must not be changed.
func (p *Population) Person(i int) (group int, templates [][]float32) {
	who := p.persons[i]
	group, _ = slices.BinarySearchFunc(p.about.Groups, who.Group, func(g watchlist.PopulationGroup, name string) int { return cmp.Compare(g.Name, name) })
	return group, who.Templates
}

// count checks the persons and fills the groups.
func (p *Population) count() error {
	groups := map[string]*watchlist.PopulationGroup{}
	total, dim := 0, 0
	for _, who := range p.persons {
		if !validGroup(who.Group) {
			return fmt.Errorf("a group's name needs 1 to %d bytes of printable characters", maxGroupName)
		}
		g := groups[who.Group]
		if g == nil {
			g = &watchlist.PopulationGroup{Name: who.Group}
			groups[who.Group] = g
		}
		g.Persons++
		g.Photos += len(who.Templates)
		total += len(who.Templates)
		if len(who.Templates) == 0 || len(who.Templates) > MaxPhotos {
			return fmt.Errorf("a person of group %q has %d photos; 1 to %d are possible", who.Group, len(who.Templates), MaxPhotos)
		}
		for _, t := range who.Templates {
			if err := watchlist.CheckTemplate(t); err != nil {
				return fmt.Errorf("group %q: %w", who.Group, err)
			}
			if dim == 0 {
				dim = len(t)
			}
			if len(t) != dim {
				return fmt.Errorf("group %q: templates of %d and of %d values", who.Group, dim, len(t))
			}
		}
	}
	if total == 0 || total > MaxTemplates || len(groups) > MaxGroups {
		return fmt.Errorf("%d photos in %d groups; 1 to %d in %d are possible", total, len(groups), MaxTemplates, MaxGroups)
	}
	for _, g := range groups {
		if g.Persons < MinPersons {
			return fmt.Errorf("group %q has %d persons with a photo that can be used; with fewer than %d a count would point at somebody", g.Name, g.Persons, MinPersons)
		}
		p.about.Groups = append(p.about.Groups, *g)
	}
	slices.SortFunc(p.about.Groups, func(a, b watchlist.PopulationGroup) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// apart refuses the very same photo of two persons, or twice of one: somebody would
// count twice.
func (p *Population) apart() error {
	seen := map[[sha256.Size]byte]bool{}
	for _, who := range p.persons {
		for _, t := range who.Templates {
			sum := sha256.Sum256(watchlist.EncodeTemplate(t))
			if seen[sum] {
				return fmt.Errorf("a photo of group %q is there twice: a person counts once", who.Group)
			}
			seen[sum] = true
		}
	}
	return nil
}

func validGroup(name string) bool {
	return name != "" && len(name) <= maxGroupName && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(c rune) bool { return c == '|' || !unicode.IsPrint(c) })
}

// sort brings persons, and the photos of each, into the order of their bytes within
// the groups.
func (p *Population) sort() {
	type keyed struct {
		key string
		who Person
	}
	list := make([]keyed, len(p.persons))
	for i, who := range p.persons {
		who.Templates = slices.Clone(who.Templates)
		slices.SortFunc(who.Templates, slices.Compare[[]float32])
		list[i] = keyed{string(watchlist.EncodeTemplate(who.Templates[0])), who}
	}
	slices.SortFunc(list, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.who.Group, b.who.Group), cmp.Compare(a.key, b.key))
	})
	for i := range list {
		p.persons[i] = list[i].who
	}
}

// digest is SHA-256 over head and persons as the file holds them.
func (p *Population) digest() (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	head, err := encode(p.head())
	if err != nil {
		return sum, err
	}
	h.Write(head)
	for part := range p.parts() {
		b, err := encode(p.part(part))
		if err != nil {
			return sum, err
		}
		h.Write(b)
	}
	h.Sum(sum[:0])
	return sum, nil
}
