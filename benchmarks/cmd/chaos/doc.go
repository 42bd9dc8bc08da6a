// Command chaos breaks three real nodes while clients write and search, prints one
// table, and writes chaos.json. See package vigie/benchmarks/chaos.
package main
