// Package config reads Vigie's configuration file: strict YAML, one document,
// no unknown key. Everything that is wrong is reported as FILE:LINE: what and
// what to do, all of it at once, so that one edit mends the file.
//
// The file is documentation too: example.yaml, which `vigie config example`
// prints and `vigie init` writes, holds every key with its default and with the
// consequence of changing it, and a test keeps it equal to Default.
//
// A Config is plain data; it is safe to read from several goroutines once Load
// has returned it.
package config
