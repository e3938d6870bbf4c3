package compute

import (
	"slices"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	"skylog/handlers/given"
)

func TestPasswords(t *testing.T) {
	wise := slices.Clone(runs)
	for i, e := range wise {
		if c, ok := e.(evt.ServerCreated); ok {
			c.Image.Agent = true
			wise[i] = c
		}
	}
	change := cmd.ChangePassword{ID: "s", At: at}
	asked := evt.ServerPasswordChangeRequested{ID: "s", By: at.Add(passwordTime)}
	under := after(wise, asked)
	taken, failed := evt.ServerPasswordChangeEnded{ID: "s"}, evt.ServerPasswordChangeEnded{ID: "s", Failure: "no such user"}
	given.Run(t, Register, []given.Case{
		{Name: "a guest with an agent may get another", Given: wise, When: change, Then: given.Events{asked}},
		{Name: "one without is refused", Given: runs, When: change, Refused: commands.Conflict},
		{Name: "a stopped one is refused", Given: after(wise, evt.ServerStopped{ID: "s"}), When: change, Refused: commands.Conflict},
		{Name: "a locked one is refused", Given: after(wise, evt.ServerLocked{ID: "s", ByOwner: true}), When: change, Refused: commands.Conflict},
		{Name: "one that isn't there is refused", When: change, Refused: commands.NotFound},
		{Name: "one at a time", Given: under, When: change, Refused: commands.Conflict},
		{Name: "nothing else goes on meanwhile", Given: under, When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "a guest takes it", Given: under, When: cmd.EndPasswordChange{ID: "s"}, Then: given.Events{taken}},
		{Name: "a guest doesn't take it", Given: under, When: cmd.EndPasswordChange{ID: "s", Failure: "no such user"}, Then: given.Events{failed}},
		{Name: "it ends once", Given: after(under, taken), When: cmd.EndPasswordChange{ID: "s"}},
		{Name: "a host that says nothing ends it too", Given: under, When: cmd.PassDeadline{ID: "s", Due: asked.By},
			Then: given.Events{evt.ServerPasswordChangeEnded{ID: "s", Failure: "The host did not answer in time."}}},
		{Name: "afterwards it is what it was", Given: after(under, failed), When: cmd.StopServer{ID: "s", At: at},
			Then: given.Events{evt.ServerStopRequested{ID: "s", By: at.Add(actionTime)}}},
		{Name: "one that shall be gone waits for nothing", Given: after(under, evt.ServerDeletionRequested{ID: "s", By: at.Add(time.Minute)}), When: cmd.EndPasswordChange{ID: "s"}},
	})
}
