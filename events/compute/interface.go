package compute

// ServerInterfaceAttached says that the server has one more interface, at this port.
type ServerInterfaceAttached struct {
	ID, PortID string
	Own        bool `json:",omitempty"` // the port goes when the server goes
}

// ServerInterfaceDetached says that the server has no interface at this port any more.
type ServerInterfaceDetached struct{ ID, PortID string }

// EventType is the wire name.
func (ServerInterfaceAttached) EventType() string { return "compute.server.interface_attached" }

// EventType is the wire name.
func (ServerInterfaceDetached) EventType() string { return "compute.server.interface_detached" }
