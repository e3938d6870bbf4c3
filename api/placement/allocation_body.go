package placement

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
)

// SentConsumer is what a consumer shall have, as it may be sent. Which members
// there must be depends on the microversion.
type SentConsumer struct {
	Allocations sentAllotments      `json:"allocations"`
	ProjectID   string              `json:"project_id,omitempty" minLength:"1" maxLength:"255" since:"1.8"`
	UserID      string              `json:"user_id,omitempty" minLength:"1" maxLength:"255" since:"1.8"`
	Generation  sentGeneration      `json:"consumer_generation,omitempty" since:"1.28"`
	Mappings    map[string][]string `json:"mappings,omitempty" since:"1.34"`
	Type        string              `json:"consumer_type,omitempty" pattern:"^[A-Z0-9_]+$" minLength:"1" maxLength:"255" since:"1.38"`
}

// nobody is whose allocations are of which callers before 1.8 didn't say it.
const nobody = "00000000-0000-0000-0000-000000000000"

// sentGeneration is a generation, or null for a consumer that the caller takes for new.
type sentGeneration struct {
	Sent  bool
	Value *int
}

// Schema is how huma asks what may be sent.
func (sentGeneration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Nullable: true}
}

// UnmarshalJSON reads a number or null.
func (g *sentGeneration) UnmarshalJSON(data []byte) error {
	g.Sent = true
	return json.Unmarshal(data, &g.Value)
}

// of checks what was sent and makes it the command's.
func (c *SentConsumer) of(ctx context.Context, sent string) (cmd.Consumer, error) {
	at := api.From(ctx).Version
	id, err := idOf("consumer_uuid", sent)
	if err != nil {
		return cmd.Consumer{}, err
	}
	if c.Allocations.Listed != at.Before(1, 12) {
		return cmd.Consumer{}, commands.Refuse(commands.Invalid, "JSON does not validate: allocations are a list before version 1.12, and an object since.")
	}
	for _, r := range []struct {
		name  string
		since int
		sent  bool
	}{{"project_id", 8, c.ProjectID != ""}, {"user_id", 8, c.UserID != ""}, {"consumer_generation", 28, c.Generation.Sent}, {"consumer_type", 38, c.Type != ""}} {
		if !at.Before(1, r.since) && !r.sent {
			return cmd.Consumer{}, commands.Refuse(commands.Invalid, "JSON does not validate: '%s' is a required property", r.name)
		}
	}
	return cmd.Consumer{ID: id, ProjectID: cmp.Or(c.ProjectID, nobody), UserID: cmp.Or(c.UserID, nobody), Type: c.Type,
		Checked: !at.Before(1, 28), Generation: c.Generation.Value, Allotments: c.Allocations.All}, nil
}

// consumersOf reads what many consumers shall have, in the order of their ids.
func consumersOf(ctx context.Context, sent map[string]SentConsumer) ([]cmd.Consumer, error) {
	if len(sent) > api.MaxPage {
		return nil, commands.Refuse(commands.Invalid, "Allocations of %d consumers at most can be set at once.", api.MaxPage)
	}
	all := make([]cmd.Consumer, 0, len(sent))
	for id, body := range sent {
		c, err := body.of(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b cmd.Consumer) int { return cmp.Compare(a.ID, b.ID) })
	for i := range len(all) - 1 {
		if all[i].ID == all[i+1].ID {
			return nil, commands.Refuse(commands.Invalid, "Consumer %s comes twice.", all[i].ID)
		}
	}
	return all, nil
}

// sentAllotments are what is allocated of each provider: a list until 1.11, and
// from then on an object.
type sentAllotments struct {
	Listed bool
	All    []cmd.Allotment
}

// Schema is how huma asks what may be sent.
func (sentAllotments) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}}, {Type: huma.TypeObject, AdditionalProperties: true}}}
}

type sentResources struct {
	Generation *int           `json:"generation"` // clients may send back what they got; it says nothing
	Resources  map[string]int `json:"resources"`
}

// UnmarshalJSON reads either form.
func (s *sentAllotments) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '[' {
		var byProvider map[string]sentResources
		if err := strictly(data, &byProvider); err != nil {
			return err
		}
		for provider, r := range byProvider {
			if err := s.add(provider, r.Resources); err != nil {
				return err
			}
		}
		return s.sorted()
	}
	s.Listed = true
	var list []struct {
		Provider  struct{ UUID string } `json:"resource_provider"`
		Resources map[string]int        `json:"resources"`
	}
	if err := strictly(data, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("allocations must not be empty")
	}
	for _, one := range list {
		if err := s.add(one.Provider.UUID, one.Resources); err != nil {
			return err
		}
	}
	return s.sorted()
}

// maxAllotments is how much one consumer may have, by provider and class.
const maxAllotments = 1000

var anyName = regexp.MustCompile(`^[A-Z0-9_]{1,255}$`)

func (s *sentAllotments) add(sent string, resources map[string]int) error {
	provider, err := idOf("resource provider", sent)
	if err != nil {
		return err
	}
	if len(resources) == 0 {
		return errors.New("resources must not be empty")
	}
	for class, amount := range resources {
		if !anyName.MatchString(class) || amount < 1 || amount > maxInt {
			return fmt.Errorf("%.64q: %d is no amount of a resource class", class, amount)
		}
		s.All = append(s.All, cmd.Allotment{ProviderID: provider, Class: class, Amount: amount})
	}
	if len(s.All) > maxAllotments {
		return fmt.Errorf("a consumer may have %d classes of providers at most", maxAllotments)
	}
	return nil
}

// sorted puts all in order, and refuses a provider that comes twice.
func (s *sentAllotments) sorted() error {
	slices.SortFunc(s.All, func(a, b cmd.Allotment) int {
		return cmp.Or(cmp.Compare(a.ProviderID, b.ProviderID), cmp.Compare(a.Class, b.Class))
	})
	for i := range len(s.All) - 1 {
		if a, b := s.All[i], s.All[i+1]; a.ProviderID == b.ProviderID && a.Class == b.Class {
			return fmt.Errorf("resource provider %s comes twice with %s", a.ProviderID, a.Class)
		}
	}
	return nil
}

var _ json.Unmarshaler = (*sentAllotments)(nil)
