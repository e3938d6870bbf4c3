package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// cloud is a running skylog with users, projects and what servers need.
type cloud struct {
	program *program
	admin   string // a token
	image   string
	users   []user
	tenants []tenant
}

type user struct{ id, token string }

// tenant is a project with a network, and one of the users' token for it.
type tenant struct{ id, token, network string }

const (
	tokensPath = "/identity/v3/auth/tokens"
	flavor     = "42" // m1.nano, of the first start
	// atOnce is how many of our connections ask at a time.
	atOnce = 64
)

// open starts a cloud on simulated hosts.
func (l *load) open(ctx context.Context, folder string) (*cloud, error) {
	c := &cloud{}
	if err := c.launch(ctx, l, filepath.Join(l.dir, folder)); err != nil {
		return nil, err
	}
	if err := c.enter(); err != nil {
		c.program.kill()
		return nil, err
	}
	return c, nil
}

func (c *cloud) launch(ctx context.Context, l *load, data string) error {
	debug, err := freeAddress()
	if err != nil {
		return err
	}
	c.program, err = launch(ctx, l.binary, data, "--simulate-hosts", strconv.Itoa(l.hosts), "--debug-listen", debug)
	if err == nil {
		c.program.debug = debug
	}
	return err
}

// again starts the cloud anew on the same data.
func (c *cloud) again(ctx context.Context, l *load) error {
	return c.launch(ctx, l, c.program.data)
}

// enter logs in as the administrator of the first start.
func (c *cloud) enter() error {
	data, err := os.ReadFile(filepath.Join(c.program.data, "clouds.yaml"))
	if err != nil {
		return err
	}
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				Username string `yaml:"username"`
				Password string `yaml:"password"`
			} `yaml:"auth"`
		} `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return err
	}
	a := file.Clouds["skylog"].Auth
	c.admin, err = c.login(map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{
		"name": a.Username, "password": a.Password, "domain": map[string]any{"name": "Default"}}}},
		map[string]any{"project": map[string]any{"name": "admin", "domain": map[string]any{"name": "Default"}}})
	return err
}

// login asks for a token; scope is nil for none.
func (c *cloud) login(identity, scope map[string]any) (token string, err error) {
	auth := map[string]any{"identity": identity}
	if scope != nil {
		auth["scope"] = scope
	}
	body, err := json.Marshal(map[string]any{"auth": auth})
	if err != nil {
		return "", err
	}
	for {
		r, err := http.Post("http://"+c.program.address+tokensPath, "application/json", bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		reply, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return "", err
		}
		switch r.StatusCode {
		case http.StatusCreated:
			return r.Header.Get("X-Subject-Token"), nil
		case http.StatusTooManyRequests:
			time.Sleep(200 * time.Millisecond)
		default:
			return "", fmt.Errorf("log in: %s %.300s", r.Status, reply)
		}
	}
}

// people makes users; each may ask as often as one caller may. A password costs
// a quarter of a second of work to hash and as much to check, by intent.
func (c *cloud) people(ctx context.Context, n int) error {
	first := len(c.users)
	c.users = append(c.users, make([]user, n)...)
	_, err := callers(ctx, c.program.address, n, 4, func(k *conn, i int) error {
		u := &c.users[first+i]
		const password = "a password of the load test"
		var made struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		}
		in := map[string]any{"user": map[string]any{"name": fmt.Sprintf("load-user-%d", first+i), "password": password}}
		if err := k.call("POST", "/identity/v3/users", c.admin, in, &made); err != nil {
			return err
		}
		u.id = made.User.ID
		var err error
		u.token, err = c.login(map[string]any{"methods": []string{"password"},
			"password": map[string]any{"user": map[string]any{"id": u.id, "password": password}}}, nil)
		return err
	})
	return err
}

// housing makes projects without quotas, each with a network, and gives them to the users in turn.
func (c *cloud) housing(ctx context.Context, n int) error {
	k := &conn{address: c.program.address}
	defer k.close()
	var roles struct {
		Roles []struct {
			ID string `json:"id"`
		} `json:"roles"`
	}
	if err := k.call("GET", "/identity/v3/roles?name=member", c.admin, nil, &roles); err != nil {
		return err
	}
	if len(roles.Roles) != 1 {
		return fmt.Errorf("%d roles are named member", len(roles.Roles))
	}
	first := len(c.tenants)
	c.tenants = append(c.tenants, make([]tenant, n)...)
	_, err := callers(ctx, c.program.address, n, 8, func(k *conn, i int) (err error) {
		c.tenants[first+i], err = c.house(k, first+i, roles.Roles[0].ID)
		return err
	})
	return err
}

func (c *cloud) house(k *conn, i int, role string) (t tenant, err error) {
	var project struct {
		Project struct {
			ID string `json:"id"`
		} `json:"project"`
	}
	in := map[string]any{"project": map[string]any{"name": fmt.Sprintf("load-%d", i)}}
	if err := k.call("POST", "/identity/v3/projects", c.admin, in, &project); err != nil {
		return t, err
	}
	t.id = project.Project.ID
	u := c.users[i%len(c.users)]
	if err := k.call("PUT", "/identity/v3/projects/"+t.id+"/users/"+u.id+"/roles/"+role, c.admin, nil, nil); err != nil {
		return t, err
	}
	none := map[string]any{"quota_set": map[string]any{"instances": -1, "cores": -1, "ram": -1}}
	if err := k.call("PUT", "/compute/v2.1/os-quota-sets/"+t.id, c.admin, none, nil); err != nil {
		return t, err
	}
	if err := k.call("PUT", "/network/v2.0/quotas/"+t.id, c.admin, map[string]any{"quota": map[string]any{"port": -1}}, nil); err != nil {
		return t, err
	}
	if t.token, err = c.login(map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": u.token}},
		map[string]any{"project": map[string]any{"id": t.id}}); err != nil {
		return t, err
	}
	var network struct {
		Network struct {
			ID string `json:"id"`
		} `json:"network"`
	}
	if err := k.call("POST", "/network/v2.0/networks", t.token, map[string]any{"network": map[string]any{"name": "net"}}, &network); err != nil {
		return t, err
	}
	t.network = network.Network.ID
	return t, k.call("POST", "/network/v2.0/subnets", t.token, map[string]any{"subnet": map[string]any{
		"network_id": t.network, "ip_version": 4, "cidr": "10.0.0.0/16"}}, nil)
}

// upload files a public image for all.
func (c *cloud) upload(name, format string, data []byte) (err error) {
	k := &conn{address: c.program.address}
	defer k.close()
	var made struct {
		ID string `json:"id"`
	}
	if err := k.call("POST", "/image/v2/images", c.admin, map[string]any{
		"name": name, "disk_format": format, "container_format": "bare", "visibility": "public"}, &made); err != nil {
		return err
	}
	c.image = made.ID
	status, reply, err := k.do("PUT", "/image/v2/images/"+made.ID+"/file", c.admin, data)
	if err == nil && status >= 300 {
		err = fmt.Errorf("upload: %d %.300s", status, reply)
	}
	return err
}

// serverBody is the request for servers on a tenant's network.
func (c *cloud) serverBody(t *tenant, name string, count int) []byte {
	server := map[string]any{"name": name, "imageRef": c.image, "flavorRef": flavor, "networks": []any{map[string]any{"uuid": t.network}}}
	if count > 1 {
		server["min_count"], server["max_count"] = count, count
	}
	body, err := json.Marshal(map[string]any{"server": server})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return body
}

// with counts the servers of all projects that are in a status, looking at them all.
func (c *cloud) with(status string, most int) (n int, err error) {
	k := &conn{address: c.program.address}
	defer k.close()
	for path := fmt.Sprintf("/compute/v2.1/servers?all_tenants=1&status=%s&limit=%d", status, most); path != ""; {
		var page struct {
			Servers []struct{} `json:"servers"`
			Links   []struct {
				Rel  string `json:"rel"`
				Href string `json:"href"`
			} `json:"servers_links"`
		}
		if err := k.call("GET", path, c.admin, nil, &page); err != nil {
			return n, err
		}
		path = ""
		if n += len(page.Servers); n >= most || len(page.Links) == 0 {
			return n, nil
		}
		if path, err = local(page.Links[0].Href); err != nil {
			return n, err
		}
	}
	return n, nil
}

// settled waits until no server is being built.
func (c *cloud) settled(ctx context.Context) error {
	for {
		n, err := c.with("BUILD", 1)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("servers are still being built: %w", ctx.Err())
		}
	}
}
