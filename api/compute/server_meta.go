package compute

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

func (s *Service) mountServerMetadata(a huma.API) {
	const path, rule = "/servers/{id}/metadata", "os_compute_api:server-metadata:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listMetadata)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.addMetadata)
	api.Handle(a, "PUT "+path, rule+"update_all", http.StatusOK, s.setMetadata)
	api.Handle(a, "GET "+path+"/{key}", rule+"show", http.StatusOK, s.showMetadataItem)
	api.Handle(a, "PUT "+path+"/{key}", rule+"update", http.StatusOK, s.setMetadataItem)
	api.Handle(a, "DELETE "+path+"/{key}", rule+"delete", http.StatusNoContent, s.deleteMetadataItem)
}

type (
	metadataBody struct {
		Metadata map[string]string `json:"metadata"`
	}
	metadataIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body metadataBody
	}
	metadataOut struct{ Body metadataBody }
	metaBody    struct {
		Meta map[string]string `json:"meta"`
	}
	metaKey struct {
		ID  string `path:"id" maxLength:"255"`
		Key string `path:"key" maxLength:"255"`
	}
	metaIn struct {
		ID   string `path:"id" maxLength:"255"`
		Key  string `path:"key" maxLength:"255"`
		Body metaBody
	}
	metaOut struct{ Body metaBody }
)

func checkMetadata(m map[string]string) error {
	for k, v := range m {
		if k == "" || len(k) > 255 || len(v) > 255 || strings.TrimLeft(k, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:. ") != "" {
			return commands.Refuse(commands.Invalid, "Invalid input for field/attribute metadata. Keys have 1 to 255 letters, digits and -_:. or spaces, values at most 255 characters.")
		}
	}
	return nil
}

func (s *Service) listMetadata(ctx context.Context, in *serverID) (*metadataOut, error) {
	one, err := seenServer(ctx, in.ID)
	return &metadataOut{metadataBody{one.Metadata}}, err
}

// changeMetadata does one change and shows what the server has then.
func (s *Service) changeMetadata(ctx context.Context, c cmd.ChangeServerMetadata) (map[string]string, error) {
	if err := checkMetadata(c.Put); err != nil {
		return nil, err
	}
	if _, err := seenServer(ctx, c.ID); err != nil {
		return nil, err
	}
	c.By = by(ctx)
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	one, _ := w.Compute.Servers.Get(c.ID)
	return one.Metadata, nil
}

func (s *Service) addMetadata(ctx context.Context, in *metadataIn) (*metadataOut, error) {
	m, err := s.changeMetadata(ctx, cmd.ChangeServerMetadata{ID: in.ID, Put: in.Body.Metadata})
	return &metadataOut{metadataBody{m}}, err
}

func (s *Service) setMetadata(ctx context.Context, in *metadataIn) (*metadataOut, error) {
	m, err := s.changeMetadata(ctx, cmd.ChangeServerMetadata{ID: in.ID, Put: in.Body.Metadata, Replace: true})
	return &metadataOut{metadataBody{m}}, err
}

func (s *Service) showMetadataItem(ctx context.Context, in *metaKey) (*metaOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v, ok := one.Metadata[in.Key]
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Metadata item was not found")
	}
	return &metaOut{metaBody{map[string]string{in.Key: v}}}, nil
}

func (s *Service) setMetadataItem(ctx context.Context, in *metaIn) (*metaOut, error) {
	if _, ok := in.Body.Meta[in.Key]; !ok || len(in.Body.Meta) != 1 {
		return nil, commands.Refuse(commands.Invalid, "Request body and URI mismatch")
	}
	_, err := s.changeMetadata(ctx, cmd.ChangeServerMetadata{ID: in.ID, Put: in.Body.Meta})
	return &metaOut{in.Body}, err
}

func (s *Service) deleteMetadataItem(ctx context.Context, in *metaKey) (*api.Empty, error) {
	_, err := s.changeMetadata(ctx, cmd.ChangeServerMetadata{ID: in.ID, Delete: []string{in.Key}})
	return &api.Empty{Status: http.StatusNoContent}, err
}
