package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	kernel := flag.String("kernel", "..", "folder of package kernel")
	flat := flag.String("flat", "../../../../benchmarks/search/flat", "folder of package flat")
	flag.Parse()
	if err := run(*kernel, *flat); err != nil {
		panic(err)
	}
}

func run(kernel, flat string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	for _, f := range files {
		dir := map[string]string{"kernel": kernel, "flat": flat}[f.pkg]
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o644); err != nil {
			return fmt.Errorf("write assembly: %w", err)
		}
	}
	return nil
}

// A file is one generated file of a package.
type file struct {
	pkg, name string
	text      []byte
}

func generate() ([]file, error) {
	plans := []struct {
		pkg, name string
		write     func(a *asm)
	}{
		{"kernel", "scan_avx512_amd64.s", scansAVX512},
		{"kernel", "scan_avx2_amd64.s", scansAVX2},
		{"kernel", "refine_amd64.s", refines},
		{"kernel", "rotate_amd64.s", rotates},
		{"kernel", "code_amd64.s", codes},
		{"kernel", "distances_amd64.s", distances},
		{"flat", "scan_amd64.s", flats},
		{"flat", "gemm_amd64.s", gemms},
	}
	var files []file
	for _, p := range plans {
		a := &asm{Context: build.NewContext()}
		p.write(a)
		text, err := a.assemble(p.pkg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		files = append(files, file{p.pkg, p.name, text})
	}
	return files, nil
}

func (a *asm) assemble(pkg string) ([]byte, error) {
	f, err := a.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return nil, err
	}
	text, err := printer.NewGoAsm(printer.Config{Argv: []string{"go", "generate"}, Pkg: pkg}).Print(f)
	if err != nil {
		return nil, err
	}
	// The printer aligns operands; keep the lines free of trailing blanks.
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		b.WriteString(strings.TrimRight(line, " \t\n") + "\n")
	}
	return b.Bytes(), nil
}
