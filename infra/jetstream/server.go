// Package jetstream keeps the cell's streams on NATS JetStream: it runs the
// embedded server, makes the streams with their settings, and is the decider's
// log and inbox and the publishers' way into CMD. It knows bytes and sequences,
// not what they mean.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxPayload is the largest message, in bytes: a frame of 768 KiB and room to spare.
const MaxPayload = 2 << 20

// Server is an embedded NATS server with connections into it.
type Server struct {
	nats *server.Server
	conn *nats.Conn
	JS   jetstream.JetStream
}

// Options say how the embedded server runs.
type Options struct {
	// Dir is where the streams are kept.
	Dir string
	// Listen is HOST:PORT for other programs to connect to; empty: none can.
	Listen string
	Logger *slog.Logger
}

// startTimeout bounds the recovery of the streams from disk: 11 µs a message
// where the index is lost, so ten minutes are 50 million messages.
const startTimeout = 10 * time.Minute

// Start runs a server whose every message is on the disk before it is acknowledged.
func Start(ctx context.Context, o Options) (*Server, error) {
	opts := &server.Options{
		ServerName: "skylog", JetStream: true, StoreDir: o.Dir, SyncAlways: true,
		MaxPayload: MaxPayload, NoSigs: true, NoLog: true, DontListen: o.Listen == "",
		JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 1 << 50,
	}
	if o.Listen != "" {
		host, port, err := splitHostPort(o.Listen)
		if err != nil {
			return nil, fmt.Errorf("NATS listen address: %w", err)
		}
		opts.Host, opts.Port = host, port
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS server: %w", err)
	}
	s.SetLoggerV2(natsLogger{o.Logger}, false, false, false)
	s.Start()
	for deadline := time.Now().Add(startTimeout); !s.ReadyForConnections(time.Second); {
		if err := ctx.Err(); err != nil || time.Now().After(deadline) {
			s.Shutdown()
			return nil, errors.Join(err, errors.New("embedded NATS server doesn't become ready"))
		}
	}
	conn, err := nats.Connect("", nats.InProcessServer(s), nats.Name("skylog"), nats.MaxReconnects(-1))
	if err != nil {
		s.Shutdown()
		return nil, fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		s.Shutdown()
		return nil, err
	}
	return &Server{nats: s, conn: conn, JS: js}, nil
}

// Conn is a connection into the server, for messages that aren't stored.
func (s *Server) Conn() *nats.Conn { return s.conn }

// Connect opens another connection: one that carries much should have its own.
func (s *Server) Connect(name string) (jetstream.JetStream, *nats.Conn, error) {
	conn, err := nats.Connect("", nats.InProcessServer(s.nats), nats.Name(name), nats.MaxReconnects(-1))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(conn)
	return js, conn, err
}

// Close ends the server; what was acknowledged stays.
func (s *Server) Close() {
	s.conn.Close()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}
