// Package core measures the main job on three real processes on this machine:
// durable writes over REST, imports, name queries, photo to answer with its
// stages, and the face search alone.
package core
