package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mapping says how the columns of a CSV file become the fields of an entry.
type Mapping struct {
	// Delimiter is one character, default ",". "tab" means a tab.
	Delimiter string `yaml:"delimiter"`
	// Encoding is utf-8 (default), windows-1252 or iso-8859-15.
	Encoding string `yaml:"encoding"`

	Category      Source        `yaml:"category"`
	Action        Source        `yaml:"action"`
	Status        Source        `yaml:"status"`
	Names         []NameMap     `yaml:"names"`
	Births        []BirthMap    `yaml:"births"`
	Sex           Source        `yaml:"sex"`
	Nationalities Source        `yaml:"nationalities"`
	Documents     []DocumentMap `yaml:"documents"`
	Facts         Source        `yaml:"facts"`
	Assessments   Source        `yaml:"assessments"`
	LegalBasis    Source        `yaml:"legal_basis"`
	Offence       Source        `yaml:"offence"`
	CaseReference Source        `yaml:"case_reference"`
	Issued        Source        `yaml:"issued"`
	ReviewBy      Source        `yaml:"review_by"`
	ExpiresAt     Source        `yaml:"expires_at"`
	ReleasableTo  Source        `yaml:"releasable_to"`
	Caveats       Source        `yaml:"caveats"`
	Specimen      Source        `yaml:"specimen"`
	// Photos gives file names in the photo folder.
	Photos Source `yaml:"photos"`
}

// NameMap makes one name, or several when its column is split. Full, or Surname
// and Given, must be mapped. A name that is empty in a line is left out.
type NameMap struct {
	Kind    Source `yaml:"kind"`
	Script  Source `yaml:"script"`
	Full    Source `yaml:"full"`
	Surname Source `yaml:"surname"`
	Given   Source `yaml:"given"`
}

// BirthMap makes one birth; left out where the date is empty.
type BirthMap struct {
	Date  Source `yaml:"date"`
	To    Source `yaml:"to"`
	Place Source `yaml:"place"`
}

// DocumentMap makes one document; left out where the number is empty.
type DocumentMap struct {
	Type   Source `yaml:"type"`
	Number Source `yaml:"number"`
	Issuer Source `yaml:"issuer"`
	Expiry Source `yaml:"expiry"`
	Status Source `yaml:"status"`
}

// Source says where a field comes from. In YAML a bare string is short for
// {column: that string}.
type Source struct {
	// Column is the header of the column; Value is a constant, used when there
	// is no column or its cell is empty.
	Column string `yaml:"column"`
	Value  string `yaml:"value"`
	// Values translates cells, after trimming and lower-casing them; a cell that
	// isn't in it is an error.
	Values map[string]string `yaml:"values"`
	// Split cuts a cell into several values.
	Split string `yaml:"split"`
	// Format is a Go time layout such as 02/01/2006, for dates. Without it a
	// date is YYYY, YYYY-MM or YYYY-MM-DD.
	Format string `yaml:"format"`
	// PlusDays makes a date that many days after the entry's date of issue.
	PlusDays int `yaml:"plus_days"`

	line int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *Source) UnmarshalYAML(n *yaml.Node) error {
	s.line = n.Line
	if n.Kind == yaml.ScalarNode {
		s.Column = n.Value
		return nil
	}
	known := []string{"column", "value", "values", "split", "format", "plus_days"}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(known, k.Value) {
			return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: unknown key %q; known here: %s", k.Line, k.Value, strings.Join(known, ", "))}}
		}
	}
	type plain Source
	if err := n.Decode((*plain)(s)); err != nil {
		return err
	}
	lower := make(map[string]string, len(s.Values))
	for k, v := range s.Values {
		lower[strings.ToLower(strings.TrimSpace(k))] = v
	}
	s.Values = lower
	return nil
}

// set tells that the field is mapped at all.
func (s *Source) set() bool { return s.Column != "" || s.Value != "" || s.PlusDays != 0 }

// LoadMapping reads a mapping file: strict YAML, errors as FILE:LINE.
func LoadMapping(path string) (*Mapping, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseMapping(path, b)
}

// ParseMapping reads a mapping from bytes; path names it in errors.
func ParseMapping(path string, b []byte) (*Mapping, error) {
	m := &Mapping{}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(m); err != nil {
		return nil, mappingError(path, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document: remove everything after '---'", path)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return m, nil
}

func mappingError(path string, err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the mapping is empty", path)
	}
	texts := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		texts = te.Errors
	}
	for i, t := range texts {
		t = strings.TrimPrefix(t, "yaml: ")
		t = strings.TrimPrefix(t, "line ")
		t = strings.ReplaceAll(t, " in type importer.", " in ")
		texts[i] = path + ":" + t
	}
	return errors.New(strings.Join(texts, "\n"))
}

// check refuses a mapping that could never give a valid entry.
func (m *Mapping) check() error {
	if _, err := m.delimiter(); err != nil {
		return err
	}
	if _, err := m.decoder(); err != nil {
		return err
	}
	if len(m.Names) == 0 && len(m.Documents) == 0 && !m.Photos.set() {
		return errors.New(" map names, documents or photos: an entry needs one of them")
	}
	for _, n := range m.Names {
		if !n.Full.set() && !n.Surname.set() && !n.Given.set() {
			return errors.New(" a name needs full, or surname and given")
		}
	}
	for _, f := range []struct {
		key string
		s   *Source
	}{
		{"category", &m.Category},
		{"action", &m.Action},
		{"legal_basis", &m.LegalBasis},
		{"offence", &m.Offence},
		{"case_reference", &m.CaseReference},
		{"issued", &m.Issued},
		{"expires_at", &m.ExpiresAt},
	} {
		if !f.s.set() {
			return fmt.Errorf(" %s: map a column or give {value: …}", f.key)
		}
	}
	if m.Issued.PlusDays != 0 {
		return fmt.Errorf("%d: issued: plus_days counts from the date of issue itself", m.Issued.line)
	}
	return nil
}

// ExampleMapping is a commented mapping file, printed by `vigie import mapping`.
const ExampleMapping = `# How the columns of a CSV file become watchlist entries.
# A bare string names a column. {value: x} is a constant, and what an empty cell
# becomes. {values: {CELL: value}} translates. {split: ";"} cuts one cell into
# several values. {format: 02/01/2006} reads dates (Go layout); without it a date
# is YYYY, YYYY-MM or YYYY-MM-DD. {plus_days: 1095} is that long after issued.
delimiter: ";"          # one character, or tab
encoding: utf-8         # utf-8, windows-1252 or iso-8859-15

case_reference: DOSSIER
category: {value: smuggler}   # smuggler, trafficker, document_fraud, facilitator
action: {column: MESURE, values: {arrestation: arrest, refus: refuse, localisation: locate}}
legal_basis: {value: "Mandat d'arret"}
offence: MOTIF
issued: {column: DATE, format: 02/01/2006}
expires_at: {plus_days: 1095}
names:
  - {kind: {value: primary}, surname: NOM, given: PRENOMS}
  - {kind: {value: alias}, full: {column: ALIAS, split: "/"}}
births:
  - {date: {column: NAISSANCE, format: 02/01/2006}, place: LIEU}
sex: {column: SEXE, values: {h: M, m: M, f: F}}
nationalities: {column: NATIONALITE, split: ","}
documents:
  - {type: {value: passport}, number: PASSEPORT, issuer: EMETTEUR}
photos: {column: PHOTO, split: ";"}
`
