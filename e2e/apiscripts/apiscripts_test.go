// Package apiscripts runs the scripts of HTTP requests of every service against
// the whole gateway on a cell in memory.
package apiscripts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"skylog/api"
	"skylog/api/apitest"
	"skylog/api/compute"
	imageapi "skylog/api/image"
	"skylog/api/network"
	"skylog/api/placement"
	"skylog/handlers"
	decidecompute "skylog/handlers/compute"
	decideimage "skylog/handlers/image"
	decidenetwork "skylog/handlers/network"
	decideplacement "skylog/handlers/placement"
	"skylog/infra/cell"
	"skylog/infra/memlog"
	"skylog/projections"
	computeview "skylog/projections/compute"
	imageview "skylog/projections/image"
)

const (
	project = "11111111111111111111111111111111"
	other   = "22222222222222222222222222222222"
)

// people are who the scripts' tokens name.
var people = map[string]api.Who{
	"root":     {UserID: "root", ProjectID: project, Roles: []string{"admin"}},
	"ada":      {UserID: "ada", ProjectID: project, Roles: []string{"member"}},
	"manager":  {UserID: "mia", ProjectID: project, Roles: []string{"manager", "member", "reader"}},
	"reader":   {UserID: "rita", ProjectID: project, Roles: []string{"reader"}},
	"stranger": {UserID: "eve", ProjectID: other, Roles: []string{"member"}},
	"nobody":   {UserID: "niemand", ProjectID: other},
}

func who(_ *projections.World, token string) (api.Who, error) {
	p, ok := people[token]
	if !ok {
		return api.Who{}, errors.New("no such token")
	}
	return p, nil
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// cloud is a gateway on a cell of its own.
func cloud(t *testing.T) *api.Gateway {
	t.Helper()
	g, _ := cloudOf(t)
	return g
}

// cloudOf is the same with its cell, and set up otherwise.
func cloudOf(t *testing.T, otherwise ...func(*compute.Service)) (*api.Gateway, *cell.Cell) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c, err := cell.Open(ctx, cell.Config{Node: "test", Store: memlog.New(), Rules: handlers.NewRegistry(decidecompute.Register, decideimage.Register, decidenetwork.Register, decideplacement.Register), Clock: time.Now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	furnish(t, c)
	go playHost(ctx, c)
	g, err := api.New(api.Options{Now: c.Now, Authenticate: who, Log: quiet}, compute.New(c.Do, func(s *compute.Service) {
		for _, set := range otherwise {
			set(s)
		}
		s.Consoles = true
		s.Bring = func(string, imageview.Image) {}
		s.Inside = func(string) compute.Inside { return inside{} }
		made := 0
		s.Password = func(string) string {
			made++
			return fmt.Sprintf("secret-%d", made)
		}
		s.Seal = func(_ string, data []byte) ([]byte, error) { return append([]byte("sealed"), data...), nil }
		s.Console = func(_ context.Context, s computeview.Server, lines int) (string, error) {
			return fmt.Sprintf("%d lines of %s\n", lines, s.Name), nil
		}
	}), (&imageapi.Service{Do: c.Do}).API(), network.New(c.Do), placement.New(c.Do)) // the first two for their policy
	if err != nil {
		t.Fatal(err)
	}
	return g, c
}

func TestScripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txtar", func(t *testing.T) http.Handler { return cloud(t) })
}
