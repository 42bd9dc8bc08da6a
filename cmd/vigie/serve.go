package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"vigie/api"
	"vigie/cluster"
	"vigie/cluster/blob"
	"vigie/cluster/fsm"
	"vigie/cmd/vigie/internal/config"
	"vigie/cmd/vigie/internal/spaces"
	"vigie/index/document"
	"vigie/index/face"
	"vigie/index/name"
	"vigie/index/text"
	"vigie/matcher"
	"vigie/models"
	"vigie/watchlist"
)

func (p *program) serveCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run a node", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Runs the node of the configuration in the foreground; 'vigie init' or 'vigie join'
has made it before. It logs to standard error. On SIGTERM or Ctrl-C it accepts no new
requests, finishes those in flight (node.stop_grace), hands over leadership and ends
with exit code 0. A second signal ends it at once; nothing acknowledged is lost.`,
		Example: "  vigie serve --config /etc/vigie/vigie.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.loadConfig()
			if err != nil {
				return err
			}
			return p.serve(cmd.Context(), c)
		},
	}
	p.configFlag(cmd)
	return cmd
}

// server is a running node with everything that it is made of.
type server struct {
	conf    *config.Config
	log     *slog.Logger
	metrics *prometheus.Registry

	faces     faceEngine
	second    *secondNode        // nil without a second encoder
	spaces    *spaces.Spaces     // the face index, over the calibration in force
	kernel    string             // that scans it
	people    matcher.Population // that entries are replayed against, nil for none
	names     *name.Index
	nameFile  keptNames
	documents *document.Index
	texts     *text.Index
	node      *cluster.Node
	api       *api.Server
	listener  net.Listener
}

// serve runs a node until ctx ends.
//
// Start order: face engine (a missing model stops us before anything is
// touched), derived indexes, cluster node (it fills the indexes from the
// registry and starts raft), matcher, REST server last, so that no request
// arrives before it can be answered. Stop order is the reverse: the REST server
// finishes what is in flight while all that it needs still runs, then the node
// hands over leadership and closes, then indexes and engine.
func (p *program) serve(ctx context.Context, c *config.Config) (err error) {
	s := &server{conf: c, log: p.logger(c.Log), metrics: prometheus.NewRegistry()}
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var stop []func() error
	defer func() {
		for i := len(stop) - 1; i >= 0; i-- {
			err = errors.Join(err, stop[i]())
		}
		if err == nil {
			s.log.Info("stopped")
		}
	}()
	for _, step := range []func(context.Context) (func() error, error){s.openEngine, s.openIndexes, s.openNode, s.openMatcher, s.openAPI, s.openMetrics} {
		undo, err := step(ctx)
		if undo != nil {
			stop = append(stop, undo)
		}
		if err != nil {
			return err
		}
	}
	s.log.Info("ready", "api", s.listener.Addr().String(), "cluster", s.node.Addr(), "node", string(s.node.ID()), "version", readBuild().Version)
	return s.api.Serve(ctx, s.listener)
}

func (s *server) openEngine(context.Context) (func() error, error) {
	shipped, err := models.DefaultCalibration()
	if err != nil {
		return nil, fmt.Errorf("the built-in calibration: %w", err)
	}
	setup, err := loadSecond(s.conf.Faces.Second)
	if err != nil {
		return nil, err
	}
	if setup != nil {
		s.second = &secondNode{secondSetup: setup}
	}
	if s.faces, err = openFaceEngine(s.conf.Faces, shipped.Model(), setup, s.log); err != nil {
		return nil, err
	}
	return s.faces.Close, nil
}

func (s *server) openIndexes(context.Context) (func() error, error) {
	opt, err := galleryOptions(s.conf.Match, s.log)
	if err != nil {
		return nil, err
	}
	if s.names, err = name.New(); err != nil {
		return nil, fmt.Errorf("make the name index: %w", err)
	}
	s.nameFile = keepNames(s.conf, s.names, s.log)
	if s.texts, err = text.New(s.log); err != nil {
		return nil, fmt.Errorf("make the text index: %w", err)
	}
	s.documents, s.kernel = document.New(), opt.Kernel.Name()
	if err := s.openSecondGallery(opt); err != nil {
		return nil, err
	}
	if s.second != nil {
		opt.Elsewhere = s.second.calib.Model()
	}
	if s.spaces, err = spaces.New(spaceOptions(s.conf, opt, s.second, s.log)); err != nil {
		return s.second.close, err
	}
	s.metrics.MustRegister(newGalleryCollector("vigie_gallery_", s.spaces.Stats, s.kernel))
	s.metrics.MustRegister(keeperCollectors("vigie_gallery_", func() face.KeptStats {
		st, _ := s.spaces.KeptStats()
		return st
	})...)
	s.metrics.MustRegister(s.nameFile.collectors()...)
	s.metrics.MustRegister(calibrationCollector{s.spaces}, textCollector{s.texts.Status})
	return func() error {
		return errors.Join(s.texts.Close(), s.nameFile.Close(), s.spaces.Close(), s.second.close())
	}, nil
}

func (s *server) openNode(ctx context.Context) (func() error, error) {
	c := s.conf
	begin := time.Now()
	var err error
	indexes := []fsm.Index{s.spaces, s.nameFile.fed(), s.documents, s.texts}
	if s.second != nil {
		indexes = append(indexes, s.second.spaces)
	}
	s.node, err = cluster.Open(ctx, cluster.Config{
		DataDir: c.Node.DataDir, NodeKeyFile: c.Node.NodeKeyFile, ClusterKeyFile: c.Node.ClusterKeyFile,
		ClusterListen: c.Listen.Cluster, ClusterAdvertise: c.Advertise.Cluster, APIAdvertise: c.Advertise.API,
		Name: c.Node.Name, MaxClockJump: c.Node.MaxClockJump.Std(), Profile: cluster.Profile(c.Link.Profile), Logger: s.log, Registerer: s.metrics,
		OnBlobs: s.setFiles, Calibration: s.spaces.Used,
	}, indexes)
	if errors.Is(err, cluster.ErrNoIdentity) {
		return nil, withHint(err, "Begin with 'vigie init' (new cluster) or 'vigie join' (one more node).")
	} else if advice := cluster.RejoinAdvice(err); advice != "" {
		return nil, withHint(fmt.Errorf("start the node: %w", err), "%s", advice)
	} else if err != nil {
		return nil, fmt.Errorf("start the node: %w", err)
	}
	if err := s.checkOrigin(); err != nil {
		return s.stopNode, err
	}
	s.texts.Start(s.node.Registry())
	s.log.Info("state is loaded", "entries", s.node.Registry().Count(), "templates", s.spaces.Stats().Templates+s.second.size(), "took", time.Since(begin).Round(time.Millisecond).String())
	return s.stopNode, nil
}

// stopNode ends what reads the registry, then the node that closes it.
func (s *server) stopNode() error {
	closed := s.texts.Close()
	ctx, cancel := context.WithTimeout(context.Background(), s.conf.Node.StopGrace.Std()+5*time.Second)
	defer cancel()
	return errors.Join(closed, s.node.Shutdown(ctx))
}

// checkOrigin refuses a configuration that names another owner than the cluster
// has. A node that joined and has received nothing yet can't tell.
func (s *server) checkOrigin() error {
	setup, err := s.node.Registry().Cluster()
	if errors.Is(err, watchlist.ErrNotFound) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read the cluster's origin: %w", err)
	}
	want := watchlist.Origin{Country: watchlist.Country(s.conf.Origin.Country), Authority: s.conf.Origin.Authority}
	if setup.Origin != want {
		return withHint(fmt.Errorf("%s: origin says %s, %s, but this cluster belongs to %s, %s", s.conf.Path(), want.Country, want.Authority, setup.Origin.Country, setup.Origin.Authority),
			"The owner of a cluster never changes: correct the configuration.")
	}
	return nil
}

// setFiles gives the calibration files to what follows decisions on them.
func (s *server) setFiles(b *blob.Store) {
	s.spaces.SetFiles(b)
	if s.second != nil {
		s.second.spaces.SetFiles(b)
	}
}

func (s *server) openMatcher(context.Context) (func() error, error) {
	s.people = heldPopulation(s.conf, s.log)
	stamped := func() uint64 { return s.node.Stamp().AppliedIndex }
	if err := s.second.start(s.node.Registry(), stamped); err != nil {
		return nil, err
	}
	return nil, s.spaces.Start(s.node.Registry(), stamped, func(c *models.Calibration, g *face.Gallery) (spaces.Matcher, error) {
		return s.newMatcher(c, g)
	})
}

// newMatcher makes the matcher over one space.
func (s *server) newMatcher(c *models.Calibration, g *face.Gallery) (*matcher.Matcher, error) {
	conf := matcher.Config{
		Gallery: g, Names: s.names, Documents: s.documents, Entries: s.node.Registry(), ReportIndex: s.documents, Reports: s.node.Registry(), Encoder: s.faces, Calibration: c, Strangers: c,
		List: s.node.Registry().Each, Stamper: s.node, Oldest: g.Oldest, Clock: s.clock, NewQueryID: newQueryID, BaseRate: s.conf.Match.BaseRate, TargetFPIR: s.conf.Match.TargetFPIR,
		Travellers: s.conf.Match.Travellers, Population: s.people, Replayer: g, NameTable: s.names.Table, Logger: s.log,
	}
	if err := s.second.configure(&conf); err != nil {
		return nil, err
	}
	return matcher.New(conf)
}

// clock gives the time that expiry is measured against: this machine's, but
// never behind what the cluster has stamped, so that a clock set back brings no
// expired entry back (D19).
func (s *server) clock() int64 {
	now := time.Now().UnixMilli()
	if floor, err := s.node.Registry().Clock(); err == nil {
		now = max(now, floor)
	}
	return now
}

func newQueryID() watchlist.QueryID {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return watchlist.QueryID(id.String())
}

func (s *server) openAPI(ctx context.Context) (func() error, error) {
	reg := s.node.Registry()
	hosts, err := apiHosts(s.conf.Advertise.API, s.conf.Advertise.Hosts)
	if err != nil {
		return nil, err
	}
	certs := &certSource{issue: func() (tls.Certificate, error) {
		c, _, err := s.node.APICertificate(hosts)
		return c, err
	}}
	if _, err := certs.get(nil); err != nil {
		return nil, fmt.Errorf("issue the API certificate: %w", err)
	}
	s.api, err = api.New(api.Deps{
		Writer: s.node, Entries: reg, Reports: reg, Accounts: reg, AccountList: reg, Matcher: s.spaces, Calibrations: spaces.Reports{Spaces: s.spaces, Second: s.second.following()}, Families: nameFamilies{reg, s.names}, Enroller: s.faces, Faces: apartFaces{s.spaces, s.second}, Blobs: s.node.Blobs(),
		Auditor: s.node.Audit(), AuditReader: s.node.Audit(), Consistency: s.node, Names: s.names, Texts: s.texts,
		Cluster: clusterInfo{s.node, func() (api.GalleryStatus, *api.SecondEncoder) {
			return galleryStatus(s.spaces, s.kernel), s.second.status(s.kernel)
		}, s.texts.Status}, ClusterAdmin: s.node,
	}, api.Options{
		TLS: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get}, Logger: s.log, Registry: s.metrics,
		Post: s.conf.Node.Post, MaxPhotoBytes: s.conf.Faces.MaxBytes, StopGrace: s.conf.Node.StopGrace.Std(),
	})
	if err != nil {
		return nil, err
	}
	s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.conf.Listen.API)
	if err != nil {
		return nil, withHint(fmt.Errorf("listen for the API: %w", err), "Is another vigie running, or is listen.api not an address of this machine? 'vigie doctor' tells.")
	}
	return nil, nil
}

// openMetrics serves plain HTTP metrics when an address is configured.
func (s *server) openMetrics(ctx context.Context) (func() error, error) {
	if s.conf.Listen.Metrics == "" {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.conf.Listen.Metrics)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("metrics are not served any more", "error", err)
		}
	}()
	return web.Close, nil
}
