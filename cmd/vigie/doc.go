// Command vigie is a node of a replicated watchlist, and the tool to run and ask
// it. `vigie demo` shows everything on one machine; `vigie help` lists the rest.
//
// # Structure
//
// main only turns signals into a context and the exit code of Run into the
// process's own. Run is the whole program as a function: it reads the given
// streams and environment only, so tests drive it in-process. Each subcommand
// has a file named after it; serve.go alone wires the packages of the node
// (cluster, index, matcher, api), everything else talks to a node over HTTPS by
// api/client.
//
// # Exit codes
//
// 0: done. 1: it failed, and standard error says why and what to do next. 2: the
// command line or the configuration file is wrong, and nothing was done.
package main
