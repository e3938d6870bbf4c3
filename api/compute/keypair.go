package compute

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

func (s *Service) mountKeypairs(a huma.API) {
	const path, rule = "/os-keypairs", "os_compute_api:os-keypairs:"
	api.Handle(a, "POST "+path, rule+"create", http.StatusCreated, s.createKeypair)
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listKeypairs)
	api.Handle(a, "GET "+path+"/{name}", rule+"show", http.StatusOK, s.showKeypair)
	api.Handle(a, "DELETE "+path+"/{name}", rule+"delete", http.StatusNoContent, s.deleteKeypair)
}

// createKeypair is what may be sent; what is shown is keypair, keypairItem in a
// list and keypairDetail on its own, each in its newest form.
type createKeypair struct {
	Name      string  `json:"name" minLength:"1" maxLength:"255"`
	Type      string  `json:"type,omitempty" enum:"ssh,x509" since:"2.2"`
	PublicKey *string `json:"public_key,omitempty" maxLength:"65535"`
	UserID    string  `json:"user_id,omitempty" maxLength:"255" since:"2.10"`
}

type keypairItem struct {
	Name        string `json:"name"`
	Type        string `json:"type" since:"2.2"`
	PublicKey   string `json:"public_key"`
	Fingerprint string `json:"fingerprint"`
}

type keypair struct {
	keypairItem
	PrivateKey string `json:"private_key,omitempty" until:"2.91"`
	UserID     string `json:"user_id"`
}

type keypairDetail struct {
	keypairItem
	UserID    string    `json:"user_id"`
	ID        int       `json:"id"`
	CreatedAt time.Time `json:"created_at" layout:"2006-01-02T15:04:05.000000"`
	UpdatedAt *string   `json:"updated_at"`
	Deleted   bool      `json:"deleted"`
	DeletedAt *string   `json:"deleted_at"`
}

// oneKeypair is the envelope of every keypair body, also within lists.
type oneKeypair[T any] struct {
	Keypair T `json:"keypair"`
}

type (
	createKeypairIn struct{ Body oneKeypair[createKeypair] }
	keypairOut      struct {
		Status int
		Body   oneKeypair[keypair]
	}
	keypairDetailOut struct{ Body oneKeypair[keypairDetail] }
	keypairName      struct {
		Name   string `path:"name" maxLength:"255"`
		UserID string `query:"user_id" maxLength:"255" since:"2.10"`
	}
	listKeypairsIn struct {
		api.Paging
		UserID string `query:"user_id" maxLength:"255" since:"2.10"`
	}
	keypairsOut struct {
		Body struct {
			Keypairs []oneKeypair[keypairItem] `json:"keypairs"`
			Links    []api.Link                `json:"keypairs_links,omitempty" since:"2.35"`
		}
	}
)

func showKeypairItem(k view.Keypair) keypairItem {
	return keypairItem{Name: k.Name, Type: k.Type, PublicKey: k.PublicKey, Fingerprint: k.Fingerprint}
}

func showKeypair(k view.Keypair) keypair {
	return keypair{keypairItem: showKeypairItem(k), UserID: k.UserID}
}

func showKeypairDetail(k view.Keypair) keypairDetail {
	return keypairDetail{keypairItem: showKeypairItem(k), UserID: k.UserID, ID: k.Number, CreatedAt: k.CreatedAt}
}

// keysOf is whose keys a caller speaks of, if they may.
func keysOf(ctx context.Context, userID string) (string, error) {
	userID = cmp.Or(userID, api.From(ctx).UserID)
	return userID, api.Allow(ctx, api.Target{UserID: userID})
}

func (s *Service) createKeypair(ctx context.Context, in *createKeypairIn) (*keypairOut, error) {
	who, want := api.From(ctx), in.Body.Keypair
	userID, err := keysOf(ctx, want.UserID)
	if err != nil {
		return nil, err
	}
	key, private, err := readOrMakeKey(who.Version, userID, want) // the private half goes back to the caller and nowhere else
	if err != nil {
		return nil, err
	}
	key.ProjectID = who.ProjectID
	w, err := s.Do(ctx, key) // w is the world in which it is done: we read what we wrote
	if err != nil {
		return nil, err
	}
	k, _ := w.Compute.Keypairs.Get(view.KeypairID{UserID: userID, Name: key.Name})
	out := &keypairOut{Status: http.StatusCreated, Body: oneKeypair[keypair]{showKeypair(k)}}
	if k.Fingerprint == key.Fingerprint { // else a repeated request got the answer of the first, whose private half is gone
		out.Body.Keypair.PrivateKey = private
	}
	if who.Version.Before(2, 2) {
		out.Status = http.StatusOK
	}
	return out, nil
}

func (s *Service) listKeypairs(ctx context.Context, in *listKeypairsIn) (*keypairsOut, error) {
	userID, err := keysOf(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	keys := &api.World(ctx).Compute.Keypairs
	if api.From(ctx).Version.Before(2, 35) {
		in.Marker, size = "", api.MaxPage // no paging yet: a user has a hundred keys at most
	}
	if in.Marker != "" && !keys.Has(view.KeypairID{UserID: userID, Name: in.Marker}) {
		return nil, api.BadMarker(in.Marker)
	}
	page, more := api.Take(keys.OfUser(userID, in.Marker), size)
	out := &keypairsOut{}
	for _, k := range page {
		out.Body.Keypairs = append(out.Body.Keypairs, oneKeypair[keypairItem]{showKeypairItem(k)})
	}
	if more && len(page) > 0 {
		out.Body.Links = api.Next(ctx, more, page[len(page)-1].Name)
	}
	return out, nil
}

func (s *Service) showKeypair(ctx context.Context, in *keypairName) (*keypairDetailOut, error) {
	userID, err := keysOf(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	k, ok := api.World(ctx).Compute.Keypairs.Get(view.KeypairID{UserID: userID, Name: in.Name})
	if !ok {
		return nil, api.Fail(http.StatusNotFound, "Keypair %s not found for user %s", in.Name, userID)
	}
	return &keypairDetailOut{oneKeypair[keypairDetail]{showKeypairDetail(k)}}, nil
}

func (s *Service) deleteKeypair(ctx context.Context, in *keypairName) (*api.Empty, error) {
	userID, err := keysOf(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, cmd.DeleteKeypair{UserID: userID, Name: in.Name}); err != nil {
		return nil, err
	}
	if api.From(ctx).Version.Before(2, 2) {
		return &api.Empty{Status: http.StatusAccepted}, nil
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}
