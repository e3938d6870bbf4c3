package image

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// The ways in which an image gets its bytes by an import.
const (
	fromStaging = "glance-direct"
	fromWeb     = "web-download"
	fromStore   = "copy-image"
)

func (s *Service) mountTasks(a huma.API) {
	api.Handle(a, "POST /images/{id}/import", "modify_image", http.StatusAccepted, s.importImage, unread)
	api.Handle(a, "GET /images/{id}/tasks", "get_image", http.StatusOK, s.imageTasks)
	api.Handle(a, "GET /tasks", "tasks_api_access", http.StatusOK, s.listTasks)
	api.Handle(a, "GET /tasks/{task}", "tasks_api_access", http.StatusOK, s.showTask)
}

// methods are the ways of import that this cloud has.
func (s *Service) methods() []string {
	all := []string{fromStaging}
	if s.CheckURI != nil {
		all = append(all, fromWeb)
	}
	return append(all, fromStore)
}

type importIn struct {
	ByID
	Store   string `header:"X-Image-Meta-Store"`
	RawBody []byte `contentType:"application/json"`
}

type importBody struct {
	Method struct {
		Name string `json:"name"`
		URI  string `json:"uri"`
	} `json:"method"`
	Stores         []string `json:"stores"`
	AllStores      bool     `json:"all_stores"`
	AllMustSucceed *bool    `json:"all_stores_must_succeed"`
}

// importFor is how long an import may wait for its turn.
const importFor = 24 * time.Hour

func (s *Service) importImage(ctx context.Context, in *importIn) (*api.Empty, error) {
	body, err := s.readImport(in)
	if err != nil {
		return nil, err
	}
	i, err := see(ctx, api.World(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	rule := "modify_image"
	if body.Method.Name == fromStore {
		rule = "copy_image"
	}
	if _, err := may(ctx, in.ID, rule); err != nil {
		return nil, err
	}
	stores, err := s.storesFor(body, in.Store, i)
	if err != nil || len(stores) == 0 {
		return &api.Empty{Status: http.StatusAccepted}, err
	}
	c := cmd.RequestImport{TaskID: api.NewID(ctx), ImageID: i.ID, Method: body.Method.Name, Project: api.From(ctx).ProjectID,
		Stores: stores, AllMustSucceed: body.AllMustSucceed == nil || *body.AllMustSucceed, Due: time.Now().Add(importFor)}
	if body.Method.Name == fromWeb {
		if c.URI, c.Sealed, err = s.sealURI(ctx, c.Project, body.Method.URI); err != nil {
			return nil, err
		}
	}
	_, err = s.Do(ctx, c)
	return &api.Empty{Status: http.StatusAccepted}, err
}

func (s *Service) readImport(in *importIn) (body importBody, err error) {
	if json.Unmarshal(in.RawBody, &body) != nil {
		return body, commands.Refuse(commands.Invalid, "Malformed JSON in request body.")
	}
	switch name := body.Method.Name; {
	case name == "":
		return body, commands.Refuse(commands.Invalid, "Import request requires a 'name' field.")
	case !slices.Contains(s.methods(), name):
		return body, commands.Refuse(commands.Invalid, "Unknown import method name '%.100s'.", name)
	case len(body.Stores) > len(s.Stores):
		return body, commands.Refuse(commands.Invalid, "There are %d stores.", len(s.Stores))
	}
	return body, nil
}

// storesFor are the stores that an import shall reach; of a copy to all, those
// that don't have the bytes yet.
func (s *Service) storesFor(body importBody, header string, i view.Image) ([]string, error) {
	named := body.Stores != nil || header != ""
	switch {
	case body.AllStores && named:
		return nil, commands.Refuse(commands.Invalid, "All_stores parameter can't be used with x-image-meta-store header or stores parameter")
	case body.Stores != nil && header != "":
		return nil, commands.Refuse(commands.Invalid, "Stores parameter and x-image-meta-store header can't be both specified")
	case body.AllStores:
		names := s.storeNames()
		if body.Method.Name == fromStore {
			names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(i.Stores, n) })
		}
		return names, nil
	case !named:
		return []string{s.Stores[0].Name}, nil
	case header != "":
		body.Stores = []string{header}
	}
	var names []string
	for _, name := range body.Stores {
		if _, ok := s.store(name); !ok {
			return nil, commands.Refuse(commands.Conflict, "Unknown store '%.100s'", name)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, commands.Refuse(commands.Invalid, "An import needs a store to bring the bytes to.")
	}
	return names, nil
}

const maxURI = 2048

// sealURI checks an address and hides what may be secret in it, as a signature is.
func (s *Service) sealURI(ctx context.Context, project, uri string) (shown string, sealed []byte, err error) {
	u, err := url.Parse(uri)
	if err != nil || len(uri) > maxURI || s.CheckURI(uri) != nil {
		return "", nil, commands.Refuse(commands.Invalid, "URI for web-download does not pass filtering: %.200s", uri)
	}
	sealed, err = api.Seal(ctx, s.Seal, project, []byte(uri))
	return u.Scheme + "://" + u.Host + u.EscapedPath(), sealed, err
}

// showTask is Glance's form of a task: in lists without what was asked and what came of it.
func showTask(t view.Task, whole bool) object {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	shown := object{"id": t.ID, "type": "api_image_import", "status": t.Status, "owner": t.OwnerID, "created_at": at(t.CreatedAt), "updated_at": at(t.UpdatedAt),
		"self": "/v2/tasks/" + t.ID, "schema": "/v2/schemas/task"}
	if !t.Open() {
		shown["expires_at"] = at(t.Due)
	}
	if whole {
		method := object{"name": t.Method}
		if t.URI != "" {
			method["uri"] = t.URI
		}
		shown["input"] = object{"image_id": t.ImageID, "backend": t.Stores,
			"import_req": object{"method": method, "stores": t.Stores, "all_stores_must_succeed": t.AllMustSucceed}}
		shown["result"], shown["message"] = nil, t.Message
		if t.Status == view.TaskSuccess {
			shown["result"] = object{"image_id": t.ImageID}
		}
		shown["image_id"], shown["request_id"], shown["user_id"] = t.ImageID, t.RequestID, t.UserID
	}
	return shown
}

// imageTasks are the tasks of an image, the oldest first.
func (s *Service) imageTasks(ctx context.Context, in *ByID) (*documentOut, error) {
	i, err := may(ctx, in.ID, "get_image")
	if err != nil {
		return nil, err
	}
	tasks := []object{}
	page, _ := api.Take(api.World(ctx).Image.Tasks.OfImage(i.ID), api.MaxPage)
	for _, t := range page {
		if t.OwnerID == api.From(ctx).ProjectID || isAdmin(ctx) {
			tasks = append(tasks, showTask(t, true))
		}
	}
	return &documentOut{object{"tasks": tasks}}, nil
}

type taskIn struct {
	Task string `path:"task" maxLength:"255"`
}

func (s *Service) showTask(ctx context.Context, in *taskIn) (*documentOut, error) {
	if err := api.Allow(ctx, api.Target{}); err != nil {
		return nil, err
	}
	t, ok := api.World(ctx).Image.Tasks.Get(in.Task)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "No task found with ID %.100s", in.Task)
	}
	return &documentOut{showTask(t, true)}, nil
}

var taskStates = []string{view.TaskPending, view.TaskProcessing, view.TaskSuccess, view.TaskFailure}

func (s *Service) listTasks(ctx context.Context, _ *struct{}) (*documentOut, error) {
	if err := api.Allow(ctx, api.Target{}); err != nil {
		return nil, err
	}
	q, err := readTaskQuery(ctx)
	if err != nil {
		return nil, err
	}
	tasks, last := []object{}, ""
	looked, more := 0, false
	for t := range api.World(ctx).Image.Tasks.List(q.by, q.descending, q.after) {
		wanted := (q.status == "" || t.Status == q.status) && (q.kind == "" || q.kind == "api_image_import")
		if wanted && len(tasks) == q.size || looked == maxLook {
			more = q.size > 0
			break
		}
		looked++
		last = t.ID
		if wanted {
			tasks = append(tasks, showTask(t, false))
		}
	}
	params := api.Query(ctx)
	params.Del("marker")
	body := object{"tasks": tasks, "schema": "/v2/schemas/tasks", "first": withQuery("/v2/tasks", params)}
	if more {
		params.Set("marker", last)
		body["next"] = withQuery("/v2/tasks", params)
	}
	return &documentOut{body}, nil
}

// taskOrders are what tasks are sorted by. All are of one type, which is
// the order of their creation then, and expire in the order in which they ended.
var taskOrders = map[string]view.TaskOrder{"created_at": view.TasksByCreation, "updated_at": view.TasksByUpdate, "status": view.TasksByStatus, "id": view.TasksByID,
	"type": view.TasksByCreation, "expires_at": view.TasksByUpdate}

type taskQuery struct {
	size         int
	status, kind string
	by           view.TaskOrder
	descending   bool
	after        *view.Task
}

func readTaskQuery(ctx context.Context) (q taskQuery, err error) {
	params := api.Query(ctx)
	if q.size, err = limitOf(params); err != nil {
		return q, err
	}
	q.status, q.kind = params.Get("status"), params.Get("type")
	direction := or(params.Get("sort_dir"), "desc")
	var known bool
	q.by, known = taskOrders[or(params.Get("sort_key"), "created_at")]
	switch {
	case q.status != "" && !slices.Contains(taskStates, q.status):
		return q, commands.Refuse(commands.Invalid, "Invalid status value: %.40s", q.status)
	case q.kind != "" && !slices.Contains(taskKinds, q.kind):
		return q, commands.Refuse(commands.Invalid, "Invalid type value: %.40s", q.kind)
	case !known:
		return q, commands.Refuse(commands.Invalid, "Invalid sort key: %.40s. It must be one of the following: %s.", params.Get("sort_key"),
			strings.Join(slices.Sorted(maps.Keys(taskOrders)), ", "))
	case direction != "asc" && direction != "desc":
		return q, commands.Refuse(commands.Invalid, "Invalid sort direction: %.40s", direction)
	}
	q.descending = direction == "desc"
	if id := params.Get("marker"); id != "" {
		t, ok := api.World(ctx).Image.Tasks.Get(id)
		if !ok {
			return q, commands.Refuse(commands.Invalid, "Invalid marker. Task %.100s could not be found.", id)
		}
		q.after = &t
	}
	return q, nil
}

var taskKinds = []string{"import", "api_image_import", "location_import"}

func taskSchema() object {
	text := func(description string) object { return typed(description, "string") }
	return object{"name": "task", "properties": object{
		"id":         text("The task's id").with("pattern", uuidForm.String()),
		"type":       text("What is done").with("enum", taskKinds),
		"status":     text("How far it is").with("enum", taskStates),
		"input":      typed("What was asked for", "null", "object"),
		"result":     typed("What came of it", "null", "object"),
		"owner":      text("The project that asked"),
		"message":    text("How far it is, or why it failed"),
		"image_id":   text("The image that it is about"),
		"request_id": text("The request that asked for it"),
		"user_id":    text("The person who asked"),
		"expires_at": typed("When nothing will be known of the task any more", "null", "string"),
		"created_at": text("When it was asked for"),
		"updated_at": text("When it last changed"),
		"self":       text("The address of the task").readOnly(),
		"schema":     text("The address of this schema").readOnly(),
	}}
}
