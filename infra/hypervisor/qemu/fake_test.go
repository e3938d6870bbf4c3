package qemu

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain plays QEMU where the driver under test starts this very program as such.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-uuid") {
		playQEMU(os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

// fakeHost is a host whose QEMU is this program. Its guests write to guest.log
// in the machine's folder what happens to them.
func fakeHost(t *testing.T) Host {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A qemu-img that makes nothing but the part of a header that says how large the disk is.
	dir := t.TempDir()
	header := make([]byte, 32)
	header[28] = 0x40
	if err := os.WriteFile(filepath.Join(dir, "disk"), header, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nfor a; do case $a in *.part) to=$a;; esac; done\n[ -z $to ] || exec cp " + filepath.Join(dir, "disk") + " $to\n"
	if err := os.WriteFile(filepath.Join(dir, "img"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Host{QEMU: self, Img: filepath.Join(dir, "img"), Version: 7002000, Machine: "pc-fake", Accelerator: "tcg"}
}

// fakeQEMU is a QEMU as far as the driver can tell.
type fakeQEMU struct {
	mu      sync.Mutex
	conn    net.Conn
	status  string
	devices map[string]bool
	netdevs map[string]bool
	files   []int
	done    string // of the last migration
	copying bool   // a disk
	way     way
}

func playQEMU(args []string) {
	f := &fakeQEMU{status: "prelaunch", devices: map[string]bool{}, netdevs: map[string]bool{}}
	if slices.Contains(args, "-incoming") {
		f.status = "inmigrate"
	}
	for i, a := range args {
		if a == "-netdev" {
			f.netdevs[option(args[i+1], "id")] = true
		}
		if id := option(a, "id"); i > 0 && args[i-1] == "-device" && id != "" {
			f.devices[id] = true
		}
	}
	if slices.Contains(args, "socket,id=agent,path=agent.sock,server=on,wait=off") {
		go f.playAgent()
	}
	f.guest("start")
	l, err := net.Listen("unix", qmpSocket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	time.AfterFunc(time.Minute, func() { os.Exit(3) }) // should the test have died
	go f.signals()
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		f.serve(conn.(*net.UnixConn))
	}
}

func option(s, name string) string {
	for _, o := range strings.Split(s, ",") {
		if v, ok := strings.CutPrefix(o, name+"="); ok {
			return v
		}
	}
	return ""
}

// signals lets a test play the guest: SIGUSR1 is its own poweroff.
func (f *fakeQEMU) signals() {
	wishes := make(chan os.Signal, 1)
	notify(wishes, syscall.SIGUSR1)
	for range wishes {
		f.mu.Lock()
		f.shutdown()
		f.mu.Unlock()
	}
}

func (f *fakeQEMU) guest(what string) {
	log, err := os.OpenFile("guest.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintln(log, what)
		log.Close()
	}
}

func (f *fakeQEMU) shutdown() {
	f.status = "shutdown"
	f.guest("off")
	if f.conn != nil {
		io.WriteString(f.conn, `{"event": "SHUTDOWN", "data": {"guest": true}}`+"\n")
	}
}

func (f *fakeQEMU) serve(conn *net.UnixConn) {
	f.mu.Lock()
	f.conn = conn
	io.WriteString(conn, `{"QMP": {}}`+"\n")
	f.mu.Unlock()
	line, rights := make([]byte, 64<<10), make([]byte, 128)
	for {
		n, r, _, _, err := conn.ReadMsgUnix(line, rights)
		if err != nil || n == 0 {
			conn.Close()
			return
		}
		if ms, err := unix.ParseSocketControlMessage(rights[:r]); err == nil && len(ms) == 1 {
			fds, _ := unix.ParseUnixRights(&ms[0])
			f.files = append(f.files, fds...)
		}
		for lines := bufio.NewScanner(strings.NewReader(string(line[:n]))); lines.Scan(); {
			var q struct {
				Execute   string
				ID        uint64
				Arguments map[string]any
			}
			json.Unmarshal(lines.Bytes(), &q)
			f.mu.Lock()
			result, fault := f.execute(q.Execute, q.Arguments)
			if fault != "" {
				fmt.Fprintf(conn, `{"error": {"class": "GenericError", "desc": %q}, "id": %d}`+"\n", fault, q.ID)
			} else {
				body, _ := json.Marshal(result)
				fmt.Fprintf(conn, `{"return": %s, "id": %d}`+"\n", body, q.ID)
			}
			f.mu.Unlock()
		}
	}
}

// execute carries out what the driver uses, with QEMU's own conditions.
func (f *fakeQEMU) execute(command string, args map[string]any) (any, string) {
	none := map[string]string{}
	id, _ := args["id"].(string)
	if fault, mine := f.moves(command, args); mine {
		return none, fault
	}
	switch command {
	case "query-status":
		return map[string]string{"status": f.status}, ""
	case "cont":
		if f.status == "shutdown" {
			return nil, "Resetting the Virtual Machine is required"
		}
		if f.status != "running" {
			f.guest("run")
		}
		f.status = "running"
	case "stop":
		if f.status == "running" {
			f.guest("pause")
			f.status = "paused"
		}
	case "system_reset":
		f.guest("reset")
	case "system_powerdown":
		f.shutdown()
	case "quit":
		os.Exit(0)
	case "migrate", "migrate-incoming":
		return none, f.migrate(command)
	case "query-migrate":
		return map[string]string{"status": f.done}, ""
	case "blockdev-backup":
		if f.copying {
			return nil, "Node is busy"
		}
		f.copying = true
		f.guest("copy")
	case "query-cpus-fast":
		return []map[string]int{{"thread-id": os.Getpid()}}, ""
	case "query-blockstats":
		return []map[string]any{{"node-name": "config", "stats": map[string]int{"rd_bytes": 1}}, {"node-name": "disk", "stats": map[string]int{
			"rd_bytes": 4096, "rd_operations": 2, "wr_bytes": 512, "wr_operations": 1, "failed_rd_operations": 3, "failed_wr_operations": 4}}}, ""
	case "query-jobs":
		jobs := f.way.jobs()
		if f.copying {
			jobs = append(jobs, map[string]string{"id": "capture", "status": "concluded"})
		}
		return jobs, ""
	case "job-dismiss":
		f.copying = false
	case "qom-list":
		var names []map[string]string
		for d := range f.devices {
			names = append(names, map[string]string{"name": d})
		}
		return names, ""
	case "netdev_add":
		if f.netdevs[id] {
			return nil, "Duplicate ID"
		}
		f.netdevs[id] = true
	case "device_add":
		if netdev, _ := args["netdev"].(string); f.devices[id] || !f.netdevs[netdev] {
			return nil, "Duplicate ID, or no such netdev"
		}
		f.devices[id] = true
		f.guest("plug " + id)
	case "device_del", "netdev_del":
		in := f.devices
		if command == "netdev_del" {
			in = f.netdevs
		}
		if !in[id] {
			return nil, "not found"
		}
		delete(in, id)
		if command == "device_del" {
			f.guest("unplug " + id)
		}
	}
	return none, ""
}

func (f *fakeQEMU) migrate(command string) string {
	if len(f.files) == 0 {
		return "no file was sent"
	}
	file := os.NewFile(uintptr(f.files[0]), "memory")
	f.files = f.files[1:]
	defer file.Close()
	f.done = "completed"
	if command == "migrate" {
		io.WriteString(file, "memory of a guest")
		f.status = "postmigrate"
		return ""
	}
	if body, _ := io.ReadAll(file); string(body) != "memory of a guest" {
		f.done = "failed"
	}
	f.guest("restore")
	f.status = "paused"
	return ""
}
