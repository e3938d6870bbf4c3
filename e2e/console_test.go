package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"
)

// TestAPersonSitsAtAServersScreen looks at a real guest by noVNC in Chromium,
// types into it, and finds what was typed on the serial line of the same guest.
func TestAPersonSitsAtAServersScreen(t *testing.T) {
	real(t)
	s := &story{cloud: newCloud(t)}
	s.start()
	s.bootOne("screen")

	page := s.console("screen", "--novnc")
	b := s.browse()
	b.open(page)
	ask(b, chromedp.WaitReady(chromedp.CSS("canvas")))
	s.until(bootTime, "the guest has a shell on its screen", func() error {
		if log := s.openstack("console", "log", "show", "screen"); !strings.Contains(log, "hostname=screen") {
			return errors.New("it isn't up yet")
		}
		return nil
	})
	var empty int
	s.until(time.Minute, "the screen shows the boot", func() error {
		if empty = lit(t, b.screen()); empty < 1000 { // a line of text lights some hundred dots
			return fmt.Errorf("%d dots are lit", empty)
		}
		return nil
	})
	b.shot("console-1-booted")
	ask(b, chromedp.Click(chromedp.CSS("canvas")))
	b.typed("\r") // the shell on the screen waits to be asked for
	s.until(time.Minute, "the shell greets", func() error {
		if now := lit(t, b.screen()); now < empty+1000 {
			return fmt.Errorf("%d dots are lit, %d were", now, empty)
		}
		return nil
	})
	empty = lit(t, b.screen())
	b.typed("echo \"I see $((6 * 7)) on $(hostname)\" | tee /dev/ttyS0\r")
	s.until(time.Minute, "what was typed on the screen reaches the serial line", func() error {
		if log := s.openstack("console", "log", "show", "screen", "--lines", "5"); !strings.Contains(log, "I see 42 on screen") {
			return fmt.Errorf("the serial line says %q", log)
		}
		return nil
	})
	s.until(time.Minute, "the screen shows the answer", func() error {
		if now := lit(t, b.screen()); now == empty {
			return fmt.Errorf("%d dots are lit, as before", now)
		}
		return nil
	})
	b.shot("console-2-typed")

	b.open(page)
	if said := b.text(); !strings.Contains(said, "was used") {
		t.Errorf("a token that was used is answered with %q", said)
	}
	b.shot("console-3-used")
	s.serial("screen")
	s.counted("screen")
	s.stoppedAndGone(b)
}

// counted looks at what the host has counted of a server that has booted.
func (s *story) counted(server string) {
	s.t.Helper()
	counts := s.show("server", "show", "--diagnostics", server)
	for _, name := range []string{"cpu0_time", "vda_read", "vda_read_req", "vda_write", "memory", "memory-rss"} {
		if n, _ := counts[name].(float64); n <= 0 {
			s.t.Errorf("%s is %v in %v", name, counts[name], counts)
		}
	}
	sent, received := 0.0, 0.0
	for name, count := range counts {
		n, _ := count.(float64)
		switch {
		case strings.HasSuffix(name, "_tx"):
			sent += n
		case strings.HasSuffix(name, "_rx"):
			received += n
		}
	}
	if sent == 0 || received == 0 { // it has asked for an address at least, and got one
		s.t.Errorf("%g bytes were sent and %g received: %v", sent, received, counts)
	}
}

// bootOne boots one server on a network of its own.
func (s *story) bootOne(name string, args ...string) {
	s.t.Helper()
	disk := strings.TrimSpace(lastLine(s.run(s.binary, "demo-image")))
	s.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk, "--public",
		"--property", "hw_qemu_guest_agent=yes", "--property", "os_require_quiesce=yes")
	s.openstack("network", "create", "red")
	s.openstack("subnet", "create", "red", "--network", "red", "--subnet-range", "10.0.0.0/24")
	s.openstack(append([]string{"server", "create", name, "--image", "demo", "--flavor", "m1.nano", "--network", "red"}, args...)...)
	s.status(name, "ACTIVE")
}

func (s *story) console(server, kind string) string {
	s.t.Helper()
	return s.openstack("console", "url", "show", kind, server, "-f", "value", "-c", "url")
}

// lit counts the dots of a picture that aren't black.
func lit(t *testing.T, picture []byte) (dots int) {
	t.Helper()
	if picture == nil {
		return 0
	}
	shown, err := png.Decode(bytes.NewReader(picture))
	check(t, err)
	for y := range shown.Bounds().Dy() {
		for x := range shown.Bounds().Dx() {
			if r, g, b, _ := shown.At(x, y).RGBA(); r+g+b > 0x8000 {
				dots++
			}
		}
	}
	return dots
}

// serial types on a server's serial line, and finds that its token is good once.
func (s *story) serial(server string) {
	s.t.Helper()
	address := s.console(server, "--serial")
	line, err := s.connect(address)
	check(s.t, err)
	defer line.CloseNow()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(s.t, line.Write(ctx, websocket.MessageBinary, []byte("\recho serial $((7 * 6))\r")))
	var said strings.Builder
	for !strings.Contains(said.String(), "serial 42") {
		_, body, err := line.Read(ctx)
		if err != nil {
			s.t.Fatalf("the serial line says %q, then %v", said.String(), err)
		}
		said.Write(body)
	}
	again, err := s.connect(address)
	check(s.t, err)
	defer again.CloseNow()
	if _, _, err := again.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation || !strings.Contains(err.Error(), "was used") {
		s.t.Errorf("a token that was used is answered with %v", err)
	}
}

func (s *story) connect(address string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	line, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{Subprotocols: []string{"binary"}, HTTPClient: &http.Client{Transport: s.client().Transport}})
	return line, err
}

// stoppedAndGone opens consoles that were good of a server that is so no more.
func (s *story) stoppedAndGone(b *browser) {
	s.t.Helper()
	page, line := s.console("screen", "--novnc"), s.console("screen", "--serial")
	s.openstack("server", "stop", "screen")
	s.status("screen", "SHUTOFF")
	b.open(page)
	if said := b.text(); !strings.Contains(said, "is not running") {
		s.t.Errorf("the page of a stopped server says %q", said)
	}
	b.shot("console-4-stopped")
	if out, err := s.try("console", "url", "show", "--novnc", "screen"); err == nil || !strings.Contains(out, "is not ready") {
		s.t.Errorf("a stopped server gets a console: %s", out)
	}
	s.openstack("server", "delete", "screen", "--wait")
	b.open(page)
	if said := b.text(); !strings.Contains(said, "is gone") {
		s.t.Errorf("the page of a server that is gone says %q", said)
	}
	socket, err := s.connect(line)
	check(s.t, err)
	defer socket.CloseNow()
	if _, _, err := socket.Read(context.Background()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		s.t.Errorf("the line of a server that is gone is closed with %v", err)
	}
}
