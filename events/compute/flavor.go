package compute

// FlavorCreated says that servers of these sizes can be had.
type FlavorCreated struct {
	ID, Name                                      string
	VCPUs, RAMMiB, DiskGiB, EphemeralGiB, SwapMiB int
	RxTxFactor                                    float64
	Public                                        bool
	Description                                   string            `json:",omitempty"`
	ExtraSpecs                                    map[string]string `json:",omitempty"`
}

// FlavorDescribed says that the flavor has another description.
type FlavorDescribed struct{ ID, Description string }

// FlavorSpecsChanged says what the flavor's extra specs are now, all of them.
type FlavorSpecsChanged struct {
	ID         string
	ExtraSpecs map[string]string
}

// FlavorAccessGranted says that a project may use a flavor that isn't public.
type FlavorAccessGranted struct{ ID, ProjectID string }

// FlavorAccessRevoked says that a project may use the flavor no more.
type FlavorAccessRevoked struct{ ID, ProjectID string }

// FlavorDeleted says that the flavor can't be had any more; its servers keep it.
type FlavorDeleted struct{ ID string }

// EventType is the wire name.
func (FlavorCreated) EventType() string { return "compute.flavor.created" }

// EventType is the wire name.
func (FlavorDescribed) EventType() string { return "compute.flavor.described" }

// EventType is the wire name.
func (FlavorSpecsChanged) EventType() string { return "compute.flavor.specs_changed" }

// EventType is the wire name.
func (FlavorAccessGranted) EventType() string { return "compute.flavor.access_granted" }

// EventType is the wire name.
func (FlavorAccessRevoked) EventType() string { return "compute.flavor.access_revoked" }

// EventType is the wire name.
func (FlavorDeleted) EventType() string { return "compute.flavor.deleted" }
