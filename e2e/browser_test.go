package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is a Chromium without a screen, in the cloud's namespace, steered by
// the DevTools protocol through a pipe.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// pageTime is how long a page may take on a busy machine.
const pageTime = time.Minute

func (c *cloud) browse() *browser {
	c.t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		c.t.Fatal("make e2e needs Chromium: apt-get install chromium")
	}
	within := filepath.Join(c.t.TempDir(), "chromium")
	check(c.t, os.WriteFile(within, fmt.Appendf(nil, "#!/bin/sh\nexec ip netns exec %s chromium \"$@\"\n", c.name), 0o700))
	allocated, endAll := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(within), chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.Headless,
		chromedp.DisableGPU, chromedp.UserDataDir(c.t.TempDir()), chromedp.WindowSize(1024, 768), chromedp.WSURLReadTimeout(pageTime),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true))
	ctx, end := chromedp.NewContext(allocated)
	c.t.Cleanup(func() {
		last, cancel := context.WithTimeout(ctx, pageTime)
		defer cancel()
		if err := chromedp.Cancel(last); err != nil {
			c.t.Logf("Chromium ends: %v", err)
		}
		end()
		endAll()
	})
	check(c.t, chromedp.Do(ctx)) // it lives as long as the context of its first use
	return &browser{c.t, ctx}
}

// ask has the page do or tell something.
func ask[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	told, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
	return told
}

func (b *browser) open(address string) {
	b.t.Helper()
	ask(b, chromedp.Navigate(address))
}

// text is what a page says.
func (b *browser) text() string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](`document.body.innerText`))
}

// shot keeps a picture of the page in the folder of SKYLOG_SHOTS, if there is one.
func (b *browser) shot(name string) {
	b.t.Helper()
	if dir := os.Getenv("SKYLOG_SHOTS"); dir != "" {
		check(b.t, os.MkdirAll(dir, 0o755))
		check(b.t, os.WriteFile(filepath.Join(dir, name+".png"), ask(b, chromedp.CaptureScreenshot()), 0o644))
	}
}

// screen is the picture on noVNC's canvas, nil while there is none.
func (b *browser) screen() []byte {
	b.t.Helper()
	encoded := ask(b, chromedp.Evaluate[string](`(() => { const c = document.querySelector("canvas"); return c && c.width > 0 ? c.toDataURL("image/png") : "" })()`))
	if encoded == "" {
		return nil
	}
	picture, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(encoded, "data:image/png;base64,"))
	check(b.t, err)
	return picture
}

// keyPause is between two keys: a slow guest's keyboard has a short memory.
const keyPause = 30 * time.Millisecond

// typed presses the keys of a text as fingers on an American keyboard do. What is
// sent to a guest is keys, not letters, so the shift key is pressed where it is due.
func (b *browser) typed(text string) {
	b.t.Helper()
	shift := &kb.Key{Code: "ShiftLeft", Key: "Shift", Windows: 16}
	var steps []chromedp.Action[chromedp.Void]
	press := func(kind input.DispatchKeyEventType, k *kb.Key, held chromedp.Modifier) {
		event := input.DispatchKeyEventParams{Type: kind, Key: k.Key, Code: k.Code, WindowsVirtualKeyCode: k.Windows, Modifiers: int64(held)}
		steps = append(steps, chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
			_, err := cdp.Call(ctx, page, input.DispatchKeyEvent, event)
			return err
		}))
	}
	for _, r := range text {
		key, held := kb.Keys[r], chromedp.Modifier(0)
		if key == nil {
			b.t.Fatalf("there is no key for %q", r)
		}
		if key.Shift {
			held = chromedp.ModifierShift
			press(kb.KeyRawDown, shift, held)
		}
		press(kb.KeyRawDown, key, held)
		press(kb.KeyUp, key, held)
		if key.Shift {
			press(kb.KeyUp, shift, 0)
		}
		steps = append(steps, chromedp.Sleep(keyPause))
	}
	ask(b, chromedp.Steps(steps...))
}
