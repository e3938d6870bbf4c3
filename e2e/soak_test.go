package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how often the program is killed: SKYLOG_SOAK, or so many.
func kills(t *testing.T, otherwise int) int {
	t.Helper()
	text := os.Getenv("SKYLOG_SOAK")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SKYLOG_SOAK is %q, want how often to kill", text)
	}
	return n
}

// luck is what a test's chances follow from: SKYLOG_SEED, or the time.
func luck(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SKYLOG_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("SKYLOG_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// recovery is how long a restarted cloud has to bring all to rest.
const recovery = 60 * time.Second

func TestKilledAtAnyInstantItKeepsWhatItAcknowledged(t *testing.T) {
	real(t)
	chance := luck(t)
	c := newCloud(t, "--simulate-hosts", "50", "--simulate-failures", "0.02")
	c.start()
	l := newSoak(t, c, chance)
	rounds := kills(t, 5)
	l.budget = min(maxSoaked, maxKeyed/soakers/rounds)
	for round := range rounds {
		stop := l.run()
		time.Sleep(300*time.Millisecond + time.Duration(chance.Int64N(int64(3*time.Second))))
		c.kill()
		stop()
		began := time.Now()
		c.start()
		t.Logf("kill %d: %s; ready %.2f s after", round+1, l.counts(), time.Since(began).Seconds())
		l.outcomes()
		l.settle()
		l.compare()
		if t.Failed() {
			t.Fatal(tail(c.output.String()))
		}
	}
	l.clear()
	c.stop()
	verified(t, c)
	out, err := exec.Command(c.binary, "events", "--data", c.data, "--type", "compute.host").CombinedOutput()
	check(t, err)
	if strings.Contains(string(out), "orphan") {
		t.Errorf("hosts had machines that nobody wanted:\n%s", tail(string(out)))
	}
}

func verified(t *testing.T, c *cloud) {
	t.Helper()
	out, err := exec.Command(c.binary, "verify", "--data", c.data).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "verified:") {
		t.Fatalf("verify: %v\n%s", err, tail(string(out)))
	}
	t.Logf("%s", strings.TrimSpace(string(out)))
}

func TestRealGuestsOutliveEachKillOnce(t *testing.T) {
	real(t)
	if os.Getenv("SKYLOG_SOAK") == "" {
		t.Skip("takes minutes: make soak")
	}
	chance := luck(t)
	s := &story{cloud: newCloud(t)}
	s.start()
	image := strings.TrimSpace(lastLine(s.run(s.binary, "demo-image")))
	s.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", image, "--public")
	s.openstack("network", "create", "net")
	s.openstack("subnet", "create", "net", "--network", "net", "--subnet-range", "10.0.0.0/24")
	var there []string
	for round := range 5 {
		name := fmt.Sprintf("guest%d", round)
		s.openstack("server", "create", name, "--image", "demo", "--flavor", "m1.nano", "--network", "net")
		there = append(there, name)
		gone := ""
		if len(there) > 2 { // one is made and one deleted while the program dies
			gone, there = there[0], there[1:]
			s.openstack("server", "delete", gone)
		}
		time.Sleep(time.Duration(chance.Int64N(int64(2 * time.Second))))
		s.kill()
		s.start()
		for _, name := range there {
			s.status(name, "ACTIVE")
		}
		s.until(recovery, "there is one guest for each server", func() error {
			if names := s.openstack("server", "list", "-f", "value", "-c", "Name"); len(lines(names)) != len(there) {
				return fmt.Errorf("the servers are %q, want %q", lines(names), there)
			}
			if n := len(s.guests()); n != len(there) {
				return fmt.Errorf("%d guests run, want %d", n, len(there))
			}
			return nil
		})
	}
	for _, name := range there {
		s.openstack("server", "delete", name)
	}
	s.until(recovery, "no guest is left", func() error {
		if n := len(s.guests()); n != 0 {
			return fmt.Errorf("%d guests run", n)
		}
		return nil
	})
	s.stop()
	verified(t, s.cloud)
}
