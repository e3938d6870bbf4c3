package jetstream

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
)

// natsLogger writes the server's own notices to our log. What it calls notice
// is debug to us.
type natsLogger struct{ to *slog.Logger }

func (l natsLogger) Noticef(f string, v ...any) { l.to.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLogger) Warnf(f string, v ...any)   { l.to.Warn("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLogger) Errorf(f string, v ...any)  { l.to.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLogger) Fatalf(f string, v ...any)  { l.to.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLogger) Debugf(string, ...any)      {}
func (l natsLogger) Tracef(string, ...any)      {}

func splitHostPort(address string) (string, int, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, int(n), err
}
