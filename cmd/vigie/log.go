package main

import (
	"log/slog"

	"vigie/cmd/vigie/internal/config"
)

// logger makes the node's logger on standard error.
func (p *program) logger(c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // Load has checked it
	}
	opt := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(p.err, opt))
	}
	return slog.New(slog.NewJSONHandler(p.err, opt))
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
