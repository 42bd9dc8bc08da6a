// Command asm writes the assembly of the packages index/face/kernel and
// benchmarks/search/flat. It is a module of its own, so that the product does
// not depend on the assembler library. Its test checks that the files in the
// repository are what it writes.
package main
