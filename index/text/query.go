package text

import (
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"

	"vigie/watchlist"
)

// The limits of a query: what keeps one search from taking a node's time.
const (
	// MaxText is the length of the longest query, in characters.
	MaxText = 500
	// MaxClauses is how many words and phrases a query may have.
	MaxClauses = 16
	// MaxPhrase is how many words a phrase may have.
	MaxPhrase = 16
	// MinPrefix is the length of the shortest beginning of a word that is looked for.
	MinPrefix = 3
)

// Words of oneTypo letters or more are found with one letter wrong, missing or too
// many; of twoTypos or more with two. Words with digits are found as they are: one
// digit makes another case or document.
const oneTypo, twoTypos = 5, 9

// clause is one word or phrase of a query.
type clause struct {
	field  string // allFields, or one of Fields
	words  []string
	prefix bool // the last word is a beginning
	not    bool // entries that have it are left out
	quoted bool
}

// parsed is a query that is within the limits.
type parsed struct {
	clauses []clause
	// exact holds the words as they were written, for the order of answers.
	exact map[string]bool
}

// wrong is a refusal of a query. It never repeats what was written.
func wrong(code, detail string) error {
	return watchlist.FieldError{Pointer: "/text", Code: code, Detail: detail}
}

// Check says what is wrong with a query: a watchlist.FieldError with the pointer
// /text, or nil.
func Check(text string) error {
	_, err := parse(text)
	return err
}

// parse reads a query:
//
//	word         in any field; words with typing errors are found too
//	"some words" these words in this order, as they are
//	beginning*   words that begin so
//	field:word   in one field; also field:"some words" and field:beginning*
//	-word        entries without it
//
// All words must be found. Punctuation within a word makes a phrase of it
// (DKR-2026-0012), which is found without its punctuation too.
func parse(text string) (*parsed, error) {
	if len(text) > 4*MaxText || len([]rune(text)) > MaxText {
		return nil, wrong("too_long", "a query has at most 500 characters")
	}
	p := &parsed{exact: map[string]bool{}}
	var common []clause
	rest := strings.TrimSpace(text)
	for n := 0; rest != ""; n++ {
		if n == MaxClauses {
			return nil, wrong("too_many", "a query has at most 16 words and phrases")
		}
		c, after, err := next(rest)
		if err != nil {
			return nil, err
		}
		rest = strings.TrimLeftFunc(after, unicode.IsSpace)
		switch {
		case len(c.words) == 0:
		case len(c.words) > MaxPhrase:
			return nil, wrong("too_many", "a phrase has at most 16 words")
		case c.common():
			common = append(common, c)
		default:
			p.clauses = append(p.clauses, c)
		}
	}
	if !p.asks() {
		p.clauses = append(p.clauses, common...)
	}
	if !p.asks() {
		return nil, wrong("required", "a query needs a word that is looked for")
	}
	for _, c := range p.clauses {
		for _, w := range append(c.words, joined(c.words)) {
			p.exact[w] = p.exact[w] || !c.not
		}
	}
	return p, nil
}

// asks reports whether the query looks for something.
func (p *parsed) asks() bool {
	for _, c := range p.clauses {
		if !c.not {
			return true
		}
	}
	return false
}

// common reports whether a clause is a word that says nothing.
func (c clause) common() bool {
	return len(c.words) == 1 && !c.quoted && !c.prefix && !c.not && c.field == allFields && stopWords[c.words[0]]
}

// next reads the first clause of a text that does not begin with a space.
func next(s string) (c clause, rest string, err error) {
	c.field = allFields
	if after, ok := strings.CutPrefix(s, "-"); ok && after != "" && !unicode.IsSpace(rune(after[0])) {
		c.not, s = true, after
	}
	if name, after, ok := strings.Cut(s, ":"); ok && name != "" && isFieldName(name) {
		name = strings.ToLower(name)
		if weights[name] == 0 {
			return c, "", wrong("unknown_field", "before a colon stands one of "+strings.Join(Fields(), ", "))
		}
		c.field, s = name, after
	}
	raw := ""
	if after, ok := strings.CutPrefix(s, `"`); ok {
		c.quoted = true
		if raw, rest, ok = strings.Cut(after, `"`); !ok {
			return c, "", wrong("unbalanced_quote", "a phrase begins and ends with a quotation mark")
		}
	} else {
		end := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
		if end < 0 {
			end = len(s)
		}
		raw, rest = s[:end], s[end:]
		if raw, c.prefix = strings.CutSuffix(raw, "*"); strings.Contains(raw, "*") || c.prefix && raw == "" {
			return c, "", wrong("wildcard", "an asterisk stands at the end of a word only")
		}
	}
	c.words = fold(raw)
	if n := len(c.words); c.prefix && (n == 0 || len([]rune(joined(c.words))) < MinPrefix) {
		return c, "", wrong("prefix_too_short", "before an asterisk stand at least three letters or digits")
	}
	return c, rest, nil
}

// isFieldName tells what may be a field from a time of day, an address and so on.
func isFieldName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
}

// query gives bleve's query: all clauses, none of those left out, and the filters.
func (p *parsed) query(q watchlist.TextQuery) query.Query {
	b := bleve.NewBooleanQuery()
	for _, c := range p.clauses {
		if c.not {
			b.AddMustNot(c.query())
		} else {
			b.AddMust(c.query())
		}
	}
	for field, value := range map[string]string{filterStatus: string(q.Status), filterCategory: string(q.Category)} {
		if value != "" {
			b.AddMust(in(field, bleve.NewTermQuery(value)))
		}
	}
	return b
}

// query gives a clause as bleve's query.
func (c clause) query() query.Query {
	last := c.words[len(c.words)-1]
	if len(c.words) == 1 {
		switch k := typos(last); {
		case c.prefix:
			return in(c.field, bleve.NewPrefixQuery(last))
		case c.not || c.quoted || k == 0:
			return in(c.field, bleve.NewTermQuery(last))
		default:
			f := bleve.NewFuzzyQuery(last)
			f.SetFuzziness(k)
			return in(c.field, f)
		}
	}
	one := joined(c.words)
	if !c.prefix {
		return bleve.NewDisjunctionQuery(bleve.NewPhraseQuery(c.words, c.field), in(c.field, bleve.NewTermQuery(one)))
	}
	all := bleve.NewConjunctionQuery(in(c.field, bleve.NewPrefixQuery(last)))
	if before := c.words[:len(c.words)-1]; len(before) == 1 {
		all.AddQuery(in(c.field, bleve.NewTermQuery(before[0])))
	} else {
		all.AddQuery(bleve.NewPhraseQuery(before, c.field))
	}
	return bleve.NewDisjunctionQuery(all, in(c.field, bleve.NewPrefixQuery(one)))
}

// in sets the field of a query.
func in(field string, q query.FieldableQuery) query.Query {
	q.SetField(field)
	return q
}

// typos is how many wrong letters a word is found with.
func typos(word string) int {
	n := len([]rune(word))
	switch {
	case n < oneTypo || strings.ContainsFunc(word, unicode.IsDigit):
		return 0
	case n < twoTypos:
		return 1
	}
	return 2
}
