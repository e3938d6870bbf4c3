package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"skylog/projections/public"
)

func traceCommand() *cobra.Command {
	var data, cloud, asOf string
	c := &cobra.Command{
		Use: "trace ID", Short: "Tell the story of a thing, by its id or name, even if it is gone", Args: cobra.ExactArgs(1),
		Long: "Trace prints what was asked of a thing and what came of it, in order, with the time of each\n" +
			"step and the milliseconds since the request that led to it. For a server that is its boot,\n" +
			"from the request to ACTIVE. It asks the server that works on the data folder, or the cloud\n" +
			"that is named; if no server works on the folder, it reads the log itself.",
		RunE: func(c *cobra.Command, args []string) error {
			t, err := tellerOf(c.Context(), data, cloud)
			if err != nil {
				return err
			}
			defer t.close()
			if asOf != "" {
				if err := t.until(c.Context(), asOf); err != nil {
					return err
				}
			}
			return trace(c.Context(), t, args[0], c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&asOf, "as-of", "", "tell it as it was then: an RFC 3339 time, or for administrators a sequence")
	tellerFlags(c, &data, &cloud)
	return c
}

func trace(ctx context.Context, t teller, name string, out io.Writer) error {
	things, err := t.find(ctx, name)
	if err != nil {
		return err
	}
	switch len(things) {
	case 0:
		return fmt.Errorf("nothing of the id or name %q is known", name)
	case 1:
	default:
		// A project's quotas of several services have its id; who means the project says so by it.
		if i := slices.IndexFunc(things, func(f public.Found) bool { return f.Name != "" && f.ID == name }); i >= 0 {
			things = things[i : i+1]
			break
		}
		var list strings.Builder
		for _, f := range things {
			fmt.Fprintf(&list, "\n  %s %s  %s", f.Service, f.Resource, f.ID)
		}
		return fmt.Errorf("%q is the name of several things; say which by its id:%s", name, list.String())
	}
	thing := things[0]
	story, err := t.story(ctx, public.Subject{Service: thing.Service, Resource: thing.Resource, ID: thing.ID})
	if err != nil {
		return err
	}
	return printStory(out, thing, story)
}
