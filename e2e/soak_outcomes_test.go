package e2e

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// keySpace is the name space in which a command has its id by its idempotency key.
var keySpace = uuid.MustParse("6c1f0a52-7a0c-5e0b-9a3c-1d2f4b8e9d10")

const (
	// remembered is how long a command without a key is known behind its answer, with room
	// for the time of the question.
	remembered = 20 * time.Second
	// undecided is how long a command may wait for its outcome: its NotAfter and a little.
	undecided = 35 * time.Second
)

// outcomes asks for the outcome of each command of the round: those that were
// acknowledged were granted, and those that nobody answered have an outcome, or
// were never stored.
func (l *soak) outcomes() {
	l.t.Helper()
	var group sync.WaitGroup
	var asked, unknown atomic.Int64
	for _, u := range l.users {
		group.Go(func() {
			for _, c := range u.told {
				asked.Add(1)
				state := l.outcome(c.id)
				if forgotten := state == "" && !c.keyed && time.Since(c.at) > remembered; state != "granted" && !forgotten {
					l.t.Errorf("command %s was acknowledged %s ago, and is now %q", c.id, time.Since(c.at), state)
				}
			}
			u.told = nil
			for _, th := range u.things {
				if th.asked == "create" {
					id := uuid.NewSHA1(keySpace, []byte(l.project+"\x00"+l.user+"\x00"+th.key)).String()
					unknown.Add(1)
					if state := l.outcome(id); state == "pending" || state == "broken" {
						l.t.Errorf("command %s of %s, which nobody answered, is %s", id, th.name, state)
					}
				}
			}
		})
	}
	group.Wait()
	l.t.Logf("outcomes: %d acknowledged commands and %d unanswered ones", asked.Load(), unknown.Load())
}

// outcome is the state of a command, awaited while it is pending; empty: nobody knows it.
func (l *soak) outcome(id string) (state string) {
	for end := time.Now().Add(undecided); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		status, out, err := l.ask("GET", "/v1/commands/"+id, "", nil)
		if err == nil && status == http.StatusNotFound {
			return ""
		}
		if err != nil || status != http.StatusOK {
			l.t.Errorf("GET /v1/commands/%s: %d %v", id, status, err)
			return ""
		}
		if state = text(out, "state"); state != "pending" {
			return state
		}
	}
	return state
}
