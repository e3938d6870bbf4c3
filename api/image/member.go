package image

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/projections"
	view "skylog/projections/image"
)

func (s *Service) mountMembers(a huma.API) {
	const all = "/images/{id}/members"
	api.Handle(a, "POST "+all, "add_member", http.StatusOK, s.addMember, unread)
	api.Handle(a, "GET "+all, "get_members", http.StatusOK, s.listMembers)
	api.Handle(a, "GET "+all+"/{member}", "get_member", http.StatusOK, s.showMember)
	api.Handle(a, "PUT "+all+"/{member}", "modify_member", http.StatusOK, s.answerMember, unread)
	api.Handle(a, "DELETE "+all+"/{member}", "delete_member", http.StatusNoContent, s.removeMember)
}

type shownMember struct {
	MemberID  string    `json:"member_id"`
	ImageID   string    `json:"image_id"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Schema    string    `json:"schema"`
}

type (
	addMemberIn struct {
		ByID
		RawBody []byte `contentType:"application/json"`
	}
	// ByMember is an image's member in a path.
	ByMember struct {
		ByID
		Member string `path:"member" maxLength:"255"`
	}
	answerIn struct {
		ByMember
		RawBody []byte `contentType:"application/json"`
	}
	memberOut  struct{ Body shownMember }
	membersOut struct {
		Body struct {
			Members []shownMember `json:"members"`
			Schema  string        `json:"schema"`
		}
	}
)

func showMember(m view.Member) shownMember {
	return shownMember{MemberID: m.MemberID.MemberID, ImageID: m.ImageID, Status: m.Status, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt, Schema: "/v2/schemas/member"}
}

// sharedImage returns an image that can have members, if the rule lets the caller.
func sharedImage(ctx context.Context, id, rule, denial string) (view.Image, error) {
	i, err := see(ctx, api.World(ctx), id)
	if err != nil {
		return i, err
	}
	if i.Visibility != view.Shared {
		return i, commands.Refuse(commands.Forbidden, "%s: Only shared images have members.", denial)
	}
	return i, api.AllowRule(ctx, rule, target(ctx, i, denial+"."))
}

// readField reads the one string that a member's body has.
func readField(body []byte, name, missing string) (string, error) {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return "", commands.Refuse(commands.Invalid, "Malformed JSON in request body.")
	}
	value, ok := fields[name].(string)
	if !ok {
		return "", commands.Refuse(commands.Invalid, "%s", missing)
	}
	return value, nil
}

func (s *Service) addMember(ctx context.Context, in *addMemberIn) (*memberOut, error) {
	id, err := readField(in.RawBody, "member", "Member to be added not specified")
	if err != nil {
		return nil, err
	}
	if id == "" || len(id) > maxName {
		return nil, commands.Refuse(commands.Invalid, "Member can't be empty, nor longer than %d characters", maxName)
	}
	i, err := sharedImage(ctx, in.ID, "add_member", "Not allowed to create members for image "+in.ID)
	if err != nil {
		return nil, err
	}
	return s.member(ctx, i.ID, id, cmd.AddMember{ImageID: i.ID, MemberID: id})
}

// member asks for a change of a membership and shows it.
func (s *Service) member(ctx context.Context, imageID, memberID string, c commands.Command) (*memberOut, error) {
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	m, _ := w.Image.Members.Get(view.MemberID{ImageID: imageID, MemberID: memberID})
	return &memberOut{showMember(m)}, nil
}

// mayKnow is whether the caller may know of a member: the owner of all, a member
// of itself.
func mayKnow(ctx context.Context, i view.Image, memberID string) bool {
	project := api.From(ctx).ProjectID
	return i.OwnerID == project || memberID == project || isAdmin(ctx)
}

func (s *Service) listMembers(ctx context.Context, in *ByID) (*membersOut, error) {
	i, err := sharedImage(ctx, in.ID, "get_members", "Not allowed to list members for image "+in.ID)
	if err != nil {
		return nil, err
	}
	out := &membersOut{}
	out.Body.Schema = "/v2/schemas/members"
	for m := range api.World(ctx).Image.Members.OfImage(i.ID) {
		if mayKnow(ctx, i, m.MemberID.MemberID) {
			out.Body.Members = append(out.Body.Members, showMember(m))
		}
	}
	return out, nil
}

// find returns a membership that the caller may know of.
func find(ctx context.Context, w *projections.World, i view.Image, memberID string) (view.Member, error) {
	m, ok := w.Image.Members.Get(view.MemberID{ImageID: i.ID, MemberID: memberID})
	if !ok || !mayKnow(ctx, i, memberID) {
		return m, commands.Refuse(commands.NotFound, "%.100s not found in the member list of the image %s.", memberID, i.ID)
	}
	return m, nil
}

func (s *Service) showMember(ctx context.Context, in *ByMember) (*memberOut, error) {
	i, err := sharedImage(ctx, in.ID, "get_member", "You are not authorized to lookup the members of the image "+in.ID)
	if err != nil {
		return nil, err
	}
	m, err := find(ctx, api.World(ctx), i, in.Member)
	if err != nil {
		return nil, err
	}
	return &memberOut{showMember(m)}, nil
}

// answerMember lets a project answer for itself, and nobody for another.
func (s *Service) answerMember(ctx context.Context, in *answerIn) (*memberOut, error) {
	status, err := readField(in.RawBody, "status", "Status not specified")
	if err != nil {
		return nil, err
	}
	denial := "Not allowed to update members for image " + in.ID
	i, err := sharedImage(ctx, in.ID, "get_member", denial)
	if err != nil {
		return nil, err
	}
	if _, err := find(ctx, api.World(ctx), i, in.Member); err != nil {
		return nil, err
	}
	t := target(ctx, i, denial+".")
	t.Attrs["member_id"] = in.Member
	if !api.Can(ctx, "modify_member", t) {
		return nil, commands.Refuse(commands.Forbidden, "%s.", denial)
	}
	return s.member(ctx, i.ID, in.Member, cmd.AnswerMember{ImageID: i.ID, MemberID: in.Member, Status: status})
}

func (s *Service) removeMember(ctx context.Context, in *ByMember) (*api.Empty, error) {
	i, err := sharedImage(ctx, in.ID, "delete_member", "Not allowed to delete members for image "+in.ID)
	if err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, cmd.RemoveMember{ImageID: i.ID, MemberID: in.Member})
	return &api.Empty{Status: http.StatusNoContent}, err
}
