// Package core measures the main job on real processes on this machine: durable
// writes over REST, imports and name queries on three, photo to answer on one,
// beside go-face and with its stages, and the face search alone.
package core
