package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// conn is one kept connection that sends one request at a time. It exists since
// net/http's client uses about as much processor time as the server does, and
// both share the cores here.
type conn struct {
	address string
	net     net.Conn
	read    *bufio.Reader
	buffer  bytes.Buffer
}

// callTimeout bounds one request.
const callTimeout = 60 * time.Second

// maxReply is how large a reply may be.
const maxReply = 64 << 20

// do sends a request and returns status and body; the body is good until the next.
func (c *conn) do(method, path, token string, body []byte) (status int, reply []byte, err error) {
	if c.net == nil {
		if c.net, err = net.DialTimeout("tcp", c.address, 5*time.Second); err != nil {
			return 0, nil, err
		}
		c.read = bufio.NewReaderSize(c.net, 64<<10)
	}
	c.buffer.Reset()
	fmt.Fprintf(&c.buffer, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, c.address)
	if token != "" {
		fmt.Fprintf(&c.buffer, "X-Auth-Token: %s\r\n", token)
		if path == tokensPath { // a token checks itself
			fmt.Fprintf(&c.buffer, "X-Subject-Token: %s\r\n", token)
		}
	}
	if body != nil {
		kind := "application/json"
		if strings.HasSuffix(path, "/file") {
			kind = "application/octet-stream"
		}
		fmt.Fprintf(&c.buffer, "Content-Type: %s\r\nContent-Length: %d\r\n", kind, len(body))
	}
	c.buffer.WriteString("\r\n")
	c.buffer.Write(body)
	if status, reply, err = c.exchange(); err != nil {
		c.close()
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return status, reply, nil
}

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close()
		c.net = nil
	}
}

func (c *conn) exchange() (status int, body []byte, err error) {
	if err := c.net.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return 0, nil, err
	}
	if _, err := c.net.Write(c.buffer.Bytes()); err != nil {
		return 0, nil, err
	}
	h, err := c.head()
	if err != nil {
		return 0, nil, err
	}
	switch {
	case h.chunked:
		body, err = io.ReadAll(io.LimitReader(httputil.NewChunkedReader(c.read), maxReply))
		if err == nil {
			_, err = c.read.ReadSlice('\n') // the empty line behind the last chunk
		}
	case h.length > maxReply:
		err = errors.New("the reply is too large")
	case h.length > 0:
		body = make([]byte, h.length)
		_, err = io.ReadFull(c.read, body)
	}
	if h.closes {
		c.close()
	}
	return h.status, body, err
}

type head struct {
	status, length  int
	chunked, closes bool
}

// head reads a reply up to its body.
func (c *conn) head() (h head, err error) {
	line, err := c.read.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	if len(line) < 12 {
		return h, fmt.Errorf("status line %q", line)
	}
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return h, err
	}
	for {
		if line, err = c.read.ReadSlice('\n'); err != nil {
			return h, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			return h, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if h.length, err = strconv.Atoi(string(value)); err != nil {
				return h, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			h.chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			h.closes = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// call sends JSON, wants success, and reads the reply into out unless that is nil.
func (c *conn) call(method, path, token string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for {
		status, reply, err := c.do(method, path, token, body)
		switch {
		case err != nil:
			return err
		case status == 429 || status == 503: // we were asked to come back
			time.Sleep(200 * time.Millisecond)
			continue
		case status >= 300:
			return fmt.Errorf("%s %s: %d %.300s", method, path, status, reply)
		case out != nil:
			return json.Unmarshal(reply, out)
		}
		return nil
	}
}

// callers runs do(i) for i from 0 to n-1 on so many connections and returns how
// long each took. The first error ends all.
func callers(ctx context.Context, address string, n, parallel int, do func(c *conn, i int) error) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]time.Duration, n)
	work := make(chan int)
	var group sync.WaitGroup
	for range min(n, parallel) {
		group.Go(func() {
			c := &conn{address: address}
			defer c.close()
			for i := range work {
				began := time.Now()
				if err := do(c, i); err != nil {
					cancel(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
feed:
	for i := range n {
		select {
		case work <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	group.Wait()
	return took, context.Cause(ctx)
}

// quantile is the share q of the way up the sorted durations, in milliseconds.
func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Microseconds()) / 1000
}

func cores() int { return runtime.GOMAXPROCS(0) }
