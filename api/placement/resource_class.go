package placement

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	view "skylog/projections/placement"
)

func (s *Service) mountResourceClasses(a huma.API) {
	const path, one, rule = "/resource_classes", "/resource_classes/{name}", "placement:resource_classes:"
	since := api.Between("1.2", "")
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listResourceClasses, since)
	api.Handle(a, "POST "+path, rule+"create", http.StatusCreated, s.createResourceClass, since)
	api.Handle(a, "GET "+one, rule+"show", http.StatusOK, s.showResourceClass, since)
	api.Handle(a, "PUT "+one, rule+"update", http.StatusOK, s.putResourceClass, since)
	api.Handle(a, "DELETE "+one, rule+"delete", http.StatusNoContent, s.deleteResourceClass, since)
}

type resourceClass struct {
	Name  string     `json:"name"`
	Links []api.Link `json:"links"`
}

func showClass(name string) resourceClass {
	return resourceClass{name, []api.Link{{Rel: "self", Href: "/placement/resource_classes/" + name}}}
}

type (
	className struct {
		Name string `path:"name" maxLength:"255"`
	}
	classOut struct {
		Fresh
		Body resourceClass
	}
	classesOut struct {
		Fresh
		Body struct {
			ResourceClasses []resourceClass `json:"resource_classes"`
		}
	}
	createClassIn struct {
		Body struct {
			Name string `json:"name" pattern:"^CUSTOM_[A-Z0-9_]+$" maxLength:"255"`
		}
	}
)

func (s *Service) listResourceClasses(ctx context.Context, _ *nothing) (*classesOut, error) {
	out := &classesOut{Fresh: asOf(ctx, time.Time{})}
	for _, name := range view.StandardClasses {
		out.Body.ResourceClasses = append(out.Body.ResourceClasses, showClass(name))
	}
	for name := range api.World(ctx).Placement.ResourceClasses.All() { // bounded: clients may make only so many
		out.Body.ResourceClasses = append(out.Body.ResourceClasses, showClass(name))
	}
	return out, nil
}

func (s *Service) createResourceClass(ctx context.Context, in *createClassIn) (*reply, error) {
	if _, err := s.Do(ctx, cmd.CreateResourceClass{Name: in.Body.Name}); err != nil {
		return nil, err
	}
	return &reply{Location: api.Root(ctx) + "/resource_classes/" + in.Body.Name}, nil
}

func (s *Service) showResourceClass(ctx context.Context, in *className) (*classOut, error) {
	w := api.World(ctx)
	if !w.Placement.HasClass(in.Name) {
		return nil, commands.Refuse(commands.NotFound, "No such resource class %.255s.", in.Name)
	}
	made, _ := w.Placement.ResourceClasses.Get(in.Name)
	return &classOut{asOf(ctx, made.CreatedAt), showClass(in.Name)}, nil
}

type putClassIn struct {
	Name string `path:"name" maxLength:"255"`
	Body *struct {
		Name string `json:"name" pattern:"^CUSTOM_[A-Z0-9_]+$" maxLength:"255" until:"1.6"`
	} `required:"false"`
}

// putResourceClass renames a class until 1.6, and from then on makes one if it isn't there.
func (s *Service) putResourceClass(ctx context.Context, in *putClassIn) (*reply, error) {
	if api.From(ctx).Version.Before(1, 7) {
		if in.Body == nil {
			return nil, commands.Refuse(commands.Invalid, "JSON does not validate: 'name' is a required property")
		}
		if _, err := s.Do(ctx, cmd.RenameResourceClass{Name: in.Name, To: in.Body.Name}); err != nil {
			return nil, err
		}
		return &reply{Body: showClass(in.Body.Name)}, nil
	}
	if !customName.MatchString(in.Name) {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: '%.255s' does not match '^CUSTOM_[A-Z0-9_]+$'", in.Name)
	}
	status := http.StatusCreated
	if api.World(ctx).Placement.HasClass(in.Name) {
		status = http.StatusNoContent
	}
	if _, err := s.Do(ctx, cmd.CreateResourceClass{Name: in.Name, Lenient: true}); err != nil {
		return nil, err
	}
	return &reply{Status: status, Location: api.Root(ctx) + "/resource_classes/" + in.Name}, nil
}

func (s *Service) deleteResourceClass(ctx context.Context, in *className) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.DeleteResourceClass{Name: in.Name})
	return &api.Empty{}, err
}
