package command_test

import (
	"math"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// A command that encodes but does not decode would stop every node, at each
// start again, once it is in the log.
func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	entry := func(change func(*watchlist.Entry)) command.Body {
		e := sampleEntry()
		change(&e)
		return command.EntryPut{Op: command.OpCreate, Entry: e}
	}
	withKey := func(key string) command.Envelope {
		env := command.New("u1", command.SessionDrop{TokenHash: "aa"})
		env.IdemKey = key
		return env
	}
	cases := map[string]command.Envelope{
		"bad UTF-8 in the idempotency key": withKey("k\xff"),
		"bad UTF-8 in the actor":           command.New("u\xff", command.SessionDrop{TokenHash: "aa"}),
		"bad UTF-8 in an entry":            command.New("u1", entry(func(e *watchlist.Entry) { e.Origin.Authority = "\xc3\x28" })),
		"not a number":                     command.New("u1", entry(func(e *watchlist.Entry) { e.Faces[0].Quality.Sharpness = math.NaN() })),
		"infinite":                         command.New("u1", entry(func(e *watchlist.Entry) { e.Faces[0].Quality.Sharpness = math.Inf(1) })),
		"a list past the limit": command.New("u1", entry(func(e *watchlist.Entry) {
			e.Names = make([]watchlist.Name, command.MaxItems+1)
		})),
	}
	for name, env := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := env.Encode()
			if err != nil {
				return
			}
			if _, err := command.Decode(b); err != nil {
				t.Errorf("encoded, but does not decode: %v", err)
			} else {
				t.Error("neither Encode nor Decode refuses it")
			}
		})
	}
}
