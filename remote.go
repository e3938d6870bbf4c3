package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"skylog/api"
	"skylog/projections/public"
)

// teller is where the log's story is read: a running server, or the folder of a stopped one.
type teller interface {
	find(ctx context.Context, name string) ([]public.Found, error)
	story(ctx context.Context, s public.Subject) ([]public.Entry, error)
	// follow calls do for the events behind since; it goes on with those to come if it is to.
	follow(ctx context.Context, since string, types []string, on bool, do func(json.RawMessage) error) error
	// until has find and story tell nothing from behind a place in the log.
	until(ctx context.Context, place string) error
	close()
}

// tellerOf finds who tells: the cloud that is named, else whoever works on the data folder.
func tellerOf(ctx context.Context, data, name string) (teller, error) {
	if name != "" {
		path, err := cloudsPath()
		if err != nil {
			return nil, err
		}
		return login(ctx, path, name)
	}
	if _, err := os.Stat(filepath.Join(data, "log")); err != nil {
		return nil, fmt.Errorf("%s has no log: name another folder with --data, or a cloud with --os-cloud", data)
	}
	if unlock, err := lockData(data); err == nil {
		return openStopped(ctx, data, unlock)
	}
	return login(ctx, filepath.Join(data, "clouds.yaml"), "skylog")
}

// cloudsPath is where OpenStack's clients look for clouds.
func cloudsPath() (string, error) {
	home, _ := os.UserConfigDir() // without one, the others are left
	for _, path := range []string{os.Getenv("OS_CLIENT_CONFIG_FILE"), "clouds.yaml", filepath.Join(home, "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"} {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no clouds.yaml")
}

// remote asks a running server.
type remote struct {
	base, token string
	asOf        string // a place in the log; empty: now
	all         bool   // the token is an administrator's: all projects' events are for it
}

// client has no time-out of its own: streams last, other requests are bounded each.
var client = &http.Client{}

const (
	remotePatience = 30 * time.Second
	maxReply       = 64 << 20
)

// login gets a token as clouds.yaml says.
func login(ctx context.Context, path, name string) (teller, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file cloudsFile
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c, ok := file.Clouds[name]
	if !ok {
		return nil, fmt.Errorf("%s has no cloud %q", path, name)
	}
	base, _, ok := strings.Cut(c.Auth.AuthURL, "/identity")
	if !ok {
		return nil, fmt.Errorf("cloud %s is not Skylog: its address %s has no /identity", name, c.Auth.AuthURL)
	}
	text, err := json.Marshal(c.Auth.request())
	if err != nil {
		return nil, err
	}
	r := &remote{base: base}
	var token struct {
		Token struct {
			Roles []struct{ Name string } `json:"roles"`
		} `json:"token"`
	}
	header, err := r.ask(ctx, "POST", "/identity/v3/auth/tokens", text, &token)
	if err != nil {
		return nil, fmt.Errorf("log in to %s: %w", base, err)
	}
	r.token = header.Get("X-Subject-Token")
	for _, role := range token.Token.Roles {
		r.all = r.all || role.Name == "admin"
	}
	return r, nil
}

// request is the body that asks for a token.
func (a *cloudAuth) request() any {
	type object = map[string]any
	user := object{"name": a.Username, "password": a.Password, "domain": object{"name": cmp.Or(a.UserDomainName, "Default")}}
	project := object{"name": a.ProjectName, "domain": object{"name": cmp.Or(a.ProjectDomainName, "Default")}}
	return object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": user}},
		"scope":    object{"project": project},
	}}
}

func (r *remote) close() {}

func (r *remote) until(_ context.Context, place string) error {
	r.asOf = place // the server says whether it is one
	return nil
}

func (r *remote) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		q.Header.Set("X-Auth-Token", r.token)
	}
	if r.asOf != "" {
		q.Header.Set(api.AsOfHeader, r.asOf)
	}
	reply, err := client.Do(q)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode < 300 {
		return reply, nil
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(reply.Body, 2000)) // what there is of it is shown
	return nil, fmt.Errorf("%s: %s", reply.Status, bytes.TrimSpace(text))
}

func (r *remote) ask(ctx context.Context, method, path string, body []byte, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, remotePatience)
	defer cancel()
	reply, err := r.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	return reply.Header, json.NewDecoder(io.LimitReader(reply.Body, maxReply)).Decode(into)
}

func (r *remote) find(ctx context.Context, name string) ([]public.Found, error) {
	var out struct{ Things []public.Found }
	_, err := r.ask(ctx, "GET", "/v1/history?name="+url.QueryEscape(name), nil, &out)
	return out.Things, err
}

func (r *remote) story(ctx context.Context, s public.Subject) ([]public.Entry, error) {
	var all []public.Entry
	path := "/v1/history/" + url.PathEscape(s.Service) + "/" + url.PathEscape(s.Resource) + "/" + url.PathEscape(s.ID)
	for after := ""; ; after = all[len(all)-1].ID {
		var page struct{ History []public.Entry }
		if _, err := r.ask(ctx, "GET", path+"?limit="+strconv.Itoa(storyPage)+"&after="+after, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.History...)
		if len(page.History) < storyPage || len(all) >= maxStory {
			return all, nil
		}
	}
}

func (r *remote) follow(ctx context.Context, since string, types []string, on bool, do func(json.RawMessage) error) error {
	query := url.Values{"since": {since}, "all_projects": {strconv.FormatBool(r.all)}, "type": types}
	if !on {
		query.Set("follow", "false")
	}
	reply, err := r.send(ctx, "GET", "/v1/events?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	lines := bufio.NewScanner(reply.Body)
	lines.Buffer(nil, 4<<20)
	for ended := false; lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			ended = name == "end"
		}
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		switch {
		case !ok:
		case ended && !on && bytes.Contains(data, []byte(`"complete"`)):
			return nil
		case ended:
			return fmt.Errorf("the server ended the stream: %s", data)
		default:
			if err := do(data); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // interrupted: that is how following ends
	}
	return errors.Join(errors.New("the stream broke off"), lines.Err())
}
