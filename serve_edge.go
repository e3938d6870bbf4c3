package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"net/http"
	"strings"
	"time"

	"skylog/api"
	"skylog/api/compute"
	"skylog/api/identity"
	"skylog/api/network"
	"skylog/api/placement"
	"skylog/commands"
	"skylog/infra/cell"
	view "skylog/projections/compute"
)

// gateway assembles the API.
func (n *node) gateway(sources api.Sources) (http.Handler, error) {
	keystone := &identity.Service{Do: n.cell.Do, Now: n.now, Tokens: n.keys.Tokens(), Vault: n.keys, Clock: time.Now,
		Rules: n.passwordRules(), TokenLife: n.life}
	policyFile, err := n.policyFile()
	if err != nil {
		return nil, err
	}
	identityAPI, err := keystone.API()
	if err != nil {
		return nil, err
	}
	glance, err := n.glance()
	if err != nil {
		return nil, err
	}
	secret, err := n.keys.Named("passwords")
	if err != nil {
		return nil, err
	}
	n.passwords = secret[:]
	return api.New(api.Options{
		Now: n.now, Authenticate: keystone.Authenticate, PublicURL: n.publicURL, PolicyFile: policyFile, Log: n.log,
		Ready: n.isReady, Sources: sources,
	}, identityAPI, compute.New(n.cell.Do, n.computeOptions), compute.Hosts(n.cell.Do), glance.API(), glance.Bytes(), network.New(n.cell.Do), placement.New(n.cell.Do))
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

// computeOptions gives the compute API what is optional: sealing, consoles, and
// passwords that are the same when a request is repeated.
func (n *node) computeOptions(s *compute.Service) {
	s.ConfirmWithin, s.KeepShelved, s.Reclaim = n.compute.confirmWithin, n.compute.keepShelved, n.compute.reclaim
	s.Seal, s.Console, s.Consoles = n.keys.Seal, n.console, true
	s.Bring = n.bringImage
	s.Inside = func(name string) compute.Inside {
		if host := n.hosts[name]; host != nil {
			return host.Hypervisor
		}
		return nil
	}
	s.Password = func(name string) string {
		sum := hmac.New(sha256.New, n.passwords)
		sum.Write([]byte(name))
		return base32.StdEncoding.EncodeToString(sum.Sum(nil))[:12]
	}
}

// maxConsole is how many bytes of a console's log are read.
const maxConsole = 256 << 10

// console is the end of a server's console log; lines below zero are all there are.
func (n *node) console(ctx context.Context, server view.Server, lines int) (string, error) {
	host := n.hosts[server.Host]
	if host == nil {
		return "", commands.Refuse(commands.Conflict, "Instance %s is not ready", server.ID)
	}
	log, err := host.Hypervisor.ConsoleLog(ctx, server.ID, maxConsole)
	if err != nil || lines < 0 {
		return string(log), err
	}
	all := strings.SplitAfter(string(log), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return strings.Join(all[max(0, len(all)-lines):], ""), nil
}
