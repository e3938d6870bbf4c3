package identity

import (
	"strings"

	"github.com/google/uuid"

	cmd "skylog/commands/identity"
)

// Offer is one service for the first catalog. In its URL, {public} stands for
// where the gateway is and $(project_id)s for the token's project; all three
// interfaces get it.
type Offer struct{ Type, Name, Description, URL string }

// BootstrapCommand makes the command that makes an empty cloud one to log in to:
// user admin with this password in project admin of domain Default, the roles,
// the region RegionOne and the catalog. On a cloud that was bootstrapped it is refused.
func BootstrapCommand(password string, offers ...Offer) (cmd.Bootstrap, error) {
	hash, err := HashPassword(password, DefaultHashCost)
	if err != nil {
		return cmd.Bootstrap{}, err
	}
	id := func() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }
	c := cmd.Bootstrap{ProjectID: id(), UserID: id(), PasswordHash: hash, AdminRoleID: id(), ManagerRoleID: id(), MemberRoleID: id(),
		ReaderRoleID: id(), ServiceRoleID: id(), RegionID: "RegionOne"}
	for _, o := range offers {
		c.Services = append(c.Services, cmd.BootstrapService{ID: id(), Type: o.Type, Name: o.Name, Description: o.Description,
			PublicID: id(), InternalID: id(), AdminID: id(), PublicURL: o.URL, InternalURL: o.URL, AdminURL: o.URL})
	}
	return c, nil
}
