package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"skylog/api/image"
	"skylog/handlers"
	decidecompute "skylog/handlers/compute"
	decideidentity "skylog/handlers/identity"
	decideimage "skylog/handlers/image"
	decidenetwork "skylog/handlers/network"
	decideplacement "skylog/handlers/placement"
	"skylog/infra/cell"
	"skylog/infra/jetstream"
	"skylog/infra/keystore"
	"skylog/projections"
	"skylog/workers/compute"
)

// serveSettings are the settings of skylog serve.
type serveSettings struct {
	listen, s3Listen, data, publicURL string
	tlsCert, tlsKey, policy, config   string
	hypervisor, accelerator           string
	simulated, qemuHosts              int
	simLatency                        time.Duration
	simFailing                        float64
	seed                              uint64
	debug                             bool
	debugListen                       string
	passwordSettings
	image   imageSettings
	compute computeSettings
}

func serveCommand() *cobra.Command {
	var s serveSettings
	c := &cobra.Command{
		Use: "serve", Short: "Run the cloud in the foreground", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := loadSettings(c, s.config); err != nil {
				return err
			}
			if !c.Flags().Changed("hypervisor") && s.simulated > 0 {
				s.hypervisor = "none"
			}
			return serve(c.Context(), s)
		},
	}
	f := c.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:5000", "HOST:PORT of the API")
	f.StringVar(&s.s3Listen, "s3-listen", "127.0.0.1:5080", "HOST:PORT of the S3 API, once object storage is there; nothing listens on it yet")
	f.StringVar(&s.data, "data", "./var", "folder of the log, the keys, images and guests")
	f.StringVar(&s.publicURL, "public-url", "", "how clients reach the API, for links and the catalog (default: as each request came)")
	f.StringVar(&s.tlsCert, "tls-cert", "", "file of the TLS certificate chain; with it, the API speaks HTTPS")
	f.StringVar(&s.tlsKey, "tls-key", "", "file of the certificate's key")
	f.StringVar(&s.policy, "policy", "", "oslo.policy file whose rules replace the defaults; read again when it changes (default: policy.yaml in the data folder, if it is there)")
	f.StringVar(&s.hypervisor, "hypervisor", "auto", "auto, qemu or none; with simulated hosts the default is none")
	f.StringVar(&s.accelerator, "accelerator", "auto", "how QEMU runs guests: auto, kvm or tcg")
	f.IntVar(&s.qemuHosts, "qemu-hosts", 1, "how many compute hosts this machine is, each with its own networks and an equal share of processors, memory and disk; more than 1 need root")
	f.IntVar(&s.simulated, "simulate-hosts", 0, "how many simulated hosts to run")
	f.DurationVar(&s.simLatency, "simulate-latency", 20*time.Millisecond, "how long a simulated host takes for a step, at least")
	f.Float64Var(&s.simFailing, "simulate-failures", 0, "share of simulated steps that fail and are tried again, 0 to 1")
	f.Uint64Var(&s.seed, "simulate-seed", 1, "what the luck of simulated hosts follows from")
	s.image.flags(f)
	s.compute.flags(f)
	s.passwordSettings.flags(f)
	f.StringVar(&s.config, "config", "", "settings file (default: skylog.yaml, if it is there)")
	f.BoolVar(&s.debug, "debug", false, "log more")
	f.StringVar(&s.debugListen, "debug-listen", "", "loopback HOST:PORT of Go's profiles (default: none)")
	return c
}

// lockData makes sure that only one process works on a data folder.
func lockData(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process works on %s", dir), lock.Close())
	}
	return func() { _ = lock.Close() }, nil // closing lets go of the lock
}

// node is one running skylog.
type node struct {
	serveSettings
	log     *slog.Logger
	address string // on which the API listens
	keys    *keystore.Store
	nats    *jetstream.Server
	cell    *cell.Cell
	disk    cell.Disk
	images  imageStores
	sign    image.Signer              // of the addresses of image bytes; a new key at each start, as wants are written anew
	hosts   map[string]*compute.Agent // those of this process
	groups  compute.Groups            // as its hosts know them
	ready   chan struct{}
	// passwords is what servers' first passwords follow from.
	passwords []byte
}

func serve(ctx context.Context, s serveSettings) (err error) {
	if s.data, err = filepath.Abs(s.data); err != nil { // guests know their disks by whole paths
		return err
	}
	level := slog.LevelInfo
	if s.debug {
		level = slog.LevelDebug
	}
	n := &node{serveSettings: s, log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})), ready: make(chan struct{})}
	unlock, err := lockData(s.data)
	if err != nil {
		return err
	}
	defer unlock()
	// The port is taken first: who can't have it should learn that at once.
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	n.address = listener.Addr().String()
	if n.keys, err = keystore.Open(filepath.Join(s.data, "keys")); err != nil {
		return err
	}
	if n.nats, err = jetstream.Start(ctx, jetstream.Options{Dir: filepath.Join(s.data, "log"), Logger: n.log}); err != nil {
		return err
	}
	defer n.nats.Close()
	if err := jetstream.Setup(ctx, n.nats.JS); err != nil {
		return err
	}
	n.disk.Dir = n.data
	n.cell, err = cell.Open(ctx, cell.Config{
		Full: n.disk.Full,
		Node: "a", Store: jetstream.Store(n.nats.JS), Snapshots: filepath.Join(s.data, "snapshots"), Clock: time.Now, Logger: n.log,
		Rules: handlers.NewRegistry(decideidentity.Register, decideimage.Register, decidenetwork.Register, decidecompute.Register, decideplacement.Register),
	})
	if err != nil {
		return err
	}
	return n.run(ctx, listener)
}

// run runs all parts until ctx ends or one of them can't go on.
func (n *node) run(ctx context.Context, listener net.Listener) error {
	// The cell outlasts those who ask it, so that what they have begun is answered.
	cellCtx, stopCell := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCell()
	cellDone := make(chan error, 1)
	go func() { cellDone <- n.cell.Run(cellCtx) }()
	asked := ctx // ends when the program shall
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case err := <-cellDone:
			cellDone <- err
			return err
		case <-ctx.Done():
			return nil
		}
	})
	select {
	case <-n.cell.Led():
		if err := n.start(ctx, group, listener); err != nil {
			stopCell()
			return errors.Join(err, <-cellDone)
		}
	case <-ctx.Done():
	}
	err := group.Wait()
	if asked.Err() != nil && errors.Is(err, context.Canceled) { // parts that were told to end, and say so
		err = nil
	}
	stopCell()
	return errors.Join(err, <-cellDone)
}

func (n *node) start(ctx context.Context, group *errgroup.Group, listener net.Listener) error {
	if err := n.bootstrap(ctx); err != nil {
		return fmt.Errorf("first start: %w", err)
	}
	if err := n.loadNamespaces(ctx); err != nil {
		return err
	}
	if err := n.endUploads(ctx); err != nil {
		return err
	}
	sources, err := n.startHistory(ctx, group)
	if err != nil {
		return err
	}
	hosts, parallel, err := n.agents(ctx)
	if err != nil {
		return err
	}
	n.hosts = hosts
	gateway, err := n.gateway(sources)
	if err != nil {
		return err
	}
	n.serveHTTP(ctx, group, listener, n.withConsoles(gateway))
	if err := n.startWorkers(ctx, group, parallel); err != nil {
		return err
	}
	if err := n.serveDebug(ctx, group); err != nil {
		return err
	}
	close(n.ready)
	loaded := n.cell.Loaded
	n.log.Info("ready", "url", n.url(n.address), "snapshot", loaded.Snapshot, "frames", loaded.Frames, "events", loaded.Events, "loaded_in", loaded.Took.String())
	fmt.Printf("skylog ready %s\n", n.url(n.address))
	return nil
}

func (n *node) url(address string) string {
	switch {
	case n.publicURL != "":
		return n.publicURL
	case n.tlsCert != "":
		return "https://" + address
	}
	return "http://" + address
}

// closing is how long requests that are under way have when the program ends.
const closing = time.Second

func (n *node) serveHTTP(ctx context.Context, group *errgroup.Group, listener net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return ctx }}
	group.Go(func() error {
		serve := func() error { return server.Serve(listener) }
		if n.tlsCert != "" {
			serve = func() error { return server.ServeTLS(listener, n.tlsCert, n.tlsKey) }
		}
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		if server.Shutdown(last) != nil {
			return server.Close()
		}
		return nil
	})
}

// now is the newest world.
func (n *node) now() *projections.World { return n.cell.Now() }
