package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	view "skylog/projections/identity"
)

// Services that were sent a signed request ask here whose it is. They must be services: anybody
// else could have the token of whoever made a signed address.
func (s *Service) mountSignatures(a huma.API) {
	api.Handle(a, "POST /ec2tokens", "identity:ec2tokens_validate", http.StatusOK, s.ec2Token, api.Unrehearsed)
	api.Handle(a, "POST /s3tokens", "identity:s3tokens_validate", http.StatusOK, s.s3Token, api.Unrehearsed)
}

type signedIn struct {
	Body struct {
		Credentials    map[string]any `json:"credentials,omitempty"`
		Credential     map[string]any `json:"credential,omitempty"`
		EC2Credentials map[string]any `json:"ec2Credentials,omitempty"`
	}
	RawBody []byte
}

// request is what was signed, under any of the names that it is sent under.
func (in *signedIn) request() (*signed, error) {
	var sent struct{ Credentials, Credential, EC2Credentials *signed }
	if json.Unmarshal(in.RawBody, &sent) != nil {
		return nil, malformed("The credentials are malformed.")
	}
	for _, r := range []*signed{sent.Credentials, sent.Credential, sent.EC2Credentials} {
		if r != nil && r.Access != "" {
			return r, nil
		}
	}
	return nil, api.Fail(http.StatusUnauthorized, "EC2 Signature not supplied")
}

// keyOf finds the credential of a signed request. Without one a secret that nobody knows stands
// in its place, so that both take as long and are answered alike.
func (s *Service) keyOf(ctx context.Context, r *signed) (c view.Credential, secret string, ok bool) {
	c, ok = api.World(ctx).Identity.Credentials.Get(accessID(r.Access))
	var key keyBlob
	if !ok || !strings.EqualFold(c.Type, typeEC2) || json.Unmarshal(s.open(ctx, c), &key) != nil || key.Secret == "" {
		return c, newSecret(), false
	}
	return c, key.Secret, true
}

func (s *Service) ec2Token(ctx context.Context, in *signedIn) (*tokenOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	r, err := in.request()
	if err != nil {
		return nil, err
	}
	c, secret, ok := s.keyOf(ctx, r)
	at, dated := r.signedAt()
	if !r.validEC2(secret) || !ok || !dated || !fresh(at, s.Clock()) {
		return nil, api.Fail(http.StatusUnauthorized, "Invalid EC2 signature.")
	}
	k, err := s.tokenOfKey(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, api.World(ctx), k, s.sealToken(k)), nil
}

// s3Token tells whose a signed S3 request is. It gives no token out: who asks has no need of one.
func (s *Service) s3Token(ctx context.Context, in *signedIn) (*tokenOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	r, err := in.request()
	if err != nil {
		return nil, err
	}
	c, secret, ok := s.keyOf(ctx, r)
	at, valid := r.validS3(secret)
	if !valid || !ok || !fresh(at, s.Clock()) {
		return nil, api.Fail(http.StatusUnauthorized, "Credential signature mismatch")
	}
	k, err := s.tokenOfKey(ctx, c)
	if err != nil {
		return nil, err
	}
	out := s.shown(ctx, api.World(ctx), k, "")
	return out, nil
}

// tokenOfKey makes the token that a key leads to: for its project, and no more than the trust or
// the application credential lends by which the key was made.
func (s *Service) tokenOfKey(ctx context.Context, c view.Credential) (*view.Token, error) {
	w := api.World(ctx)
	now := s.Clock().UTC().Truncate(time.Microsecond)
	k := &view.Token{UserID: c.UserID, Scope: view.Target{Kind: view.OnProject, ID: c.ProjectID}, Methods: []string{"ec2credential"},
		AuditID: newAuditID(), Seq: w.Seq, Issued: now, Expires: now.Add(s.TokenLife), ApplicationCredentialID: c.ApplicationCredentialID, TrustID: c.TrustID}
	k.ChainID = k.AuditID
	if a, ok := w.Identity.ApplicationCredentials.Get(c.ApplicationCredentialID); ok && !a.Expires.IsZero() && a.Expires.Before(k.Expires) {
		k.Expires = a.Expires
	}
	if trust, ok := w.Identity.Trusts.Get(c.TrustID); ok {
		if k.UserID = trust.TrusteeID; trust.Impersonation {
			k.UserID = trust.TrustorID
		}
		if !trust.Expires.IsZero() && trust.Expires.Before(k.Expires) {
			k.Expires = trust.Expires
		}
	}
	if w.Identity.Check(k, now) != nil {
		return nil, unauthenticated()
	}
	return k, nil
}
