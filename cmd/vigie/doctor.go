package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/config"
	"vigie/matcher/face"
	"vigie/matcher/face/dlib"
	"vigie/models"
)

// finding is the outcome of one check.
type finding struct {
	Check string `json:"check"`
	// Result is ok, warn or fail.
	Result string `json:"result"`
	Detail string `json:"detail"`
	// Do says what to do about it.
	Do string `json:"do,omitempty"`
}

// doctor collects findings.
type doctor struct {
	p     *program
	found []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.found = append(d.found, finding{check, "ok", fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, do, format string, args ...any) {
	d.found = append(d.found, finding{check, "warn", fmt.Sprintf(format, args...), do})
}

func (d *doctor) fail(check, do, format string, args ...any) {
	d.found = append(d.found, finding{check, "fail", fmt.Sprintf(format, args...), do})
}

func (p *program) doctorCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check this machine: configuration, models, CPU, disk, clock, ports, keys, cluster", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "Each check says ok, warn or fail, and what to do. It changes nothing, and may run\nbeside a running node. Exit code 1 when a check failed.",
		Example: "  vigie doctor --config /etc/vigie/vigie.yaml\n  vigie doctor --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{p: p}
			d.run(cmd.Context())
			failed := false
			for _, f := range d.found {
				failed = failed || f.Result == "fail"
			}
			if err := p.emit(d.found, func(w io.Writer) {
				for _, f := range d.found {
					row(w, f.Result, f.Check, f.Detail)
					if f.Do != "" {
						row(w, "", "", "-> "+f.Do)
					}
				}
			}); err != nil {
				return err
			}
			if failed {
				return errQuiet
			}
			return nil
		},
	}
	p.configFlag(cmd)
	p.linkTo(cmd)
	return cmd
}

func (d *doctor) run(ctx context.Context) {
	conf, err := d.p.loadConfig()
	if err != nil {
		d.fail("config", "mend it, or begin with 'vigie init' or 'vigie join'", "%v", err)
		def := config.Default()
		conf = &def
	} else {
		d.checkConfig(conf)
		d.checkDisk(conf)
		d.checkKeys(conf)
		d.checkPorts(ctx, conf)
		d.checkPopulation(conf)
	}
	d.checkCPU()
	d.checkKernel(conf.Match.Kernel)
	d.checkModels(conf)
	d.checkSecond(conf)
	d.checkClock()
	d.checkCluster(ctx)
}

// checkConfig warns of a file that others may change: it names keys and ports.
func (d *doctor) checkConfig(c *config.Config) {
	st, err := os.Stat(c.Path())
	if err == nil && st.Mode().Perm()&0o022 != 0 {
		d.warn("config", "chmod go-w "+c.Path(), "%s can be changed by other users", c.Path())
		return
	}
	d.ok("config", "%s", c.Path())
}

// freeWarn and freeFail are the free disk space below which doctor complains.
const (
	freeWarn = 2 << 30
	freeFail = 256 << 20
)

func (d *doctor) checkDisk(c *config.Config) {
	dir := c.Node.DataDir
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		d.fail("data", "run 'vigie init' or 'vigie join'; or correct node.data_dir", "%v", err)
		return
	case !st.IsDir():
		d.fail("data", "correct node.data_dir", "%s is not a folder", dir)
		return
	case st.Mode().Perm()&0o077 != 0:
		d.warn("data", "chmod 700 "+dir, "%s can be entered by other users", dir)
	default:
		d.ok("data", "%s", dir)
	}
	probe := filepath.Join(dir, ".doctor")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		d.fail("data", "give the folder to the user that runs vigie", "can't write into it: %v", err)
	} else {
		os.Remove(probe)
	}
	free, err := freeSpace(dir)
	switch {
	case err != nil:
		d.warn("disk", "", "free space is unknown: %v", err)
	case free < freeFail:
		d.fail("disk", "make room; writes stop when the disk is full", "%d MiB free", free>>20)
	case free < freeWarn:
		d.warn("disk", "make room", "%d MiB free", free>>20)
	default:
		d.ok("disk", "%d MiB free", free>>20)
	}
}

func (d *doctor) checkKeys(c *config.Config) {
	for _, path := range []string{c.Node.ClusterKeyFile, c.Node.NodeKeyFile} {
		st, err := os.Stat(path)
		switch {
		case err != nil:
			d.fail("keys", "restore it from where you keep a copy; without it the data can't be read", "%v", err)
		case st.Mode().Perm()&0o077 != 0:
			d.fail("keys", "chmod 600 "+path, "%s can be read by other users", path)
		default:
			d.ok("keys", "%s", path)
		}
	}
}

// checkPorts finds out whether the addresses are free or already served.
func (d *doctor) checkPorts(ctx context.Context, c *config.Config) {
	for _, a := range []struct{ name, addr string }{{"listen.api", c.Listen.API}, {"listen.cluster", c.Listen.Cluster}} {
		l, err := net.Listen("tcp", a.addr)
		if err == nil {
			l.Close()
			d.ok("ports", "%s %s is free: the node does not run", a.name, a.addr)
			continue
		}
		conn, derr := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", a.addr)
		if derr != nil {
			d.fail("ports", "correct "+a.name+"; is it an address of this machine?", "%v", err)
			continue
		}
		conn.Close()
		d.ok("ports", "%s %s is served", a.name, a.addr)
	}
}

func (d *doctor) checkCPU() {
	switch {
	case !cpu.X86.HasAVX && !cpu.ARM64.HasASIMD:
		d.warn("cpu", "a machine with AVX (x86-64) or NEON (arm64) is several times faster", "no vector instructions that the face engine and the gallery use")
	case cpu.X86.HasAVX && !(cpu.X86.HasAVX2 && cpu.X86.HasFMA):
		d.warn("cpu", "a machine with AVX2 and FMA is about twice as fast", "AVX without AVX2 and FMA")
	default:
		d.ok("cpu", "vector instructions are there")
	}
}

// checkModels verifies the files, loads them, and times one forward pass, which
// shows whether an optimised BLAS is in use.
func (d *doctor) checkModels(c *config.Config) {
	if c.Faces.Engine == "off" {
		d.warn("faces", "set faces.engine to \"on\" to match photos", "the face engine is turned off")
		return
	}
	if !dlib.Available() {
		d.fail("faces", "build with cgo: `make build`; or set faces.engine to \"off\"", "this vigie was built without the face engine")
		return
	}
	dir, err := models.FindDir(c.Faces.ModelsDir)
	if err != nil {
		d.fail("models", "run `make models`", "%v", err)
		return
	}
	if bad := models.Verify(dir); len(bad) > 0 {
		for _, b := range bad {
			d.fail("models", "run `make models`", "%s", b.Detail)
		}
		return
	}
	d.ok("models", "%d files in %s", len(models.Manifest()), dir)
	e, err := face.NewEngine(face.Options{ModelDir: dir, Workers: 1, Logger: discardLog()})
	if err != nil {
		d.fail("faces", "see the text; `make models` and `make deps` install what is needed", "%v", err)
		return
	}
	defer e.Close()
	forward, warning := e.SelfTest()
	if warning != "" {
		d.warn("blas", "install OpenBLAS: apt-get install libopenblas0; then update-alternatives --config libblas.so.3", "%s", warning)
		return
	}
	d.ok("blas", "one face takes %d ms", forward.Milliseconds())
}

func (d *doctor) checkClock() {
	now := time.Now()
	synced, err := clockSynced()
	switch {
	case now.Year() < 2026:
		d.fail("clock", "set the clock: end dates of entries are compared with it", "the clock says %s", now.UTC().Format(dateFormat))
	case err != nil:
		d.warn("clock", "", "can't tell whether it is synchronised: %v", err)
	case !synced:
		d.warn("clock", "run an NTP client (systemd-timesyncd, chrony)", "%s, not synchronised", now.UTC().Format(dateFormat))
	default:
		d.ok("clock", "%s, synchronised", now.UTC().Format(dateFormat))
	}
}

// checkCalibration tells which nodes compare faces by another calibration than
// the one in force.
func (d *doctor) checkCalibration(ctx context.Context, c *client.Client) {
	cal, err := answer[client.Calibration](c.GetCalibration(ctx))
	switch {
	case err != nil:
		d.warn("calibration", "use an account that may read it", "not asked: %v", err)
		return
	case !cal.Recorded:
		d.warn("calibration", "record it: vigie calibration adopt --shipped --reason …", "no decision is recorded; every node takes what its release ships, here %s", cal.Used)
	case cal.State == "current":
		d.ok("calibration", "%s, in force since %s", cal.Used, decidedAt(cal.History, cal.Version))
	case cal.State == "changing":
		d.warn("calibration", "wait; 'vigie calibration show' tells how far it is", "the node still uses %s while it projects its gallery for %s", cal.Used, cal.Version)
	default:
		d.fail("calibration", "see the node's log; the file is on the nodes that were up when it was decided", "the node uses %s, in force is %s: %s", cal.Used, cal.Version, cal.State)
	}
	if s := cal.Second; s.Version != "" {
		switch {
		case !s.Recorded:
			d.warn("second", "record it: vigie calibration adopt FILE --reason …", "no decision is recorded on the calibration of both encoders; every node takes what its configuration names, here %s", s.Used)
		case s.State == "current":
			d.ok("second", "calibration of both encoders %s, in force since %s", s.Used, decidedAt(cal.History, s.Version))
		default:
			d.warn("second", "'vigie calibration show' and the node's log tell more", "the node compares scores of both encoders by %s, in force is %s: %s", s.Used, s.Version, s.State)
		}
	}
	for _, n := range cal.Nodes {
		if !n.Current && n.Calibration != "" && n.Calibration != cal.Used {
			d.warn("calibration", "'vigie calibration show' on that node tells why", "%s uses %s, in force is %s", n.Name, n.Calibration, cal.Version)
		}
	}
	if cal.Shipped != cal.Version && cal.Recorded {
		d.warn("calibration", "decide whether to adopt it: vigie calibration adopt --shipped --dry-run --reason …", "this release ships %s, in force is %s", cal.Shipped, cal.Version)
	}
}

// checkCluster asks a node, when it is known how, and tries every member's
// addresses from here.
func (d *doctor) checkCluster(ctx context.Context) {
	c, err := d.p.dial()
	if err != nil {
		d.warn("cluster", "give --server and --ca, or run 'vigie login'", "not asked: %v", err)
		return
	}
	st, err := answer[client.ClusterStatus](c.GetCluster(ctx))
	if err != nil {
		d.fail("cluster", "is a node running? systemctl status vigie", "%v", err)
		return
	}
	if st.Leader == "" {
		d.fail("cluster", "start more nodes: a majority of the voters must run", "%s sees no leader", st.Node.Name)
	} else {
		d.ok("cluster", "%d nodes, term %d, %s", len(st.Members), st.Term, stampLine(st.Stamp))
	}
	if st.Divergence != "" {
		d.fail("divergence", "see the text; 'vigie fsck --explain' tells what fsck finds", "%s", st.Divergence)
	} else {
		d.ok("divergence", "the nodes' states agree, as far as is known")
	}
	d.checkCalibration(ctx, c)
	d.checkDisks(st)
	for _, m := range st.Members {
		for _, addr := range []string{m.ClusterAddr, m.ApiAddr} {
			conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", addr)
			if err != nil {
				d.fail("reach", "is the node running, and is the port open between the machines?", "%s at %s: %v", m.Name, addr, err)
				continue
			}
			conn.Close()
			d.ok("reach", "%s at %s", m.Name, addr)
		}
	}
}
