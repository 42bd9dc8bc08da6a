package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// demoEntries is the size of the demonstration list, without the portraits.
const demoEntries = 200

// demoFlags are the flags of vigie demo.
type demoFlags struct {
	once        bool
	faces, data string
}

func (p *program) demoCmd() *cobra.Command {
	f := demoFlags{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Three nodes on this machine, with a list, and the main job run on them", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Starts three real nodes on 127.0.0.1, loads a made-up list, matches one photo, one
misspelt name and one passport, kills the leader with kill -9, shows that the other
two answer and accept writes, prints addresses and credentials, and waits for Ctrl-C.

NOT FOR REAL DATA: the credentials are on the screen and everything is thrown away at
the end, unless --data keeps it. With --json the story goes to standard error, and the
outcome to standard output. Portraits come from var/demo-faces (` + "`make demo-faces`" + `)
or from --faces: a folder per person, of which the first photo is enrolled and the
second, if there is one, is the probe.`,
		Example: "  vigie demo\n  vigie demo --once\n  vigie demo --faces ~/portraits --data /tmp/vigie-demo",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{p: p, flags: f, out: p.out}
			if p.json {
				d.out = p.err
			}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "end after the run: exit code 0 when all went as it should, 1 when not")
	cmd.Flags().StringVar(&f.faces, "faces", "", "portraits to enrol: one folder per person")
	cmd.Flags().StringVar(&f.data, "data", "", "keep the nodes' data in this folder (it must hold no cluster yet)")
	_ = cmd.MarkFlagDirname("faces")
	_ = cmd.MarkFlagDirname("data")
	return cmd
}

// demo is one demonstration. Its fields are filled in the order of run.
type demo struct {
	p     *program
	flags demoFlags
	// out gets the story: standard output, or standard error under --json.
	out io.Writer

	portraits []portrait
	modelsDir string
	cluster   *clustertest.Cluster
	admin     []*client.Client // one per node
	officer   string           // API key of the role officer
	// byName and byDocument are the entries that the probes must find.
	byName, byDocument string
	// lastIndex is the raft index of the last write.
	lastIndex int64
	failures  []string
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demo) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.say("\n== %s %s", text, strings.Repeat("=", max(3, 76-len([]rune(text)))))
}

// expect notes a failure when ok is false; the demonstration goes on, so that
// everything that is wrong is seen at once.
func (d *demo) expect(ok bool, format string, args ...any) {
	if !ok {
		text := fmt.Sprintf(format, args...)
		d.failures = append(d.failures, text)
		d.say("!! %s", text)
	}
}

func (d *demo) run(ctx context.Context) (err error) {
	d.say("DEMO DEMO DEMO   made-up people, throw-away keys, this machine only   DEMO DEMO DEMO")
	if err := d.findPortraits(); err != nil {
		return err
	}
	dir := d.flags.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "vigie-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	start := time.Now()
	if err := d.startCluster(ctx, dir); err != nil {
		return err
	}
	defer func() {
		d.say("\nStopping the three nodes…")
		if cerr := d.cluster.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("the nodes did not stop cleanly: %w", cerr)
		}
		if d.flags.data != "" {
			d.say("The data is kept in %s.", dir)
		}
	}()
	for _, step := range []func(context.Context) error{d.load, d.searches, d.failover, d.showState} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.finish(ctx, time.Since(start))
}

// startCluster starts the nodes as an operator would.
func (d *demo) startCluster(ctx context.Context, dir string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	d.title("Three nodes")
	d.cluster, err = clustertest.Start(ctx, clustertest.Options{
		Binary: exe, Dir: dir, Nodes: 3, Faces: len(d.portraits) > 0, ModelsDir: d.modelsDir,
		Country: "UTO", Authority: "DEMO authority of Utopia", Progress: func(s string) { d.say("   %s", s) },
	})
	if err != nil {
		return fmt.Errorf("start the nodes: %w", err)
	}
	pem, err := os.ReadFile(d.cluster.Admin.CAFile)
	if err != nil {
		return errors.Join(err, d.cluster.Close())
	}
	for i := range d.cluster.Len() {
		c, err := newRemote(linkFile{Server: d.cluster.URL(i), CA: string(pem), Key: d.cluster.Admin.Key}, 60*time.Second, -1)
		if err != nil {
			return errors.Join(err, d.cluster.Close())
		}
		d.admin = append(d.admin, c)
		d.say("   %s  %s  pid %d", d.cluster.Name(i), d.cluster.URL(i), d.cluster.PID(i))
	}
	return nil
}

// load writes the list by the API, and enrols the portraits.
func (d *demo) load(ctx context.Context) error {
	d.title("A list of %d SPECIMEN entries, written on %s", demoEntries, d.cluster.Name(0))
	begin := time.Now()
	entries := specimen.Entries(demoEntries, time.Now())
	ids := make([]string, 0, len(entries))
	line := 0
	for chunk := range slices.Chunk(entries, chunkLines) {
		req := client.ImportRequest{Label: "demonstration"}
		for i := range chunk {
			line++
			req.Lines = append(req.Lines, client.ImportLine{Line: line, Entry: entryInput(&chunk[i])})
		}
		var r *client.ImportReport
		err := retry(ctx, func() (err error) {
			r, err = answer[client.ImportReport](d.admin[0].ImportEntries(ctx, "demo", &client.ImportEntriesParams{IdempotencyKey: fmt.Sprintf("demo-list-%d", line)}, req))
			return err
		})
		if err != nil {
			return fmt.Errorf("load the list: %w", err)
		}
		for _, x := range r.Results {
			if x.Outcome == "rejected" {
				return fmt.Errorf("the node refused line %d of the list: %s", x.Line, x.Code)
			}
			ids = append(ids, x.Id)
		}
		d.lastIndex = r.Index
	}
	d.byName, d.byDocument = ids[specimen.KnownName], ids[specimen.KnownDocument]
	took := time.Since(begin)
	d.say("   %d entries on a majority's disks in %s: %.0f a second, %d to a request", len(ids), took.Round(time.Millisecond), float64(len(ids))/took.Seconds(), chunkLines)
	if err := d.enrol(ctx); err != nil {
		return err
	}
	k, err := answer[client.KeyCreated](d.admin[0].CreateKey(ctx, &client.CreateKeyParams{IdempotencyKey: freshKey()}, client.KeyCreate{
		Label: "demo officer", Role: "officer", Post: "Demo post", ExpiresAt: time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second),
	}))
	if err != nil {
		return fmt.Errorf("create the officer's key: %w", err)
	}
	d.officer, d.lastIndex = k.Secret, k.Index
	return nil
}

// nameProbe is the misspelt name, as an officer may type it.
func (d *demo) nameProbe() client.MatchRequest {
	return client.MatchRequest{
		Names: []client.ProbeName{{Full: specimen.MisspeltName}}, Birth: client.ProbeBirth{Date: specimen.MisspeltBirth},
		Purpose: "test", Reason: "demonstration of vigie", Limit: 3,
	}
}

// searches runs one photo, one misspelt name and one passport, each on another
// node.
func (d *demo) searches(ctx context.Context) error {
	if err := d.searchPhoto(ctx); err != nil {
		return err
	}
	d.title("A misspelt name, on %s: %q, born about %s", d.cluster.Name(1), specimen.MisspeltName, specimen.MisspeltBirth)
	if err := d.search(ctx, 1, d.nameProbe(), nil, d.byName); err != nil {
		return err
	}
	d.title("A passport's machine readable zone, on %s", d.cluster.Name(2))
	for _, l := range specimen.MRZ() {
		d.say("   %s", l)
	}
	req := client.MatchRequest{Mrz: client.MrzInput{Lines: specimen.MRZ()}, Purpose: "test", Reason: "demonstration of vigie", Limit: 3}
	return d.search(ctx, 2, req, nil, d.byDocument)
}

// search asks a node, prints the lead, and expects an entry at rank 1.
func (d *demo) search(ctx context.Context, node int, req client.MatchRequest, photos []client.Picture, want string) error {
	req.MinIndex = d.lastIndex
	begin := time.Now()
	lead, err := sendMatch(ctx, d.admin[node], req, photos)
	if err != nil {
		return fmt.Errorf("search on %s: %w", d.cluster.Name(node), err)
	}
	took := time.Since(begin)
	if err := writeLead(d.out, lead); err != nil {
		return err
	}
	d.say("Answered in %.1f ms, HTTPS included.", float64(took.Microseconds())/1000)
	d.expect(len(lead.Candidates) > 0 && lead.Candidates[0].EntryId == want, "the entry that was looked for is not at rank 1")
	return nil
}

// finish waits for Ctrl-C, or ends at once with --once.
func (d *demo) finish(ctx context.Context, took time.Duration) error {
	if err := d.summary(took); err != nil {
		return err
	}
	if len(d.failures) > 0 {
		d.say("\nThe run took %s and %d things went wrong:\n  %s", took.Round(100*time.Millisecond), len(d.failures), strings.Join(d.failures, "\n  "))
		if d.flags.once {
			return errors.New("the demonstration did not go as it should")
		}
	}
	if d.flags.once {
		d.say("\nAll went as it should, in %s.", took.Round(100*time.Millisecond))
		return nil
	}
	d.say("\nDEMO: the nodes run until you press Ctrl-C.")
	<-ctx.Done()
	return nil
}

// findPortraits decides whether faces take part.
func (d *demo) findPortraits() error {
	dir, err := engineModels("")
	if errors.Is(err, errNoEngine) {
		d.say("WITHOUT FACES: this vigie was built without the face engine (tag nodlib). Build it\nwith cgo and the Debian packages that `make deps` installs to match photos.")
		return nil
	} else if err != nil {
		return err
	}
	d.modelsDir = dir
	folder := d.flags.faces
	if folder == "" {
		folder = filepath.Join("var", "demo-faces")
	}
	d.portraits, err = readPortraits(folder, d.flags.faces != "")
	if err != nil {
		return withHint(fmt.Errorf("no portraits: %w", err), "`make demo-faces` installs some into var/demo-faces; or give your own: --faces DIR, one folder per person.")
	}
	return nil
}
