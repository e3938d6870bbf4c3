package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

// Vault seals what must be read again, with a key of its owner's that can be thrown away.
type Vault interface {
	Seal(owner string, plaintext []byte) ([]byte, error)
	Open(owner string, envelope []byte) ([]byte, error)
}

func (s *Service) mountCredentials(a huma.API) { s.credentials().mount(a, api.PresentOnly) }

// The types of credentials that this service understands itself.
const (
	typeEC2  = "ec2"
	typeTOTP = "totp"
)

type (
	createSecret struct {
		Blob      string  `json:"blob" minLength:"1" maxLength:"16384"`
		Type      string  `json:"type" minLength:"1" maxLength:"255"`
		UserID    string  `json:"user_id" minLength:"1" maxLength:"64"`
		ProjectID *string `json:"project_id,omitempty" nullable:"true" maxLength:"64"`
	}
	changeSecret struct {
		Blob      *string `json:"blob,omitempty" minLength:"1" maxLength:"16384"`
		Type      *string `json:"type,omitempty" maxLength:"255"`
		UserID    *string `json:"user_id,omitempty" maxLength:"64"`
		ProjectID *string `json:"project_id,omitempty" maxLength:"64"`
	}
	secret struct {
		ID        string  `json:"id"`
		UserID    string  `json:"user_id"`
		ProjectID *string `json:"project_id"`
		Type      string  `json:"type"`
		Blob      string  `json:"blob"`
		Links     self    `json:"links"`
	}
	// keyBlob is what stands in the blob of a key for signatures.
	keyBlob struct {
		Access  string `json:"access"`
		Secret  string `json:"secret"`
		TrustID string `json:"trust_id,omitempty"`
		AppID   string `json:"app_cred_id,omitempty"`
	}
)

func (createSecret) keys() (string, string) { return "credential", "credentials" }
func (changeSecret) keys() (string, string) { return "credential", "credentials" }
func (secret) keys() (string, string)       { return "credential", "credentials" }

// accessID is the id of the credential with this access key.
func accessID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

func (s *Service) credentials() resource[view.Credential, createSecret, changeSecret, secret] {
	return resource[view.Credential, createSecret, changeSecret, secret]{
		Service: s, path: "/credentials", name: "credential", what: "credential",
		get: func(t *view.Tables, id string) (view.Credential, bool) { return t.Credentials.Get(id) },
		attrs: func(c view.Credential) map[string]string {
			return map[string]string{"target.credential.user_id": c.UserID}
		},
		show: s.showSecret, id: func(c *view.Credential) string { return c.ID },
		make: s.makeSecret, change: s.changeSecret,
		may:    func(ctx context.Context, c view.Credential) error { return inBounds(ctx, c.ProjectID) },
		delete: func(c view.Credential) commands.Command { return cmd.DeleteCredential{ID: c.ID} },
		listed: func(ctx context.Context) map[string]string {
			return map[string]string{"target.credential.user_id": api.From(ctx).UserID}
		},
		all: visibleSecrets,
	}
}

// inBounds refuses tokens that were had by delegation what isn't of their own project: what has
// none, such as what passcodes follow from, is never in bounds.
func inBounds(ctx context.Context, projectID string) error {
	if k := claims(api.From(ctx)); k.Delegated() && (k.Scope.Kind != view.OnProject || projectID != k.Scope.ID) {
		return commands.Refuse(commands.Forbidden, "Credential project does not match the project scope of the delegated token.")
	}
	return nil
}

// visibleSecrets goes through the credentials that the caller may see, each of which the rule
// is asked about: other users' secrets are in nobody's list who may not show them one by one.
func visibleSecrets(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Credential] {
	userID := api.Query(ctx).Get("user_id")
	if own := map[string]string{"target.credential.user_id": ""}; userID == "" && !api.Can(ctx, "identity:get_credential", api.Target{Attrs: own}) {
		userID = api.From(ctx).UserID
	}
	all := rows(t.Credentials.From(marker))
	if userID != "" {
		all = rows(t.Credentials.OfUser(userID, marker))
	}
	passes := filters(ctx, "type", "user_id")
	return where(all, func(c *view.Credential) bool {
		return c.ID != marker && passes(c.Type, c.UserID) && inBounds(ctx, c.ProjectID) == nil &&
			api.Can(ctx, "identity:get_credential", api.Target{Attrs: map[string]string{"target.credential.user_id": c.UserID}})
	})
}

// open reads what is sealed. What can't be read any more, since the key was thrown away, is empty.
func (s *Service) open(ctx context.Context, c view.Credential) []byte {
	blob, err := api.Unseal(ctx, s.Vault.Open, c.UserID, c.Sealed)
	if err != nil {
		return nil
	}
	return blob
}

func (s *Service) showSecret(ctx context.Context, c view.Credential) with[secret] {
	return with[secret]{Known: secret{c.ID, c.UserID, orNull(c.ProjectID), c.Type, string(s.open(ctx, c)), link(ctx, "credentials", c.ID)}}
}

// parseKey reads the blob of a key for signatures.
func parseKey(blob string) (key keyBlob, err error) {
	if json.Unmarshal([]byte(blob), &key) != nil {
		return key, malformed("Invalid blob in credential")
	}
	if key.Access == "" || key.Secret == "" {
		return key, malformed("The blob of a credential of type ec2 has access and secret.")
	}
	return key, nil
}

func (s *Service) makeSecret(ctx context.Context, in *with[createSecret]) (wish, error) {
	want, k := in.Known, claims(api.From(ctx))
	w := wish{id: api.NewHexID(ctx), attrs: map[string]string{"target.credential.user_id": want.UserID}}
	if err := inBounds(ctx, value(want.ProjectID)); err != nil {
		return w, err
	}
	if strings.EqualFold(want.Type, typeEC2) {
		key, err := parseKey(want.Blob)
		if err == nil {
			err = unrestricted(ctx)
		}
		switch {
		case err != nil:
			return w, err
		case value(want.ProjectID) == "":
			return w, malformed("A credential of type ec2 is for a project: project_id.")
		case key.TrustID != "" || key.AppID != "":
			return w, malformed("trust_id and app_cred_id follow from the token.")
		}
		w.id = accessID(key.Access)
		if k.Delegated() {
			key.TrustID, key.AppID = k.TrustID, k.ApplicationCredentialID
			blob, err := json.Marshal(key)
			if err != nil {
				return w, err
			}
			want.Blob = string(blob)
		}
	}
	sealed, err := api.Seal(ctx, s.Vault.Seal, want.UserID, []byte(want.Blob))
	if err != nil {
		return w, errors.Join(malformed("user_id can't be a user's id."), err)
	}
	w.do = []commands.Command{cmd.CreateCredential{ID: w.id, UserID: want.UserID, ProjectID: value(want.ProjectID), Type: want.Type, Sealed: sealed,
		TrustID: k.TrustID, ApplicationCredentialID: k.ApplicationCredentialID}}
	return w, nil
}

// changeSecret replaces the content. Whose it is, and what for, stays.
func (s *Service) changeSecret(ctx context.Context, c view.Credential, in *with[changeSecret]) (commands.Command, error) {
	for name, same := range map[string]bool{
		"type":    in.Known.Type == nil || *in.Known.Type == c.Type,
		"user_id": in.Known.UserID == nil || *in.Known.UserID == c.UserID, "project_id": in.Known.ProjectID == nil || *in.Known.ProjectID == c.ProjectID,
	} {
		if !same {
			return nil, malformed("Of a credential, %s can't be changed.", name)
		}
	}
	if in.Known.Blob == nil {
		return nil, malformed("Expecting to find blob in credential.")
	}
	blob := *in.Known.Blob
	if strings.EqualFold(c.Type, typeEC2) {
		key, err := parseKey(blob)
		switch {
		case err != nil:
			return nil, err
		case accessID(key.Access) != c.ID || key.TrustID != c.TrustID || key.AppID != c.ApplicationCredentialID:
			return nil, malformed("access, trust_id and app_cred_id can not be updated for credential")
		}
	}
	sealed, err := api.Seal(ctx, s.Vault.Seal, c.UserID, []byte(blob))
	if err != nil {
		return nil, err
	}
	return cmd.ReplaceCredential{ID: c.ID, Sealed: sealed}, nil
}
