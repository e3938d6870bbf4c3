package placement

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
)

// sentAggregates are a list until 1.18, and from then on an object with a generation.
type sentAggregates struct {
	Listed     bool
	Aggregates []string
	Generation *int
}

// maxAggregates is how many aggregates may be sent for one provider.
const maxAggregates = 512

// Schema is how huma asks what may be sent.
func (sentAggregates) Schema(huma.Registry) *huma.Schema {
	most := maxAggregates
	list := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}, MaxItems: &most, UniqueItems: true}
	return &huma.Schema{AnyOf: []*huma.Schema{list, {Type: huma.TypeObject, AdditionalProperties: false,
		Required:   []string{"aggregates", "resource_provider_generation"},
		Properties: map[string]*huma.Schema{"aggregates": list, "resource_provider_generation": {Type: huma.TypeInteger}}}}}
}

// UnmarshalJSON reads either form.
func (s *sentAggregates) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		s.Listed = true
		return json.Unmarshal(data, &s.Aggregates)
	}
	var body struct {
		Aggregates []string `json:"aggregates"`
		Generation *int     `json:"resource_provider_generation"`
	}
	if err := strictly(data, &body); err != nil {
		return err
	}
	if body.Aggregates == nil || body.Generation == nil {
		return errors.New("aggregates and resource_provider_generation are required")
	}
	s.Aggregates, s.Generation = body.Aggregates, body.Generation
	return nil
}

// strictly reads JSON that has no other members than v.
func strictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

type setAggregatesIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body sentAggregates
}

func (s *Service) setAggregates(ctx context.Context, in *setAggregatesIn) (*aggregatesOut, error) {
	if _, err := providerOf(api.World(ctx), in.UUID); err != nil {
		return nil, err
	}
	if in.Body.Listed != api.From(ctx).Version.Before(1, 19) {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: aggregates are a list before version 1.19, and an object with a resource_provider_generation since.")
	}
	c := cmd.SetAggregates{ProviderID: in.UUID, Generation: in.Body.Generation}
	for _, sent := range in.Body.Aggregates {
		id, err := idOf("aggregates", sent)
		if err != nil {
			return nil, err
		}
		c.Aggregates = append(c.Aggregates, id)
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	p, _ := w.Placement.Providers.Get(in.UUID)
	return showAggregates(ctx, &p), nil
}
