package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

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
	group.Go(func() error {
		err := ended(ctx, history.Run(ctx, n.cell))
		if err != nil {
			err = fmt.Errorf("index the log: %w", err)
		}
		return errors.Join(err, history.Close())
	})
	return api.Sources{Command: n.command, Follow: history.Follow, History: history.Of, Find: history.Find}, nil
}
