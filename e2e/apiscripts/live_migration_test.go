package apiscripts

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"skylog/api/apitest"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/infra/cell"
	view "skylog/projections/compute"
)

// nextHost is where servers of the first go.
const nextHost = "h2"

// playLive does at once what is wanted of the hosts of a server that moves while
// it runs, as far as the server's name has it. What one of them must remove it
// has removed when the other has the server.
func playLive(ctx context.Context, c *cell.Cell, s *view.Server) {
	ctx = commands.With(ctx, commands.Caller{Origin: "test"})
	switch {
	case strings.HasPrefix(s.Name, "awaited"):
	case s.Live.Endpoint == "":
		c.Do(ctx, cmd.ReportServerAwaited{Host: s.Live.To, ID: s.ID, Migration: s.Live.Migration, Endpoint: "there"})
	case s.Live.Abort:
		c.Do(ctx, cmd.ReportServerStayed{Host: s.Host, ID: s.ID, Migration: s.Live.Migration, Reason: "aborted"}, cmd.ReportServerGone{Host: s.Live.To, ID: s.ID})
	case strings.HasPrefix(s.Name, "sending") && !s.Live.Hurry:
		c.Do(ctx, cmd.ReportServerProgress{Host: s.Host, ID: s.ID, Migration: s.Live.Migration, Transfer: cmd.Transfer{
			MemoryTotal: 512 << 20, MemorySent: 128 << 20, MemoryLeft: 384 << 20, DiskTotal: 1 << 30, DiskSent: 1 << 30}})
	default:
		c.Do(ctx, cmd.ReportServerSent{Host: s.Host, ID: s.ID, Migration: s.Live.Migration}, cmd.ReportServerGone{Host: s.Host, ID: s.ID})
	}
}

func TestLiveMigrationScripts(t *testing.T) {
	apitest.Run(t, "testdata/live/*.txtar", func(t *testing.T) http.Handler {
		g, c := cloudOf(t)
		joinHost(t, c, nextHost, 2)
		return g
	})
}
