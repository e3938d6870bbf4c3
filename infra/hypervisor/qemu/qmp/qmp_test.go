package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

type request struct {
	Execute   string
	Arguments map[string]any
	ID        uint64
}

// serve plays QEMU: it greets one client and answers each command by answer,
// which returns a whole line, or "" for none, or "bye" to hang up.
func serve(t *testing.T, greeting string, answer func(request, []byte) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qmp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, greeting+"\n")
		for {
			line, rights := make([]byte, 64<<10), make([]byte, 256)
			n, r, _, _, err := conn.(*net.UnixConn).ReadMsgUnix(line, rights)
			if err != nil {
				return
			}
			lines := bufio.NewScanner(strings.NewReader(string(line[:n])))
			for lines.Scan() {
				var q request
				json.Unmarshal(lines.Bytes(), &q)
				a := answer(q, rights[:r])
				if a == "bye" {
					return
				}
				id, _ := json.Marshal(q.ID)
				io.WriteString(conn, strings.ReplaceAll(a, "$ID", string(id)))
			}
		}
	}()
	return path
}

const hello = `{"QMP": {"version": {}, "capabilities": []}}`

func dial(t *testing.T, path string) (*Client, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	c, err := Dial(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, ctx
}

func TestAnAnswerFindsItsCommandAmongEvents(t *testing.T) {
	c, ctx := dial(t, serve(t, hello, func(q request, _ []byte) string {
		if q.Execute == "query-status" {
			return `{"event": "STOP", "timestamp": {"seconds": 7, "microseconds": 0}}` + "\n" +
				`{"return": {}, "id": 99}` + "\n" + `{"return": {"status": "paused"}, "id": $ID}` + "\n"
		}
		return `{"return": {}, "id": $ID}` + "\n"
	}))
	var got struct{ Status string }
	if err := c.Execute(ctx, "query-status", nil, &got); err != nil || got.Status != "paused" {
		t.Errorf("got %+v, %v", got, err)
	}
	if e := <-c.Events(); e.Name != "STOP" || e.At.Seconds != 7 {
		t.Errorf("got %+v", e)
	}
}

func TestARefusalHasItsClass(t *testing.T) {
	c, ctx := dial(t, serve(t, hello, func(q request, _ []byte) string {
		if q.Execute == "device_del" {
			return `{"error": {"class": "DeviceNotFound", "desc": "Device 'x' not found"}, "id": $ID}` + "\n"
		}
		return `{"return": {}, "id": $ID}` + "\n"
	}))
	err := c.Execute(ctx, "device_del", map[string]string{"id": "x"}, nil)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Class != "DeviceNotFound" || !strings.Contains(err.Error(), "device_del") {
		t.Errorf("got %v", err)
	}
}

func TestACommandEndsWithItsContext(t *testing.T) {
	c, _ := dial(t, serve(t, hello, func(q request, _ []byte) string {
		if q.Execute == "qmp_capabilities" {
			return `{"return": {}, "id": $ID}` + "\n"
		}
		return ""
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Execute(ctx, "stop", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestWhenQEMUEndsAllWaitersLearnIt(t *testing.T) {
	c, ctx := dial(t, serve(t, hello, func(q request, _ []byte) string {
		if q.Execute == "quit" {
			return "bye"
		}
		return `{"return": {}, "id": $ID}` + "\n"
	}))
	if err := c.Execute(ctx, "quit", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, open := <-c.Events(); open {
		t.Error("the events go on")
	}
	if err := c.Execute(ctx, "stop", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestAWordThatIsNoQMPEndsTheDial(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := Dial(ctx, serve(t, "SSH-2.0-dropbear", nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestASilentSocketEndsTheDialInTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, serve(t, "", nil)); err == nil {
		t.Error("no error")
	}
}

func TestAFileTravelsWithItsCommand(t *testing.T) {
	got := make(chan string, 1)
	c, ctx := dial(t, serve(t, hello, func(q request, rights []byte) string {
		if q.Execute == "getfd" {
			messages, err := unix.ParseSocketControlMessage(rights)
			if err != nil || len(messages) != 1 {
				got <- "no rights"
				return ""
			}
			fds, _ := unix.ParseUnixRights(&messages[0])
			f := os.NewFile(uintptr(fds[0]), "")
			defer f.Close()
			body, _ := io.ReadAll(f)
			got <- q.Arguments["fdname"].(string) + ":" + string(body)
		}
		return `{"return": {}, "id": $ID}` + "\n"
	}))
	path := filepath.Join(t.TempDir(), "memory")
	os.WriteFile(path, []byte("bytes"), 0o600)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.SendFile(ctx, "memory", f); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "memory:bytes" {
		t.Errorf("got %q", s)
	}
}

func TestEventsThatNobodyReadsDoNotStopTheAnswers(t *testing.T) {
	c, ctx := dial(t, serve(t, hello, func(q request, _ []byte) string {
		return strings.Repeat(`{"event": "RTC_CHANGE", "data": {"offset": 1}}`+"\n", 2*eventsKept) + `{"return": {}, "id": $ID}` + "\n"
	}))
	if err := c.Execute(ctx, "query-name", nil, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(c.Events()); n != eventsKept {
		t.Errorf("%d events wait", n)
	}
}
