package api

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// plainKey is what a name of the contract looks like. Another key is the
// client's text and is not repeated.
var plainKey = regexp.MustCompile(`^[a-z_]{1,40}$`)

// checkObject refuses what isn't one JSON object in UTF-8 with nothing after it,
// nesting deeper than maxDepth, more than limit list items and members, and an
// object that names a member twice, before a decoder recurses into it. It leaves
// the rest of the syntax to the decoder.
func checkObject(b []byte, limit int) error {
	if !utf8.Valid(b) {
		return fail("malformed_json")
	}
	s := scanner{}
	values, closed := 0, false
	for i := 0; i < len(b); i++ {
		ch := b[i]
		if ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' {
			continue
		}
		if closed || s.depth == 0 && ch != '{' {
			return fail("malformed_json")
		}
		switch ch {
		case '"':
			end := endOfString(b, i)
			s.text(b[i : end+1])
			i = end
		case '{', '[':
			if s.depth == maxDepth {
				return fail("too_deep")
			}
			s.open(ch == '{')
			values++
		case ',':
			s.next()
			values++
		case '}', ']':
			s.depth--
			closed = s.depth == 0
		}
		if values > limit {
			return fail("too_many_values")
		}
	}
	if !closed {
		return fail("malformed_json")
	}
	return s.duplicate()
}

// endOfString gives the index of the quote that ends the string beginning at i,
// or the last index.
func endOfString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexAny(b[i:], `"\`)
		if n < 0 {
			break
		}
		if i += n; b[i] == '"' {
			return i
		}
		i++
	}
	return len(b) - 1
}

// scanner follows the nesting of a JSON text and finds keys that come twice in
// an object: decoders take the last one, other readers the first.
type scanner struct {
	levels [maxDepth]level
	depth  int
	found  *apiError
}

// level is one object or list that is open.
type level struct {
	object bool
	// named tells that the key of the member has come, key is it and item the
	// number of the item in a list.
	named bool
	key   string
	item  int
	seen  map[string]bool
}

// reused is how many keys a level's table may have had to be cleared for the
// next object instead of made anew: clearing costs as much as it once held.
const reused = 64

func (s *scanner) open(object bool) {
	l := &s.levels[s.depth]
	seen := l.seen
	if len(seen) > reused {
		seen = nil
	}
	clear(seen)
	*l = level{object: object, seen: seen}
	s.depth++
}

// next is a comma.
func (s *scanner) next() {
	l := &s.levels[s.depth-1]
	l.named = false
	l.item++
}

// text is a string with its quotes: a key if the object waits for one.
func (s *scanner) text(quoted []byte) {
	l := &s.levels[s.depth-1]
	if !l.object || l.named || s.found != nil {
		return
	}
	l.named = true
	if bytes.IndexByte(quoted, '\\') < 0 {
		l.key = string(bytes.Trim(quoted, `"`))
	} else if json.Unmarshal(quoted, &l.key) != nil {
		return // the decoder will refuse it too
	}
	if l.seen[l.key] {
		s.found = failField("duplicate_key", s.pointer(), "duplicate_key", "an object names each member once")
		return
	}
	if l.seen == nil {
		l.seen = make(map[string]bool)
	}
	l.seen[l.key] = true
}

// pointer leads to the present value, or to the last place on the way that can
// be told in names like the contract's.
func (s *scanner) pointer() string {
	var p string
	for i := range s.depth {
		l := &s.levels[i]
		switch {
		case !l.object:
			p += "/" + strconv.Itoa(l.item)
		case plainKey.MatchString(l.key):
			p += "/" + l.key
		default:
			return p
		}
	}
	return p
}

// duplicate gives the first key that came twice.
func (s *scanner) duplicate() error {
	if s.found == nil {
		return nil
	}
	return s.found
}
