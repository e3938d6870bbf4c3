package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAStartWithFewerHostsKeepsWhatTheOthersHave(t *testing.T) {
	n := &node{serveSettings: serveSettings{data: t.TempDir(), qemuHosts: 1}}
	if known, err := n.knownHosts(); err != nil || known != 1 {
		t.Fatalf("a new machine is %d hosts: %v", known, err)
	}
	alone := machineHosts{node: n, known: 1}
	if u, err := alone.underlay(1); err != nil || u != nil {
		t.Errorf("one host has underlay %+v, %v", u, err)
	}
	machine := filepath.Join(n.hostFolder(3), machinesFolder, "m")
	if err := os.MkdirAll(machine, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(machine, "machine.json"), []byte(`{"Base":"a.qcow2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := n.knownHosts()
	if err != nil || known != 3 {
		t.Fatalf("it was 3 hosts, and is known as %d: %v", known, err)
	}
	m := machineHosts{node: n, known: known}
	if !m.liesUpon("/cache/a.qcow2") || m.liesUpon("/cache/b.qcow2") {
		t.Error("the cache doesn't know what machines of a host that isn't run lie upon")
	}
	u, err := m.underlay(1)
	if err != nil || len(u.Peers) != 3 || u.Address != u.Peers[0] {
		t.Errorf("the first host's networks are joined to %+v, %v", u, err)
	}
	if two, err := m.underlay(2); err != nil || two.Wire != u.Wire || two.Address == u.Address {
		t.Errorf("two hosts have %+v and %+v, %v", u, two, err)
	}
}

func TestTheFirstHostHasTheDataFolder(t *testing.T) {
	n := &node{serveSettings: serveSettings{data: "/var/skylog"}}
	for number, want := range map[int]string{1: "/var/skylog", 2: "/var/skylog/hosts/2"} {
		if got := n.hostFolder(number); got != want {
			t.Errorf("host %d has %s, want %s", number, got, want)
		}
	}
	dir := t.TempDir()
	one, err := hostID(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := hostID(dir); err != nil || again != one {
		t.Errorf("the id was %s and is %s, %v", one, again, err)
	}
}
