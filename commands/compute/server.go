package compute

import "time"

// CreateServer makes a server. Its ports are there already or are made by
// commands before this one in the same batch.
type CreateServer struct {
	ID, ProjectID, UserID string
	Name                  string
	Description           string `json:",omitempty"`
	Hostname              string
	FlavorID              string
	// Image is as the edge found it; that the caller may see it was checked there.
	Image       Image
	KeyName     string            `json:",omitempty"` // a key of the user
	Metadata    map[string]string `json:",omitempty"`
	Tags        []string          `json:",omitempty"`
	UserData    []byte            `json:",omitempty"` // sealed with the project's key
	Files       []byte            `json:",omitempty"` // a list of InjectedFile, sealed likewise
	Password    []byte            `json:",omitempty"` // of its administrator, for the config drive, sealed likewise
	ConfigDrive bool              `json:",omitempty"`
	Zone        string            `json:",omitempty"` // empty: any
	Host        string            `json:",omitempty"` // an administrator's choice; empty: the scheduler's
	AccessIPv4  string            `json:",omitempty"`
	AccessIPv6  string            `json:",omitempty"`
	DiskConfig  string            `json:",omitempty"`
	PortIDs     []string          `json:",omitempty"`
	OwnPortIDs  []string          `json:",omitempty"`
	// ReservationID is shared by the servers of one request; LaunchIndex counts them.
	ReservationID string
	LaunchIndex   int    `json:",omitempty"`
	GroupID       string `json:",omitempty"` // the server group that it shall be a member of
	At            time.Time
}

// InjectedFile is a file that the guest shall find when it starts.
type InjectedFile struct {
	Path    string
	Content []byte
}

// Image is the image of a new server.
type Image struct {
	ID, Format, SHA512    string
	SizeBytes             int64
	VirtualGiB            int
	MinDiskGiB, MinRAMMiB int
	Guest
}

// Guest is what an image is said to have in it: whether there is an agent, whether
// no image may be made of its disk without it, and whose password it changes.
type Guest struct {
	Agent   bool   `json:",omitempty"`
	Quiesce bool   `json:",omitempty"`
	Admin   string `json:",omitempty"`
}

// UpdateServer changes what the owner may change; nil stays as it is.
type UpdateServer struct {
	ID                     string
	Name, Description      *string `json:",omitempty"`
	Hostname               *string `json:",omitempty"`
	AccessIPv4, AccessIPv6 *string `json:",omitempty"`
	DiskConfig             *string `json:",omitempty"`
}

// DeleteServer ends a server. Force passes over its lock, and doesn't keep it for
// as long as Reclaim says.
type DeleteServer struct {
	ID      string
	Force   bool          `json:",omitempty"`
	Reclaim time.Duration `json:",omitempty"`
	At      time.Time
	By
}

// By says what matters about who acts on a server: whether a lock holds for them.
type By struct {
	// Admin: the policy lets the caller override the lock of another.
	Admin bool `json:",omitempty"`
}

// StopServer powers a server off.
type StopServer struct {
	ID string
	At time.Time
	By
}

// StartServer powers a server on.
type StartServer struct {
	ID string
	At time.Time
	By
}

// RebootServer restarts a server, gently or, if Hard, at once.
type RebootServer struct {
	ID   string
	Hard bool
	At   time.Time
	By
}

// PauseServer stops a server's CPUs.
type PauseServer struct {
	ID string
	At time.Time
	By
}

// UnpauseServer lets a paused server go on.
type UnpauseServer struct {
	ID string
	At time.Time
	By
}

// SuspendServer writes a server's memory to disk and stops it.
type SuspendServer struct {
	ID string
	At time.Time
	By
}

// ResumeServer lets a suspended server go on.
type ResumeServer struct {
	ID string
	At time.Time
	By
}

// LockServer keeps others from acting on a server.
type LockServer struct {
	ID, Reason string
	By
}

// UnlockServer lifts the lock.
type UnlockServer struct {
	ID string
	By
}

// ResetServerState declares a server to be active or in error.
type ResetServerState struct {
	ID    string
	Error bool
}

// ChangeServerMetadata puts the given keys, and takes all others away if Replace.
type ChangeServerMetadata struct {
	ID      string
	Put     map[string]string
	Delete  []string
	Replace bool
	By
}

// TagServer says what the server's tags shall be, all of them; Add and Remove
// instead change one.
type TagServer struct {
	ID          string
	Tags        []string
	Add, Remove string
	By
}

// PassDeadline says that a server's deadline has passed.
type PassDeadline struct {
	ID  string
	Due time.Time
}

// CommandType is the wire name.
func (CreateServer) CommandType() string { return "compute.server.create" }

// CommandType is the wire name.
func (UpdateServer) CommandType() string { return "compute.server.update" }

// CommandType is the wire name.
func (DeleteServer) CommandType() string { return "compute.server.delete" }

// CommandType is the wire name.
func (StopServer) CommandType() string { return "compute.server.stop" }

// CommandType is the wire name.
func (StartServer) CommandType() string { return "compute.server.start" }

// CommandType is the wire name.
func (RebootServer) CommandType() string { return "compute.server.reboot" }

// CommandType is the wire name.
func (PauseServer) CommandType() string { return "compute.server.pause" }

// CommandType is the wire name.
func (UnpauseServer) CommandType() string { return "compute.server.unpause" }

// CommandType is the wire name.
func (SuspendServer) CommandType() string { return "compute.server.suspend" }

// CommandType is the wire name.
func (ResumeServer) CommandType() string { return "compute.server.resume" }

// CommandType is the wire name.
func (LockServer) CommandType() string { return "compute.server.lock" }

// CommandType is the wire name.
func (UnlockServer) CommandType() string { return "compute.server.unlock" }

// CommandType is the wire name.
func (ResetServerState) CommandType() string { return "compute.server.reset_state" }

// CommandType is the wire name.
func (ChangeServerMetadata) CommandType() string { return "compute.server.change_metadata" }

// CommandType is the wire name.
func (TagServer) CommandType() string { return "compute.server.tag" }

// CommandType is the wire name.
func (PassDeadline) CommandType() string { return "compute.server.pass_deadline" }
