package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
)

func (s *Service) mountRevocations(a huma.API) {
	api.Handle(a, "GET /OS-REVOKE/events", "identity:list_revoke_events", http.StatusOK, s.listRevocations)
}

type (
	revocation struct {
		AuditID      string    `json:"audit_id"`
		ExpiresAt    time.Time `json:"expires_at"`
		IssuedBefore time.Time `json:"issued_before" layout:"2006-01-02T15:04:05.000000Z"`
		RevokedAt    time.Time `json:"revoked_at" layout:"2006-01-02T15:04:05.000000Z"`
	}
	listRevocationsIn struct {
		api.Paging
		Since string `query:"since" maxLength:"64"`
	}
	revocationsOut struct {
		Body struct {
			Events []revocation `json:"events"`
			Links  api.Links    `json:"links"`
		}
	}
)

// listRevocations lists the tokens that were revoked one by one and haven't expired. What ends
// tokens otherwise, such as a disabled user, isn't listed: it is asked of the world whenever a
// token is checked.
func (s *Service) listRevocations(ctx context.Context, in *listRevocationsIn) (*revocationsOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	var since time.Time
	if in.Since != "" {
		if since, err = time.Parse(time.RFC3339, in.Since); err != nil {
			return nil, malformed("invalidate date format %.64s", in.Since)
		}
	}
	out := &revocationsOut{}
	more, last := false, ""
	for id, r := range api.World(ctx).Identity.Revocations.From(in.Marker) {
		if id == in.Marker || r.At.Before(since) {
			continue
		}
		if more = len(out.Body.Events) == size; more {
			break
		}
		out.Body.Events, last = append(out.Body.Events, revocation{r.AuditID, r.Due, r.At, r.At}), id
	}
	out.Body.Links = api.LinksOf(ctx, more && size > 0, last)
	return out, nil
}
