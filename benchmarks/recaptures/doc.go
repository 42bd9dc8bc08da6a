// Package recaptures asks whether a photo of a print or of a screen can be told from
// a photo of a person by the picture alone, without a model: it simulates recaptures
// of the consented London set, and measures how many of them what cues find
// (APCER, ISO/IEC 30107-3) when they doubt 1 or 5 % of real photos (BPCER), in each
// group of other sets. Simulated attacks show what a cue can't do, never what it can:
// a real camera, print or screen may be harder and is not in the data.
package recaptures
