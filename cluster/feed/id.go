package feed

import (
	"errors"
	"regexp"
	"strings"

	"vigie/watchlist"
)

// ID names one feed: "<ORIGIN>/<partner|post>/<recipient>/<16 hex digits>", such as
// "SEN/partner/MLI/0123456789abcdef". The last part is drawn at each pairing, so that
// nothing of an earlier feed to the same recipient passes for one of this.
type ID string

var idRE = regexp.MustCompile(`^[A-Z]{1,3}/(partner|post)/[A-Za-z0-9._-]{1,64}/[0-9a-f]{16}$`)

// Valid reports whether the id has its form.
func (id ID) Valid() bool { return idRE.MatchString(string(id)) }

// Origin is the country that publishes the feed, "" for a malformed id.
func (id ID) Origin() watchlist.Country {
	if !id.Valid() {
		return ""
	}
	c, _, _ := strings.Cut(string(id), "/")
	return watchlist.Country(c)
}

// line is the first line of the feed's checkpoints.
func (id ID) line() string { return "vigie-feed/1/" + string(id) }

var errFeedID = errors.New("malformed feed id")
