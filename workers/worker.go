package workers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// Runner hands wants to workers: Watermill's router over a subscriber that
// delivers one want of a thing at a time, with retries and dead letters.
type Runner struct {
	// Wants delivers wants; a message's context ends when a newer want of the same
	// thing has come.
	Wants message.Subscriber
	// Dead takes what could not be done, under topic "dlq.want".
	Dead   message.Publisher
	Logger *slog.Logger
}

// DeadTopic is where dead letters go.
const DeadTopic = "dlq.want"

// Retries: 0.2, 0.4, … up to 10 seconds apart, about 40 seconds in all.
const (
	retries    = 8
	firstRetry = 200 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Handle does what a want says. Failed is asked once it was tried for the last
// time, or at once when the error will not go away.
type Handle struct {
	Do        func(ctx context.Context, data []byte) error
	Failed    func(ctx context.Context, data []byte, why error) error
	Permanent func(error) bool
}

// Run hands the wants of a topic to a worker until ctx ends.
func (r *Runner) Run(ctx context.Context, name, topic string, h Handle) error {
	logger := watermill.NewSlogLoggerWithLevelMapping(r.Logger, map[slog.Level]slog.Level{
		slog.LevelInfo: slog.LevelDebug, watermill.LevelTrace: slog.LevelDebug - 4, slog.LevelError: slog.LevelWarn,
	})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 2 * time.Second}, logger)
	if err != nil {
		return err
	}
	poison, err := middleware.PoisonQueueWithFilter(r.Dead, DeadTopic, func(err error) bool { return true })
	if err != nil {
		return err
	}
	router.AddMiddleware(dropSuperseded, poison, h.giveUp, middleware.Retry{
		MaxRetries: retries, InitialInterval: firstRetry, MaxInterval: lastRetry, Multiplier: 2, Logger: logger,
		ShouldRetry: func(p middleware.RetryParams) bool { return !h.Permanent(p.Err) },
	}.Middleware, middleware.Recoverer)
	router.AddConsumerHandler(name, topic, r.Wants, func(m *message.Message) error {
		return h.Do(m.Context(), m.Payload)
	})
	if err := router.Run(ctx); err != nil {
		return fmt.Errorf("worker %s: %w", name, err)
	}
	return nil
}

// giveUp tells the worker that its want failed for good.
func (h Handle) giveUp(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		out, err := next(m)
		if err == nil || m.Context().Err() != nil {
			return out, err
		}
		if told := h.Failed(m.Context(), m.Payload, err); told != nil {
			return out, fmt.Errorf("%w; and that could not be reported: %w", err, told)
		}
		return out, err
	}
}

// dropSuperseded lets go of a want that a newer one has replaced, whatever came of it.
func dropSuperseded(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		out, err := next(m)
		if m.Context().Err() != nil {
			return nil, nil
		}
		return out, err
	}
}
