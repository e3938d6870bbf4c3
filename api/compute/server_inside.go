package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
)

// What is known of the inside of a server: how its CPUs and memory lie, the
// password that its guest may have sent, and what is attached to it.
func (s *Service) mountServerInsides(a huma.API) {
	const path, rule = "/servers/{id}", "os_compute_api:"
	api.Handle(a, "GET "+path+"/topology", "compute:server:topology:index", http.StatusOK, s.showTopology, api.Between("2.78", ""))
	api.Handle(a, "GET "+path+"/os-server-password", rule+"os-server-password:show", http.StatusOK, s.showPassword)
	api.Handle(a, "DELETE "+path+"/os-server-password", rule+"os-server-password:clear", http.StatusNoContent, s.clearPassword)
	api.Handle(a, "GET "+path+"/os-volume_attachments", rule+"os-volumes-attachments:index", http.StatusOK, s.listAttachments)
	api.Handle(a, "GET "+path+"/os-volume_attachments/{volume}", rule+"os-volumes-attachments:show", http.StatusOK, s.showAttachment)
}

// nothingMore is an item of lists that are empty here.
type nothingMore struct{}

type (
	topologyOut struct {
		Body struct {
			Nodes    []nothingMore `json:"nodes"`
			PageSize *int          `json:"pagesize_kb"`
		}
	}
	passwordOut struct {
		Body struct {
			Password string `json:"password"`
		}
	}
	attachmentsOut struct {
		Body struct {
			Attachments []nothingMore `json:"volumeAttachments"`
		}
	}
	attachmentID struct {
		ID     string `path:"id" maxLength:"255"`
		Volume string `path:"volume" maxLength:"255"`
	}
)

// showTopology shows no NUMA nodes: guests are given none.
func (s *Service) showTopology(ctx context.Context, in *serverID) (*topologyOut, error) {
	_, err := seenServer(ctx, in.ID)
	return &topologyOut{}, err
}

// showPassword shows what a guest sent to the metadata service; ours takes none.
func (s *Service) showPassword(ctx context.Context, in *serverID) (*passwordOut, error) {
	_, err := seenServer(ctx, in.ID)
	return &passwordOut{}, err
}

func (s *Service) clearPassword(ctx context.Context, in *serverID) (*api.Empty, error) {
	_, err := seenServer(ctx, in.ID)
	return &api.Empty{}, err
}

func (s *Service) listAttachments(ctx context.Context, in *serverID) (*attachmentsOut, error) {
	_, err := seenServer(ctx, in.ID)
	return &attachmentsOut{}, err
}

func (s *Service) showAttachment(ctx context.Context, in *attachmentID) (*api.Empty, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, commands.Refuse(commands.NotFound, "Instance %s is not attached to volume %s", in.ID, in.Volume)
}
