package compute

import "time"

// RestoreServer makes a server that was deleted a while ago what it was.
type RestoreServer struct {
	ID string
	At time.Time
	By
}

// CommandType is the wire name.
func (RestoreServer) CommandType() string { return "compute.server.restore" }
