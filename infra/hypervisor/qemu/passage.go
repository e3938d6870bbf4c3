package qemu

import (
	"context"
	"fmt"
	"time"
)

// lookEvery is how often QEMU is asked how far it is.
const lookEvery = 50 * time.Millisecond

// travel sends disk and memory; at its end nothing of the machine runs.
func (p *passage) travel(ctx context.Context) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	var err error
	p.qmp, err = p.dial(ctx)
	p.leave()
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{p.mirror, p.memory, p.endMirror, p.endMemory} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ask runs a command. It needs no turn: a connection may be used by several.
func (p *passage) ask(ctx context.Context, command string, arguments, result any) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return p.qmp.Execute(ctx, command, arguments, result)
}

// mirror copies the disk until the copy follows what the guest writes.
func (p *passage) mirror(ctx context.Context) error {
	path, err := short(p.to.Disk)
	if err != nil {
		return err
	}
	target := map[string]any{"driver": "nbd", "node-name": moveJob, "export": "disk", "discard": "unmap",
		"server": map[string]string{"type": "unix", "path": path}}
	if err := p.ask(ctx, "blockdev-add", target, nil); err != nil {
		return err
	}
	sync := "top"
	if p.to.Whole {
		sync = "full"
	}
	err = p.ask(ctx, "blockdev-mirror", map[string]any{"job-id": moveJob, "device": "disk", "target": moveJob, "sync": sync,
		"auto-dismiss": false, "on-source-error": "report", "on-target-error": "report"}, nil)
	if err != nil {
		return err
	}
	if err := p.driver.step("mirror"); err != nil {
		return err
	}
	return p.untilJob(ctx, "ready")
}

// untilJob waits until the mirror is in a state.
func (p *passage) untilJob(ctx context.Context, want string) error {
	return p.until(ctx, func(ctx context.Context) (bool, error) {
		var jobs []struct {
			ID, Status, Error string
			Current           uint64 `json:"current-progress"`
			Total             uint64 `json:"total-progress"`
		}
		if err := p.ask(ctx, "query-jobs", nil, &jobs); err != nil {
			return false, err
		}
		for _, job := range jobs {
			if job.ID != moveJob {
				continue
			}
			p.so.DiskTotal, p.so.DiskSent, p.so.DiskLeft = job.Total, job.Current, job.Total-min(job.Total, job.Current)
			if job.Error != "" || job.Status == "concluded" && want != "concluded" {
				return false, fmt.Errorf("its disk can't be copied: QEMU: %.300s", job.Error)
			}
			return job.Status == want, nil
		}
		return false, fmt.Errorf("its disk can't be copied: QEMU has lost the job")
	})
}

// memory sends the memory until the guest stands still and all of it is there.
func (p *passage) memory(ctx context.Context) error {
	path, err := short(p.to.Memory)
	if err != nil {
		return err
	}
	if err := p.ask(ctx, "migrate-set-capabilities", pausing(true), nil); err != nil {
		return err
	}
	limits := map[string]int64{"downtime-limit": standstill, "max-bandwidth": 1 << 40}
	if err := p.ask(ctx, "migrate-set-parameters", limits, nil); err != nil {
		return err
	}
	if err := p.ask(ctx, "migrate", map[string]string{"uri": "unix:" + path}, nil); err != nil {
		return err
	}
	if err := p.driver.step("memory sent"); err != nil {
		return err
	}
	return p.untilMemory(ctx, "pre-switchover")
}

func (p *passage) untilMemory(ctx context.Context, want string) error {
	return p.until(ctx, func(ctx context.Context) (bool, error) {
		var progress struct {
			Status string
			Reason string `json:"error-desc"`
			RAM    struct{ Total, Transferred, Remaining uint64 }
		}
		if err := p.ask(ctx, "query-migrate", nil, &progress); err != nil {
			return false, err
		}
		if progress.RAM.Total > 0 {
			p.so.MemoryTotal, p.so.MemorySent, p.so.MemoryLeft = progress.RAM.Total, progress.RAM.Transferred, progress.RAM.Remaining
		}
		switch progress.Status {
		case want:
			return true, nil
		case "failed", "cancelled":
			return false, fmt.Errorf("its memory can't be sent: QEMU: %s %.300s", progress.Status, progress.Reason)
		}
		return false, nil
	})
}

// endMirror ends the copy at the instant in which the guest stands still.
func (p *passage) endMirror(ctx context.Context) error {
	if err := p.driver.step("switch"); err != nil {
		return err
	}
	if err := p.ask(ctx, "block-job-cancel", map[string]string{"device": moveJob}, nil); err != nil { // of one that is ready: complete it and go on here
		return err
	}
	if err := p.untilJob(ctx, "concluded"); err != nil {
		return err
	}
	if err := p.ask(ctx, "job-dismiss", map[string]string{"id": moveJob}, nil); err != nil {
		return err
	}
	return p.ask(ctx, "blockdev-del", map[string]string{"node-name": moveJob}, nil)
}

func (p *passage) endMemory(ctx context.Context) error {
	if err := p.ask(ctx, "migrate-continue", map[string]string{"state": "pre-switchover"}, nil); err != nil {
		return err
	}
	if err := p.driver.step("switched"); err != nil {
		return err
	}
	return p.untilMemory(ctx, "completed")
}

// until asks until it is so, telling meanwhile how far it is, and has the guest
// stand still where there is hurry.
func (p *passage) until(ctx context.Context, so func(context.Context) (bool, error)) error {
	for {
		if !p.stopped && p.hurried.Load() {
			if err := p.ask(ctx, "stop", nil, nil); err != nil {
				return err
			}
			p.stopped = true
		}
		ok, err := so(ctx)
		if err != nil {
			return err
		}
		p.progress(p.so)
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}
