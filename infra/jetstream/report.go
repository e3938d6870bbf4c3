package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-json"
	"github.com/nats-io/nats.go"

	"skylog/commands"
	"skylog/projections"
)

// Reporter is a host's way to report: it sends a command to whichever node of
// the cell listens and waits until it was decided. NATS permissions bind it to
// its host's subject.
type Reporter struct {
	Conn *nats.Conn
	Host string
}

// reportTimeout is how long a report waits for its outcome; then the worker
// tries again.
const reportTimeout = 30 * time.Second

// causeHeader names the command whose want the host carried out.
const causeHeader = "Cause"

// maxCause is how long that name may be: a UUID.
const maxCause = 36

// Report sends one report; its cause is the context's. A refusal is no error: the cell knows better.
func (r Reporter) Report(ctx context.Context, c commands.Command) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	record, err := json.Marshal(commands.Record{Type: c.CommandType(), Data: data})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	reply, err := r.Conn.RequestMsgWithContext(ctx, &nats.Msg{Subject: "report." + r.Host, Data: record,
		Header: nats.Header{causeHeader: {commands.From(ctx).Cause}}})
	if err != nil {
		return fmt.Errorf("report %s: %w", c.CommandType(), err)
	}
	if len(reply.Data) > 0 {
		return fmt.Errorf("report %s: %s", c.CommandType(), reply.Data)
	}
	return nil
}

// Beat says that the host is alive. It is not stored.
func (r Reporter) Beat() error { return r.Conn.Publish("beat."+r.Host, nil) }

// Collector takes the reports of hosts into CMD.
type Collector struct {
	Conn *nats.Conn
	Do   commands.Do[*projections.World]
}

// maxReports is how many reports are under way at once: hosts have a share of
// their own, apart from the API's.
const maxReports = 4096

// record is a command that is passed on as it came.
type record commands.Record

func (r record) CommandType() string          { return r.Type }
func (r record) MarshalJSON() ([]byte, error) { return r.Data, nil }

// Run takes reports until ctx ends.
func (c *Collector) Run(ctx context.Context) error {
	in := make(chan *nats.Msg, maxReports)
	sub, err := c.Conn.ChanQueueSubscribe("report.*", "cell", in)
	if err != nil {
		return fmt.Errorf("listen for reports: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be gone, and the subscription with it
	slots := make(chan struct{}, maxReports)
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-in:
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				c.take(ctx, m)
			}()
		}
	}
}

func (c *Collector) take(ctx context.Context, m *nats.Msg) {
	host := strings.TrimPrefix(m.Subject, "report.")
	var r record
	err := json.Unmarshal(m.Data, (*commands.Record)(&r))
	if err == nil {
		cause := m.Header.Get(causeHeader)
		_, err = c.Do(commands.With(ctx, commands.Caller{Origin: "host." + host, Cause: cause[:min(len(cause), maxCause)]}), r)
	}
	if _, refused := commands.Refused(err); refused {
		err = nil
	}
	var answer []byte
	if err != nil {
		answer = []byte(err.Error())
	}
	if err := m.Respond(answer); err != nil && !errors.Is(err, nats.ErrConnectionClosed) && ctx.Err() == nil {
		return // the host has stopped waiting and will report again
	}
}

// Beats calls heard with every host's sign of life until ctx ends.
func Beats(ctx context.Context, conn *nats.Conn, heard func(host string)) error {
	sub, err := conn.Subscribe("beat.*", func(m *nats.Msg) { heard(strings.TrimPrefix(m.Subject, "beat.")) })
	if err != nil {
		return fmt.Errorf("listen for heartbeats: %w", err)
	}
	<-ctx.Done()
	_ = sub.Unsubscribe() // the connection may be gone, and the subscription with it
	return nil
}
