package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"skylog/workers/compute"
)

// Dial implements compute.Hypervisor: on the serial line somebody echoes what is
// typed; the screen is black.
func (h *Host) Dial(_ context.Context, id string, c compute.Console) (net.Conn, error) {
	h.mu.Lock()
	m, there := h.machines[id]
	h.mu.Unlock()
	if !there || m.Power != compute.Running && m.Power != compute.Paused {
		return nil, fmt.Errorf("machine %s doesn't run on %s", id, h.Name)
	}
	ours, theirs := net.Pipe()
	go func() {
		defer ours.Close()
		if c == compute.VNC {
			serveScreen(ours)
			return
		}
		_, _ = io.Copy(ours, ours) // until the other side hangs up
	}()
	return theirs, nil
}

// serveScreen begins to speak RFB 3.3 (RFC 6143) and shows a screen on which
// nothing ever happens, until the other side hangs up.
func serveScreen(conn net.Conn) {
	version := make([]byte, 12)
	if _, err := io.WriteString(conn, "RFB 003.003\n"); err != nil {
		return
	}
	if _, err := io.ReadFull(conn, version); err != nil {
		return
	}
	if _, err := conn.Write([]byte{0, 0, 0, 1}); err != nil { // nobody asks for a password
		return
	}
	if _, err := io.ReadFull(conn, version[:1]); err != nil { // whether others may watch
		return
	}
	const name = "simulated"
	hello := make([]byte, 24, 24+len(name))
	binary.BigEndian.PutUint16(hello, 640)
	binary.BigEndian.PutUint16(hello[2:], 480)
	copy(hello[4:], []byte{32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0})
	binary.BigEndian.PutUint32(hello[20:], uint32(len(name)))
	if _, err := conn.Write(append(hello, name...)); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}
