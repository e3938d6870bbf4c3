package compute

// AttachInterface gives a server an interface at a port, which a command before
// this one in the same batch made or gave this server as its device.
type AttachInterface struct {
	ID, PortID string
	Own        bool `json:",omitempty"` // the port goes when the server goes
	By
}

// DetachInterface takes a server's interface at a port.
type DetachInterface struct {
	ID, PortID string
	By
}

// CommandType is the wire name.
func (AttachInterface) CommandType() string { return "compute.server.attach_interface" }

// CommandType is the wire name.
func (DetachInterface) CommandType() string { return "compute.server.detach_interface" }
