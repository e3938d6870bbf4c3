package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// paths are where the things of each kind are.
var paths = map[string]string{"keypair": "/compute/v2.1/os-keypairs", "network": "/network/v2.0/networks", "server": "/compute/v2.1/servers"}

// soakKey is a public key like any other.
const soakKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7QTvjFjUu5m9ZSFYMwvvnNfoo4s0kZaEQyOSqsVCYN soak"

// answered notes an answer; what is neither granted nor refused for a reason is a fault of the cloud.
func (u *soaker) answered(th *soaked, status int, err error) (done bool) {
	switch {
	case errors.Is(err, errUnanswered), status == http.StatusGatewayTimeout:
		return true // th.asked stays
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		time.Sleep(50 * time.Millisecond)
	case status >= 500:
		u.errors.Store(fmt.Sprintf("%s of %s: %d", th.asked, th.kind, status), true)
	case status < 300:
		u.acked++
	}
	th.asked = ""
	return false
}

func (u *soaker) create(th *soaked) (status int, done bool) {
	var in map[string]any
	switch th.kind {
	case "keypair":
		in = map[string]any{"keypair": map[string]any{"name": th.name, "public_key": soakKey}}
	case "network":
		in = map[string]any{"network": map[string]any{"name": th.name}}
	case "server":
		in = map[string]any{"server": map[string]any{"name": th.name, "imageRef": u.image, "flavorRef": "42",
			"networks": []any{map[string]any{"uuid": u.network}}}}
	}
	th.asked = "create"
	status, out, err := u.wish("POST", paths[th.kind], th.key, in)
	if done := u.answered(th, status, err); done {
		return status, true
	}
	th.id = text(out, th.kind, "id")
	if th.kind == "keypair" {
		th.id = th.name
	}
	if status < 300 && th.id == "" { // the connection broke within the acknowledgement: its key tells the rest
		th.asked = "create"
	}
	return status, false
}

func (u *soaker) remove(th *soaked) (done bool) {
	th.asked = "delete"
	status, _, err := u.wish("DELETE", paths[th.kind]+"/"+th.id, "", nil)
	if u.answered(th, status, err) {
		return true
	}
	if status < 300 {
		th.gone = true
		u.alive--
	}
	return false
}

// power stops a server or starts it again; a server that is busy refuses.
func (u *soaker) power(th *soaked) (done bool) {
	action, stopped := "os-stop", true
	if th.stopped {
		action, stopped = "os-start", false
	}
	th.asked = action
	status, _, err := u.wish("POST", paths["server"]+"/"+th.id+"/action", "", map[string]any{action: nil})
	if u.answered(th, status, err) {
		return true
	}
	if status < 300 {
		th.stopped = stopped
	}
	return false
}

// settle finds out what became of requests that nobody answered, and waits until
// no server is at a task any more.
func (l *soak) settle() {
	l.t.Helper()
	for _, u := range l.users {
		for _, th := range u.things {
			switch th.asked {
			case "create": // the same again under its key gives the same
				before := th.id
				status, done := u.create(th)
				switch {
				case status == http.StatusForbidden: // it was never made and the quota is used up; were it there, compare would see it
					th.gone, th.id = true, th.name
				case done || status >= 300 || before != "" && before != th.id:
					l.t.Errorf("%s %s, asked for again under its key: %d, id %q", th.kind, th.name, status, th.id)
				}
			case "delete": // either outcome is right; now it is made one
				for th.asked, th.gone = "", l.missing(th); !th.gone; th.gone = th.gone || l.missing(th) {
					if u.remove(th) {
						l.t.Fatalf("%s %s can't be deleted behind the restart", th.kind, th.name)
					}
				}
			}
		}
	}
	l.cloud.until(recovery, "all servers are at rest", func() error {
		for _, s := range l.servers() {
			if task := text(s, "OS-EXT-STS:task_state"); task != "" || text(s, "status") == "BUILD" {
				return fmt.Errorf("server %s is %s and at %s", text(s, "name"), text(s, "status"), task)
			}
		}
		return nil
	})
}

func (l *soak) missing(th *soaked) bool {
	l.t.Helper()
	status, _, err := l.ask("GET", paths[th.kind]+"/"+th.id, "", nil)
	check(l.t, err)
	return status == http.StatusNotFound
}

// servers are all servers there are.
func (l *soak) servers() []map[string]any {
	return l.all(paths["server"]+"/detail", "servers", "id")
}

// all is a list, page by page; id is where an item of it has its marker.
func (l *soak) all(path, name string, id ...string) (all []map[string]any) {
	l.t.Helper()
	const size = 500
	for marker := ""; ; {
		list, _ := l.must("GET", fmt.Sprintf("%s?limit=%d%s", path, size, marker), nil)[name].([]any)
		for _, one := range list {
			item, _ := one.(map[string]any)
			all = append(all, item)
		}
		if len(list) < size {
			return all
		}
		if len(all) > 100_000 { // more than a soak makes: the list pays no heed to its marker
			l.t.Fatalf("GET %s has no end", path)
		}
		marker = "&marker=" + text(all[len(all)-1], id...)
	}
}

// compare says where the cloud is other than it acknowledged.
func (l *soak) compare() {
	l.t.Helper()
	l.errors.Range(func(what, _ any) bool { l.t.Errorf("%v", what); return true })
	have := map[string]map[string]any{}
	for _, s := range l.servers() {
		have["server "+text(s, "id")] = s
	}
	for _, n := range l.all(paths["network"], "networks", "id") {
		if text(n, "id") != l.network {
			have["network "+text(n, "id")] = n
		}
	}
	for _, k := range l.all(paths["keypair"], "keypairs", "keypair", "name") {
		have["keypair "+text(k, "keypair", "name")] = k
	}
	for _, u := range l.users {
		for _, th := range u.things {
			l.same(th, have)
		}
		u.things = slices.DeleteFunc(u.things, func(th *soaked) bool { return th.gone })
		u.alive = len(u.things)
	}
	for what := range have {
		l.t.Errorf("%s is there, but nobody was told so", what)
	}
}

// same compares one thing and takes it out of what is there.
func (l *soak) same(th *soaked, have map[string]map[string]any) {
	l.t.Helper()
	key := th.kind + " " + th.id
	got, there := have[key]
	delete(have, key)
	switch {
	case there && th.gone:
		l.t.Errorf("%s %s is there, but its deletion was acknowledged", th.kind, th.name)
	case !there && !th.gone:
		l.t.Errorf("%s %s isn't there, but its creation was acknowledged", th.kind, th.name)
	case !there || th.kind != "server":
	case th.asked != "": // a power action that nobody answered: either outcome is right
		th.stopped, th.asked = text(got, "status") == "SHUTOFF", ""
	case th.stopped != (text(got, "status") == "SHUTOFF") || !th.stopped && text(got, "status") != "ACTIVE":
		l.t.Errorf("server %s is %s (%v), but stopped=%v was acknowledged", th.name, text(got, "status"), got["fault"], th.stopped)
	}
}

// clear deletes everything and waits until nothing is left on any host.
func (l *soak) clear() {
	l.t.Helper()
	for _, u := range l.users {
		for _, th := range u.things {
			for !th.gone {
				if u.remove(th) {
					l.t.Fatalf("%s %s can't be deleted", th.kind, th.name)
				}
			}
		}
	}
	l.cloud.until(recovery, "nothing is left", func() error {
		if s := l.servers(); len(s) > 0 {
			return fmt.Errorf("%d servers are there", len(s))
		}
		for _, h := range l.all("/compute/v2.1/os-hypervisors/detail", "hypervisors", "id") {
			if n, _ := h["running_vms"].(float64); n != 0 {
				return fmt.Errorf("host %s has %v machines", text(h, "hypervisor_hostname"), n)
			}
		}
		for _, p := range l.all("/network/v2.0/ports", "ports", "id") {
			if text(p, "device_owner") != "network:dhcp" {
				return fmt.Errorf("port %s of %s is left", text(p, "id"), text(p, "device_owner"))
			}
		}
		return nil
	})
	l.compare()
}
