package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountEC2Credentials(a huma.API) {
	const path, rule = "/users/{id}/credentials/OS-EC2", "identity:ec2_"
	api.Handle(a, "POST "+path, rule+"create_credential", http.StatusCreated, s.createKey)
	api.Handle(a, "GET "+path, rule+"list_credentials", http.StatusOK, s.listKeys, api.PresentOnly)
	api.Handle(a, "GET "+path+"/{access}", rule+"get_credential", http.StatusOK, s.showKey, api.PresentOnly)
	api.Handle(a, "DELETE "+path+"/{access}", rule+"delete_credential", http.StatusNoContent, s.deleteKey)
}

type (
	ec2Key struct {
		Access   string  `json:"access"`
		Secret   string  `json:"secret"`
		UserID   string  `json:"user_id"`
		TenantID string  `json:"tenant_id"`
		TrustID  *string `json:"trust_id"`
		Links    self    `json:"links"`
	}
	createKeyIn struct {
		ByID
		Body struct {
			TenantID string `json:"tenant_id" minLength:"1" maxLength:"64"`
		}
	}
	keyIn struct {
		ByID
		Access string `path:"access" maxLength:"255"`
	}
	keyOut struct {
		Body struct {
			Credential ec2Key `json:"credential"`
		}
	}
	keysOut struct {
		Body struct {
			Credentials []ec2Key  `json:"credentials"`
			Links       api.Links `json:"links"`
		}
	}
)

func (s *Service) showEC2Key(ctx context.Context, c view.Credential) ec2Key {
	var key keyBlob
	if json.Unmarshal(s.open(ctx, c), &key) != nil {
		key = keyBlob{} // the key it was sealed with was thrown away
	}
	return ec2Key{key.Access, key.Secret, c.UserID, c.ProjectID, orNull(c.TrustID), link(ctx, "users", c.UserID, "credentials", "OS-EC2", key.Access)}
}

// ownerThere asks the rule about a user's keys, and whether there is such a user.
func ownerThere(ctx context.Context, userID string) error {
	if err := allow(ctx, map[string]string{"user_id": userID, "target.credential.user_id": userID}); err != nil {
		return err
	}
	if !api.World(ctx).Identity.Users.Has(userID) {
		return missing("user", userID)
	}
	return nil
}

func (s *Service) createKey(ctx context.Context, in *createKeyIn) (*keyOut, error) {
	if err := ownerThere(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := unrestricted(ctx); err != nil {
		return nil, err
	}
	if err := inBounds(ctx, in.Body.TenantID); err != nil {
		return nil, err
	}
	k := claims(api.From(ctx))
	key := keyBlob{Access: api.NewHexID(ctx), Secret: newSecret()[:32], TrustID: k.TrustID, AppID: k.ApplicationCredentialID}
	blob, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	sealed, err := api.Seal(ctx, s.Vault.Seal, in.ID, blob)
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.CreateCredential{ID: accessID(key.Access), UserID: in.ID, ProjectID: in.Body.TenantID, Type: typeEC2, Sealed: sealed,
		TrustID: k.TrustID, ApplicationCredentialID: k.ApplicationCredentialID})
	if err != nil {
		return nil, err
	}
	c, _ := w.Identity.Credentials.Get(accessID(key.Access))
	out := &keyOut{}
	out.Body.Credential = s.showEC2Key(ctx, c)
	return out, nil
}

func (s *Service) listKeys(ctx context.Context, in *ByID) (*keysOut, error) {
	if err := ownerThere(ctx, in.ID); err != nil {
		return nil, err
	}
	out := &keysOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, c := range api.World(ctx).Identity.Credentials.OfUser(in.ID, "") {
		if strings.EqualFold(c.Type, typeEC2) && inBounds(ctx, c.ProjectID) == nil {
			out.Body.Credentials = append(out.Body.Credentials, s.showEC2Key(ctx, c))
		}
	}
	return out, nil
}

// keyFor finds a user's key and asks whether the caller may do this to it.
func keyFor(ctx context.Context, in *keyIn) (view.Credential, error) {
	c, ok := api.World(ctx).Identity.Credentials.Get(accessID(in.Access))
	ok = ok && c.UserID == in.ID && strings.EqualFold(c.Type, typeEC2)
	if err := ownerThere(ctx, in.ID); err != nil {
		return c, err
	}
	if !ok {
		return c, missing("credential", in.Access)
	}
	return c, inBounds(ctx, c.ProjectID)
}

func (s *Service) showKey(ctx context.Context, in *keyIn) (*keyOut, error) {
	c, err := keyFor(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &keyOut{}
	out.Body.Credential = s.showEC2Key(ctx, c)
	return out, nil
}

func (s *Service) deleteKey(ctx context.Context, in *keyIn) (*api.Empty, error) {
	c, err := keyFor(ctx, in)
	if err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteCredential{ID: c.ID}))
}
