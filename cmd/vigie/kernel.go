package main

import (
	"strings"

	"vigie/index/face/kernel"
)

// searchKernel gives the kernel that match.kernel asks for; "auto" is the fastest
// that this CPU can run.
func searchKernel(name string) (*kernel.Set, error) {
	if name == "auto" {
		return kernel.Best(), nil
	}
	k, err := kernel.ByName(name)
	if err != nil {
		return nil, withHint(err, "Set match.kernel to \"auto\", or to one that this CPU has.")
	}
	return k, nil
}

// kernelNames lists what this CPU can run, the fastest first.
func kernelNames() string {
	var names []string
	for _, k := range kernel.Available() {
		names = append(names, k.Name())
	}
	return strings.Join(names, ", ")
}

// checkKernel tells which code scans the faces here.
func (d *doctor) checkKernel(name string) {
	k, err := searchKernel(name)
	switch best := kernel.Best().Name(); {
	case err != nil:
		d.fail("kernel", "set match.kernel to \"auto\"", "%v", err)
	case k.Name() != best:
		d.warn("kernel", "set match.kernel to \"auto\", unless the slower one is wanted", "faces are searched with %s, this CPU can run %s", k.Name(), best)
	case best == "portable":
		d.warn("kernel", "a machine with AVX2 or AVX-512 VNNI searches several times faster", "faces are searched with portable, the only one that this CPU can run")
	default:
		d.ok("kernel", "faces are searched with %s; this CPU can run %s", best, kernelNames())
	}
}
