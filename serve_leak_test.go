package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestAProgramThatEndsLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	ctx, stop := context.WithCancel(t.Context())
	serve := serveCommand()
	serve.SetArgs([]string{"--data", t.TempDir(), "--listen", address, "--simulate-hosts", "3"})
	ended := make(chan error, 1)
	go func() { ended <- serve.ExecuteContext(ctx) }()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	ready := func() bool {
		r, err := client.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !ready(); <-tick.C {
		select {
		case err := <-ended:
			t.Fatalf("it ended with %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("it is not ready")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	// Watermill's router waits for ever for handlers that could not subscribe any more because the program ended first.
	stranded := goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/message.(*Router).watchAllHandlersStopped.func1")
	goleak.VerifyNone(t, before, stranded)
}
