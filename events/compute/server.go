package compute

import "time"

// ServerCreated says that a server exists from now on, with all that was asked of it.
type ServerCreated struct {
	ID, ProjectID, UserID string
	Name                  string
	Description           string `json:",omitempty"`
	Hostname              string
	Image                 ImageUse
	Flavor                FlavorUse
	KeyName               string            `json:",omitempty"`
	KeyType               string            `json:",omitempty"`
	PublicKey             string            `json:",omitempty"`
	Metadata              map[string]string `json:",omitempty"`
	Tags                  []string          `json:",omitempty"`
	UserData              []byte            `json:",omitempty"` // sealed with the project's key
	Files                 []byte            `json:",omitempty"` // what the guest shall find when it starts, sealed likewise
	Password              []byte            `json:",omitempty"` // of its administrator, which its config drive tells, sealed likewise
	ConfigDrive           bool              `json:",omitempty"`
	Zone                  string            `json:",omitempty"` // asked for; empty: any
	AccessIPv4            string            `json:",omitempty"`
	AccessIPv6            string            `json:",omitempty"`
	DiskConfig            string            `json:",omitempty"` // "AUTO" or "MANUAL"
	PortIDs               []string          `json:",omitempty"` // in guest order
	OwnPortIDs            []string          `json:",omitempty"` // those of them that go when the server goes
	ReservationID         string
	LaunchIndex           int    `json:",omitempty"`
	GroupID               string `json:",omitempty"` // the server group that it is a member of
	// BuildBy is when the build has failed if the host hasn't said otherwise.
	BuildBy time.Time
}

// ImageUse is what a server remembers of its image.
type ImageUse struct {
	ID         string
	Format     string
	SHA512     string
	SizeBytes  int64
	VirtualGiB int
	Guest
}

// Guest is what an image is said to have in it.
type Guest struct {
	Agent bool `json:",omitempty"` // QEMU's guest agent answers on its channel
	// Quiesce: no image may be made of a disk while the agent doesn't hold the
	// guest's file systems still.
	Quiesce bool `json:",omitempty"`
	// Admin is whose password is changed; empty: root's.
	Admin string `json:",omitempty"`
}

// FlavorUse is the flavor as it was when the server got it; the flavor may change or go.
type FlavorUse struct {
	ID, Name                                      string
	VCPUs, RAMMiB, DiskGiB, EphemeralGiB, SwapMiB int
	ExtraSpecs                                    map[string]string `json:",omitempty"`
}

// ServerPlaced says on which host a server is, and claims its share of it.
type ServerPlaced struct{ ID, Host string }

// ServerBuildFailed says that a server could not be made; it stays, in error, until it is deleted.
type ServerBuildFailed struct {
	ID      string
	Code    int
	Message string
	Details string `json:",omitempty"`
}

// ServerBooted says that a new server runs for the first time.
type ServerBooted struct {
	ID    string
	Steps []Step `json:",omitempty"`
}

// Step is one thing that a worker did, for the story of the server.
type Step struct {
	Name       string
	Began      time.Time
	Took       time.Duration
	Attributes map[string]string `json:",omitempty"`
}

// ServerStopRequested says that somebody wants the server powered off.
type ServerStopRequested struct {
	ID string
	By time.Time
}

// ServerStartRequested says that somebody wants the server powered on.
type ServerStartRequested struct {
	ID string
	By time.Time
}

// ServerRebootRequested says that somebody wants the server rebooted.
type ServerRebootRequested struct {
	ID   string
	Hard bool
	By   time.Time
}

// ServerPauseRequested says that somebody wants the server's CPUs to stand still.
type ServerPauseRequested struct {
	ID string
	By time.Time
}

// ServerUnpauseRequested says that somebody wants a paused server to go on.
type ServerUnpauseRequested struct {
	ID string
	By time.Time
}

// ServerSuspendRequested says that somebody wants the server's memory on disk.
type ServerSuspendRequested struct {
	ID string
	By time.Time
}

// ServerResumeRequested says that somebody wants a suspended server to go on.
type ServerResumeRequested struct {
	ID string
	By time.Time
}

// ServerStopped says that the server is powered off.
type ServerStopped struct {
	ID string
	// ByItself: nobody asked for it; the guest shut down or died.
	ByItself bool `json:",omitempty"`
}

// ServerStarted says that a server which was powered off runs again.
type ServerStarted struct{ ID string }

// ServerRebooted says that the server runs after a reboot.
type ServerRebooted struct{ ID string }

// ServerPaused says that the server's CPUs stand still.
type ServerPaused struct{ ID string }

// ServerUnpaused says that a paused server goes on.
type ServerUnpaused struct{ ID string }

// ServerSuspended says that the server's memory is on disk.
type ServerSuspended struct{ ID string }

// ServerResumed says that a suspended server goes on.
type ServerResumed struct{ ID string }

// ServerActionFailed says that what was asked of the server last didn't come
// about; Error tells whether it is in error since.
type ServerActionFailed struct {
	ID, Message string
	Details     string `json:",omitempty"` // for administrators
	Error       bool   `json:",omitempty"`
}

// ServerDeletionRequested says that the server shall be gone.
type ServerDeletionRequested struct {
	ID string
	By time.Time
}

// ServerDeleted says that the server is gone, and with it what it claimed.
type ServerDeleted struct {
	ID   string
	Host string `json:",omitempty"` // where it was
	// Unconfirmed: its host couldn't say so; it will be told until it can.
	Unconfirmed bool `json:",omitempty"`
}

// ServerRemainsRemoved says that a host has removed what was left of a deleted server.
type ServerRemainsRemoved struct{ ID, Host string }

// ServerRenamed says that the server has another name.
type ServerRenamed struct{ ID, Name string }

// ServerDescribed says that the server has another description.
type ServerDescribed struct{ ID, Description string }

// ServerHostnameChanged says what the guest will be told as its hostname.
type ServerHostnameChanged struct{ ID, Hostname string }

// ServerAccessChanged says by which addresses the owner wants the server shown.
type ServerAccessChanged struct{ ID, AccessIPv4, AccessIPv6 string }

// ServerDiskConfigChanged says who partitions the server's disk on a rebuild.
type ServerDiskConfigChanged struct{ ID, DiskConfig string }

// ServerMetadataChanged says what the server's metadata are now, all of them.
type ServerMetadataChanged struct {
	ID       string
	Metadata map[string]string
}

// ServerTagged says what the server's tags are now, all of them.
type ServerTagged struct {
	ID   string
	Tags []string
}

// ServerLocked says that only its locker or an administrator may act on the server.
type ServerLocked struct {
	ID, Reason string
	ByOwner    bool
}

// ServerUnlocked says that the server may be acted on again.
type ServerUnlocked struct{ ID string }

// ServerStateReset says that an administrator declared the server's state.
type ServerStateReset struct {
	ID    string
	Error bool
}

// EventType is the wire name.
func (ServerCreated) EventType() string { return "compute.server.created" }

// EventType is the wire name.
func (ServerPlaced) EventType() string { return "compute.server.placed" }

// EventType is the wire name.
func (ServerBuildFailed) EventType() string { return "compute.server.build_failed" }

// EventType is the wire name.
func (ServerBooted) EventType() string { return "compute.server.booted" }

// EventType is the wire name.
func (ServerStopRequested) EventType() string { return "compute.server.stop_requested" }

// EventType is the wire name.
func (ServerStartRequested) EventType() string { return "compute.server.start_requested" }

// EventType is the wire name.
func (ServerRebootRequested) EventType() string { return "compute.server.reboot_requested" }

// EventType is the wire name.
func (ServerPauseRequested) EventType() string { return "compute.server.pause_requested" }

// EventType is the wire name.
func (ServerUnpauseRequested) EventType() string { return "compute.server.unpause_requested" }

// EventType is the wire name.
func (ServerSuspendRequested) EventType() string { return "compute.server.suspend_requested" }

// EventType is the wire name.
func (ServerResumeRequested) EventType() string { return "compute.server.resume_requested" }

// EventType is the wire name.
func (ServerStopped) EventType() string { return "compute.server.stopped" }

// EventType is the wire name.
func (ServerStarted) EventType() string { return "compute.server.started" }

// EventType is the wire name.
func (ServerRebooted) EventType() string { return "compute.server.rebooted" }

// EventType is the wire name.
func (ServerPaused) EventType() string { return "compute.server.paused" }

// EventType is the wire name.
func (ServerUnpaused) EventType() string { return "compute.server.unpaused" }

// EventType is the wire name.
func (ServerSuspended) EventType() string { return "compute.server.suspended" }

// EventType is the wire name.
func (ServerResumed) EventType() string { return "compute.server.resumed" }

// EventType is the wire name.
func (ServerActionFailed) EventType() string { return "compute.server.action_failed" }

// EventType is the wire name.
func (ServerDeletionRequested) EventType() string { return "compute.server.deletion_requested" }

// EventType is the wire name.
func (ServerDeleted) EventType() string { return "compute.server.deleted" }

// EventType is the wire name.
func (ServerRemainsRemoved) EventType() string { return "compute.server.remains_removed" }

// EventType is the wire name.
func (ServerRenamed) EventType() string { return "compute.server.renamed" }

// EventType is the wire name.
func (ServerDescribed) EventType() string { return "compute.server.described" }

// EventType is the wire name.
func (ServerHostnameChanged) EventType() string { return "compute.server.hostname_changed" }

// EventType is the wire name.
func (ServerAccessChanged) EventType() string { return "compute.server.access_changed" }

// EventType is the wire name.
func (ServerDiskConfigChanged) EventType() string { return "compute.server.disk_config_changed" }

// EventType is the wire name.
func (ServerMetadataChanged) EventType() string { return "compute.server.metadata_changed" }

// EventType is the wire name.
func (ServerTagged) EventType() string { return "compute.server.tagged" }

// EventType is the wire name.
func (ServerLocked) EventType() string { return "compute.server.locked" }

// EventType is the wire name.
func (ServerUnlocked) EventType() string { return "compute.server.unlocked" }

// EventType is the wire name.
func (ServerStateReset) EventType() string { return "compute.server.state_reset" }
