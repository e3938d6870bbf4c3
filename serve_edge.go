package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"skylog/api"
	"skylog/api/compute"
	"skylog/api/identity"
	"skylog/api/image"
	"skylog/api/network"
	"skylog/infra/cell"
	"skylog/infra/imageformat"
	"skylog/infra/imagestore"
)

// gateway assembles the API.
func (n *node) gateway() (http.Handler, error) {
	keystone := &identity.Service{Do: n.cell.Do, Now: n.now, Tokens: n.keys.Tokens(), Clock: time.Now}
	identityAPI, err := keystone.API()
	if err != nil {
		return nil, err
	}
	if n.images, err = imagestore.Open(filepath.Join(n.data, "images")); err != nil {
		return nil, err
	}
	if _, err := n.images.Sweep(n.now().Image.Images.Keeps); err != nil { // what was left of uploads that ended with the process
		return nil, err
	}
	n.sign.Key = make([]byte, 32)
	if _, err := rand.Read(n.sign.Key); err != nil {
		return nil, err
	}
	n.sign.Base = n.url(n.address)
	glance := &image.Service{Do: n.cell.Do, Store: n.images, Sign: n.sign,
		Inspect: func(format string) image.Inspection { return imageformat.New(format) }}
	return api.New(api.Options{
		Now: n.now, Authenticate: keystone.Authenticate, PublicURL: n.publicURL, PolicyFile: n.policy, Log: n.log,
		Ready: n.isReady, Sources: api.Sources{Command: n.command},
	}, identityAPI, compute.New(n.cell.Do), glance.API(), glance.Bytes(), network.New(n.cell.Do))
}

var errStarting = errors.New("starting")

func (n *node) isReady() error {
	select {
	case <-n.ready:
		return nil
	default:
		return errStarting
	}
}

// command tells what became of a command.
func (n *node) command(ctx context.Context, id string) (api.CommandOutcome, error) {
	c, err := n.cell.Outcome(ctx, id)
	switch {
	case errors.Is(err, cell.ErrForgotten) && n.cell.Waiting(id):
		return api.CommandOutcome{ID: id, State: "pending"}, nil
	case errors.Is(err, cell.ErrForgotten):
		return api.CommandOutcome{}, api.ErrNoSuch
	case err != nil:
		return api.CommandOutcome{}, err
	}
	o := api.CommandOutcome{ID: id, State: "granted", At: c.At, ProjectID: c.Caller.ProjectID, UserID: c.Caller.UserID}
	switch {
	case c.Refused != nil:
		o.State, o.Kind, o.Reason, o.Message = "refused", c.Refused.Kind, c.Refused.Reason, c.Refused.Message
	case c.Broken != "":
		o.State = "broken"
	}
	return o, nil
}

// localImage is the file of an image whose bytes this process keeps.
func (n *node) localImage(id string) (path string, ok bool) {
	i, ok := n.now().Image.Images.Get(id)
	if !ok || i.Blob == "" {
		return "", false
	}
	return n.images.Path(i.Blob)
}
