package fsm

import (
	"fmt"

	"vigie/watchlist/command"
)

// logAD binds a sealed command to its use; it is part of the log's format.
const logAD = "vigie/log/1"

// SealCommand encodes a command and seals it for the raft log. It fails with
// watchlist.ErrTooLarge on a command past command.MaxEncoded.
func SealCommand(s Sealer, e *command.Envelope) ([]byte, error) {
	b, err := e.Encode()
	if err != nil {
		return nil, err
	}
	sealed, err := s.Seal(b, []byte(logAD))
	if err != nil {
		return nil, fmt.Errorf("seal command: %w", err)
	}
	return sealed, nil
}

// OpenCommand reads the bytes of SealCommand.
func OpenCommand(s Sealer, sealed []byte) (command.Envelope, error) {
	b, err := s.Open(sealed, []byte(logAD))
	if err != nil {
		return command.Envelope{}, fmt.Errorf("open command: %w", err)
	}
	return command.Decode(b)
}
