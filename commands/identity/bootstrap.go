package identity

// Bootstrap makes an empty cloud one that an administrator can log in to. It is granted once.
type Bootstrap struct {
	ProjectID, UserID, PasswordHash string
	// The ids of the roles admin, manager, member, reader and service.
	AdminRoleID, ManagerRoleID, MemberRoleID, ReaderRoleID, ServiceRoleID string
	RegionID                                                              string
	Services                                                              []BootstrapService
}

// BootstrapService is one service of the first catalog, with its three endpoints.
type BootstrapService struct {
	ID, Type, Name, Description      string
	PublicID, InternalID, AdminID    string // of the endpoints
	PublicURL, InternalURL, AdminURL string
}

// CommandType is the wire name.
func (Bootstrap) CommandType() string { return "identity.bootstrap" }
