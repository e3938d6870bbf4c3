package main

import (
	"context"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"skylog/api"
	"skylog/handlers"
	"skylog/infra/cell"
	"skylog/infra/keystore"
	"skylog/projections/public"
)

// openHistory opens the index of the log that lies in a data folder.
func openHistory(ctx context.Context, data string, keys *keystore.Store, log handlers.Log) (*cell.History, error) {
	secret, err := keys.Named("events")
	if err != nil {
		return nil, err
	}
	return cell.OpenHistory(ctx, filepath.Join(data, "history"), log, public.IDs{Key: secret})
}

// startHistory keeps the index of the log, and gives the gateway what it answers from it.
func (n *node) startHistory(ctx context.Context, group *errgroup.Group) (api.Sources, error) {
	history, err := openHistory(ctx, n.data, n.keys, n.cell.Store)
	if err != nil {
		return api.Sources{}, err
	}
	history.Attach(n.cell)
	pasts := &cell.Pasts{Cell: n.cell, IDs: history.IDs}
	group.Go(func() error {
		n.keepHistory(ctx, history)
		return history.Close()
	})
	return api.Sources{Command: n.command, Follow: history.Follow, History: history.Of, Find: history.Find,
		Past: pasts.At, Rehearsed: history.Rehearsed}, nil
}

// indexAgain is how long the index rests where it could not be written. The
// cloud goes on without: stories are told as far as they are known.
const indexAgain = 5 * time.Second

func (n *node) keepHistory(ctx context.Context, history *cell.History) {
	for ctx.Err() == nil {
		err := history.Run(ctx, n.cell)
		if ctx.Err() != nil {
			return
		}
		n.log.Error("the index of the log could not be kept", "error", err)
		select {
		case <-time.After(indexAgain):
		case <-ctx.Done():
		}
	}
}
