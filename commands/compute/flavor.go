package compute

// CreateFlavor offers servers of these sizes.
type CreateFlavor struct {
	ID, Name                                      string
	VCPUs, RAMMiB, DiskGiB, EphemeralGiB, SwapMiB int
	RxTxFactor                                    float64
	Public                                        bool
	Description                                   string            `json:",omitempty"`
	ExtraSpecs                                    map[string]string `json:",omitempty"`
}

// DescribeFlavor gives a flavor another description.
type DescribeFlavor struct{ ID, Description string }

// ChangeFlavorSpecs puts and deletes extra specs of a flavor.
type ChangeFlavorSpecs struct {
	ID     string
	Put    map[string]string
	Delete []string
}

// GrantFlavor lets a project use a flavor that isn't public.
type GrantFlavor struct{ ID, ProjectID string }

// RevokeFlavor takes that back.
type RevokeFlavor struct{ ID, ProjectID string }

// DeleteFlavor ends the offer; servers keep the flavor they have.
type DeleteFlavor struct{ ID string }

// CommandType is the wire name.
func (CreateFlavor) CommandType() string { return "compute.flavor.create" }

// CommandType is the wire name.
func (DescribeFlavor) CommandType() string { return "compute.flavor.describe" }

// CommandType is the wire name.
func (ChangeFlavorSpecs) CommandType() string { return "compute.flavor.change_specs" }

// CommandType is the wire name.
func (GrantFlavor) CommandType() string { return "compute.flavor.grant" }

// CommandType is the wire name.
func (RevokeFlavor) CommandType() string { return "compute.flavor.revoke" }

// CommandType is the wire name.
func (DeleteFlavor) CommandType() string { return "compute.flavor.delete" }
