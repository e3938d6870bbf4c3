package jetstream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-json"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
)

// collected is a cell that keeps what it is asked.
type collected struct {
	mu     sync.Mutex
	caller commands.Caller
	data   string
	answer error
}

func (c *collected) do(ctx context.Context, cs ...commands.Command) (*projections.World, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := json.Marshal(cs[0])
	c.caller, c.data = commands.From(ctx), cs[0].CommandType()+" "+string(data)
	return nil, errors.Join(err, c.answer)
}

func TestAReportComesAsTheHostThatItsSubjectNames(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	taken := &collected{}
	ended := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	go func() { ended <- (&Collector{Conn: s.Conn(), Do: taken.do}).Run(running) }()
	host := Reporter{Conn: s.Conn(), Host: "a"}
	report := cmd.ReportServerGone{Host: "another", ID: "one"} // a lie is the decider's to refuse
	caused := commands.With(ctx, commands.Caller{Cause: strings.Repeat("c", maxCause+10)})
	for err := host.Report(caused, report); err != nil; err = host.Report(caused, report) {
		if ctx.Err() != nil { // until the collector listens
			t.Fatal(err)
		}
	}
	if taken.caller.Origin != "host.a" || len(taken.caller.Cause) != maxCause || taken.caller.UserID != "" {
		t.Errorf("it came from %+v", taken.caller)
	}
	if want := report.CommandType() + ` {"Host":"another","ID":"one"}`; taken.data != want {
		t.Errorf("it came as %s, want %s", taken.data, want)
	}
	for _, c := range []struct {
		answer error
		fails  bool
	}{
		{nil, false}, {commands.Refuse(commands.Conflict, "the cell knows better"), false}, {commands.ErrUndecided, true}, {errors.New("broken"), true},
	} {
		taken.mu.Lock()
		taken.answer = c.answer
		taken.mu.Unlock()
		if err := host.Report(ctx, report); (err != nil) != c.fails {
			t.Errorf("answered %v, the host hears %v", c.answer, err)
		}
	}
	reply, err := s.Conn().RequestWithContext(ctx, "report.a", []byte("no report"))
	if err != nil || len(reply.Data) == 0 {
		t.Errorf("what is no report is answered with %+v, %v", reply, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the collector ended with %v", err)
	}
	gone, done := context.WithTimeout(ctx, 50*time.Millisecond)
	defer done()
	if err := host.Report(gone, report); err == nil {
		t.Error("a report that nobody takes was answered")
	}
}
