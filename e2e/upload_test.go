package e2e

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// TestAnUploadThatAKillCutOffIsFreeAgainAtOnce begins an upload, kills the
// program in its midst, and uploads anew behind the restart.
func TestAnUploadThatAKillCutOffIsFreeAgainAtOnce(t *testing.T) {
	real(t)
	c := newCloud(t, "--simulate-hosts", "1")
	c.start()
	l := newSoak(t, c, luck(t))
	image := text(l.must("POST", "/image/v2/images", map[string]any{"name": "cut", "disk_format": "raw", "container_format": "bare"}), "id")
	body, write := io.Pipe()
	defer write.Close()
	cut := make(chan error, 1)
	go func() {
		_, _, _, err := l.send("PUT", "/image/v2/images/"+image+"/file", "", body)
		cut <- err
	}()
	if _, err := write.Write(make([]byte, 64<<10)); err != nil {
		t.Fatal(err)
	}
	is := func(status string) func() error {
		return func() error {
			if got := text(l.must("GET", "/image/v2/images/"+image, nil), "status"); got != status {
				return fmt.Errorf("the image is %s", got)
			}
			return nil
		}
	}
	c.until(10*time.Second, "the upload is under way", is("saving"))
	c.kill()
	_ = write.Close()
	<-cut
	l.http.CloseIdleConnections()
	c.start()
	if err := is("queued")(); err != nil {
		t.Errorf("behind the restart: %v", err)
	}
	if status, _, _, err := l.send("PUT", "/image/v2/images/"+image+"/file", "", io.LimitReader(zeros{}, 1<<20)); err != nil || status != http.StatusNoContent {
		t.Errorf("uploaded anew: %d %v", status, err)
	}
	c.stop()
	verified(t, c)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
