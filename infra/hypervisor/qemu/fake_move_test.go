package qemu

import (
	"io"
	"net"
	"os"
	"strings"
)

// way is what a fake QEMU has of a machine that comes or goes.
type way struct {
	export         net.Listener // of the disk
	target, memory net.Conn     // at the other side
	job            string       // the state of the mirror
	ran            bool         // the guest, before it stood still
}

func (w *way) jobs() []map[string]string {
	if w.job == "" {
		return []map[string]string{}
	}
	fault := ""
	if w.job == "broken" {
		fault = "Input/output error"
	}
	return []map[string]string{{"id": moveJob, "status": map[string]string{"ready": "ready"}[w.job] + map[bool]string{true: "concluded"}[w.job != "ready"], "error": fault}}
}

const fakeMemory = "memory of a guest that goes"

// moves carries out what sends and receives machines.
func (f *fakeQEMU) moves(command string, args map[string]any) (fault string, mine bool) {
	w := &f.way
	unix := func(uri any) (path string, ok bool) {
		s, _ := uri.(string)
		return strings.CutPrefix(s, "unix:")
	}
	switch id, node := args["id"], args["node-name"]; {
	case command == "nbd-server-start":
		w.export, fault = listen(diskSocket)
	case command == "block-export-add" && w.export == nil:
		return "NBD server not running", true
	case command == "nbd-server-stop":
		w.export.Close()
	case command == "blockdev-add" && node == moveJob:
		server, _ := args["server"].(map[string]any)
		w.target, fault = dial(server["path"])
	case command == "blockdev-mirror":
		w.job = "ready"
		go f.watch(w.target)
	case command == "block-job-cancel", command == "job-cancel" && id == moveJob:
		if w.job == "" {
			return "Job not found", true
		}
		if w.job == "ready" {
			w.job = "concluded"
		}
	case command == "job-dismiss" && id == moveJob:
		if w.job == "" || w.job == "ready" {
			return "Job not found, or not concluded", true
		}
		w.job = ""
	case command == "blockdev-del" && node == moveJob:
		if w.target == nil {
			return "no such node", true
		}
		w.target.Close()
		w.target = nil
	case command == "migrate-continue":
		if f.done != "pre-switchover" {
			return "Migration not in expected state", true
		}
		f.leave()
	case command == "migrate_cancel":
		f.back()
	default:
		path, ok := unix(args["uri"])
		if !ok {
			return "", false
		}
		if command == "migrate" {
			return f.depart(path), true
		}
		return f.await(path), true
	}
	return fault, true
}

func listen(path string) (net.Listener, string) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err.Error()
	}
	return l, ""
}

func dial(path any) (net.Conn, string) {
	s, _ := path.(string)
	c, err := net.Dial("unix", s)
	if err != nil {
		return nil, err.Error()
	}
	return c, ""
}

// watch breaks the mirror when the other side ends.
func (f *fakeQEMU) watch(target net.Conn) {
	io.Copy(io.Discard, target)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.way.job == "ready" && f.way.target == target {
		f.way.job = "broken"
	}
}

// depart has the guest stand still at the end of its memory.
func (f *fakeQEMU) depart(path string) (fault string) {
	if f.way.memory, fault = dial(path); fault != "" {
		return fault
	}
	f.way.ran = f.status == "running"
	f.done = "pre-switchover"
	f.status = "finish-migrate"
	return ""
}

// leave sends the memory.
func (f *fakeQEMU) leave() {
	f.done, f.status = "completed", "postmigrate"
	if _, err := io.WriteString(f.way.memory, fakeMemory); err != nil {
		f.done = "failed"
	}
	f.way.memory.Close()
}

// back is a migration given up.
func (f *fakeQEMU) back() {
	if f.done != "pre-switchover" {
		return
	}
	f.done, f.status = "cancelled", "paused"
	f.way.memory.Close()
	if f.way.ran {
		f.status = "running"
	}
}

// await takes up a memory, or ends as QEMU does where that breaks off.
func (f *fakeQEMU) await(path string) string {
	l, fault := listen(path)
	if fault != "" {
		return fault
	}
	f.done = "active"
	go func() {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		body, _ := io.ReadAll(c)
		if string(body) != fakeMemory {
			os.Exit(1)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.guest("arrive")
		f.done, f.status = "completed", "paused"
	}()
	return ""
}
