package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"skylog/infra/cell"
	"skylog/infra/jetstream"
	"skylog/infra/keystore"
	"skylog/projections/public"
)

func eventsCommand() *cobra.Command {
	var data, cloud, since string
	var types []string
	var follow bool
	c := &cobra.Command{
		Use: "events", Short: "Print what has happened, one CloudEvent in JSON a line", Args: cobra.NoArgs,
		Long: "Events asks the server that works on the data folder, with the clouds.yaml in it, or the\n" +
			"cloud that is named; if no server works on the folder, it reads the log itself.\n" +
			"An administrator sees the events of all projects, others those of their own.",
		RunE: func(c *cobra.Command, _ []string) error {
			t, err := tellerOf(c.Context(), data, cloud)
			if err != nil {
				return err
			}
			defer t.close()
			return t.follow(c.Context(), since, types, follow, func(e json.RawMessage) error {
				_, err := fmt.Fprintf(c.OutOrStdout(), "%s\n", e)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&since, "since", "beginning", "the id of the last event seen, an RFC 3339 time, a sequence, or beginning")
	f.BoolVar(&follow, "follow", false, "go on with what happens from now on")
	f.StringSliceVar(&types, "type", nil, "only events of these types, such as compute.server or network.port.created")
	tellerFlags(c, &data, &cloud)
	return c
}

func tellerFlags(c *cobra.Command, data, cloud *string) {
	c.Flags().StringVar(data, "data", "./var", "the data folder")
	c.Flags().StringVar(cloud, "os-cloud", "", "a cloud of clouds.yaml to ask instead")
}

// stopped reads the log of an instance that doesn't run.
type stopped struct {
	history *cell.History
	last    uint64 // the frame behind which nothing is told; zero: all is
	nats    *jetstream.Server
	unlock  func()
}

func openStopped(ctx context.Context, data string, unlock func()) (teller, error) {
	s := &stopped{unlock: unlock}
	err := s.open(ctx, data)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stopped) open(ctx context.Context, data string) error {
	keys, err := keystore.Open(filepath.Join(data, "keys"))
	if err != nil {
		return err
	}
	if s.nats, err = jetstream.Start(ctx, jetstream.Options{Dir: filepath.Join(data, "log"), Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return err
	}
	if err := jetstream.Setup(ctx, s.nats.JS); err != nil {
		return err
	}
	if s.history, err = openHistory(ctx, data, keys, jetstream.Store(s.nats.JS)); err != nil {
		return err
	}
	return s.history.CatchUp(ctx)
}

func (s *stopped) close() {
	if s.history != nil {
		_ = s.history.Close() // what it didn't keep is made again
	}
	if s.nats != nil {
		s.nats.Close()
	}
	s.unlock()
}

// everything is who reads a folder: whoever can has all there is.
var everything = public.Reader{All: true}

const (
	storyPage = 500
	maxStory  = 100_000
)

// reader is who reads the folder, and up to where.
func (s *stopped) reader() public.Reader {
	r := everything
	r.Until = s.last
	return r
}

func (s *stopped) until(ctx context.Context, place string) (err error) {
	s.last, err = s.history.Until(ctx, everything, place)
	return err
}

func (s *stopped) find(ctx context.Context, name string) ([]public.Found, error) {
	return s.history.Find(ctx, s.reader(), name)
}

func (s *stopped) story(ctx context.Context, thing public.Subject) ([]public.Entry, error) {
	return s.history.Of(ctx, s.reader(), thing, "", maxStory)
}

func (s *stopped) follow(ctx context.Context, since string, types []string, on bool, do func(json.RawMessage) error) error {
	if on {
		return fmt.Errorf("no server works on this folder: nothing will happen that could be followed")
	}
	events, err := s.history.Follow(ctx, everything, since, false)
	if err != nil {
		return err
	}
	for e, err := range events {
		if err != nil {
			return err
		}
		wanted := len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return e.Type == t || strings.HasPrefix(e.Type, t+".") })
		if !wanted {
			continue
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if err := do(line); err != nil {
			return err
		}
	}
	return nil
}
