package fsm

import (
	"fmt"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Calibrated is an Index whose content depends on the calibration in force.
type Calibrated interface {
	// Decided tells the decisions so far, oldest first: before the first call of
	// any other method, and again whenever there are others. It comes from the
	// goroutine of the other calls, must not block, and must not change the list.
	Decided(history []watchlist.CalibrationDecision)
}

// calibrationPut puts a calibration in force. The file itself is not looked at:
// whoever proposed the command has, and every node does again before it uses it.
func (s *step) calibrationPut(c command.CalibrationPut) (command.Result, error) {
	d := watchlist.CalibrationDecision{
		Number: 1, Version: c.Version, Model: c.Model, File: c.File, Previous: c.IfVersion,
		By: s.env.Actor, At: s.now, Index: s.index, Reason: c.Reason, Shipped: c.Shipped,
	}
	history, err := s.tx.Calibrations()
	if err != nil {
		return command.Result{}, err
	}
	inForce := ""
	if n := len(history); n > 0 {
		d.Number = history[n-1].Number + 1
	}
	if line := watchlist.DecisionsFor(history, c.Model); len(line) > 0 {
		inForce = line[len(line)-1].Version
	}
	switch v := d.Validate(); {
	case len(v) > 0:
		return command.Result{Code: command.Invalid, Fields: v}, nil
	case c.IfVersion != inForce:
		return refused(command.Conflict)
	case c.Version == inForce:
		return refused(command.Exists)
	}
	s.decided = true
	return command.Result{Code: command.OK}, s.tx.PutCalibration(d)
}

// tellCalibrations hands the registry's decisions to the indexes that follow
// them.
func (f *FSM) tellCalibrations() error {
	history, err := f.reg.Calibrations()
	if err != nil {
		return fmt.Errorf("read the calibration decisions: %w", err)
	}
	for _, ix := range f.indexes {
		if c, ok := ix.(Calibrated); ok {
			c.Decided(history)
		}
	}
	return nil
}
