package models

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func TestCheckCohort(t *testing.T) {
	if err := shipped(t).CheckCohort(); err != nil {
		t.Fatalf("the shipped calibration: %v", err)
	}
	if c, err := LoadCalibration(bytes.NewReader(ShippedCalibration())); err != nil || c.Version() != shipped(t).Version() {
		t.Errorf("the shipped file: %v", err)
	}
	for name, change := range map[string]func(*CalibrationData){
		"no groups":        func(d *CalibrationData) { d.Cohort.Groups = nil },
		"one group":        func(d *CalibrationData) { d.Cohort.Groups = d.Cohort.Groups[:1] },
		"no persons":       func(d *CalibrationData) { d.Cohort.Groups[1].Persons = 0 },
		"no photos":        func(d *CalibrationData) { d.Cohort.Groups[1].Photos = 0 },
		"no pairs":         func(d *CalibrationData) { d.Cohort.Groups[1].ImpostorPairs = 0 },
		"no weight":        func(d *CalibrationData) { d.Cohort.Groups[1].Weight = 0 },
		"weights above 1":  func(d *CalibrationData) { d.Cohort.Groups[1].Weight += 0.2 },
		"more than half":   func(d *CalibrationData) { d.Cohort.Groups[0].Weight += 0.1; d.Cohort.Groups[1].Weight -= 0.1 },
		"a small side":     func(d *CalibrationData) { d.Cohort.Groups[0].Persons, d.Cohort.Groups[1].Persons = 100, 400 },
		"few persons":      func(d *CalibrationData) { d.Cohort.Groups[0].Persons, d.Cohort.Groups[1].Persons = 140, 140 },
		"few mates":        func(d *CalibrationData) { d.Cohort.Groups[0].MatedPairs, d.Cohort.Groups[1].MatedPairs = 10, 10 },
		"no mates for LLR": func(d *CalibrationData) { d.LLR.MatedPairs = 0 },
		"no FMR counts":    func(d *CalibrationData) { d.FMR.Pairs = 0 },
	} {
		d := shipped(t).Data()
		d.Cohort.Groups = slices.Clone(d.Cohort.Groups[:2])
		for i := range d.Cohort.Groups {
			d.Cohort.Groups[i] = CohortGroup{Name: "g", Weight: 0.5, Persons: 400, Photos: 500, MatedPairs: 100, ImpostorPairs: 1000}
		}
		balanced := Calibration{data: d}
		if err := balanced.CheckCohort(); err != nil {
			t.Fatalf("two groups in balance: %v", err)
		}
		change(&d)
		c := Calibration{data: d}
		if err := c.CheckCohort(); !errors.Is(err, ErrCohort) {
			t.Errorf("%s: %v, want ErrCohort", name, err)
		}
	}
}
