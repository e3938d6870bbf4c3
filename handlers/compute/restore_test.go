package compute

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	"skylog/handlers/given"
)

func TestRestore(t *testing.T) {
	soft := evt.ServerSoftDeleted{ID: "s", Until: at.Add(time.Hour)}
	kept := after(runs, soft)
	back := evt.ServerRestoreRequested{ID: "s", By: at.Add(actionTime)}
	softly := cmd.DeleteServer{ID: "s", Reclaim: time.Hour, At: at}
	asked := evt.ServerDeletionRequested{ID: "s", By: at.Add(actionTime)}
	given.Run(t, Register, []given.Case{
		{Name: "a deleted server is kept for a while where that is set", Given: runs, When: softly, Then: given.Events{soft}},
		{Name: "by force it goes at once", Given: runs, When: with(softly, func(c *cmd.DeleteServer) { c.Force = true }), Then: given.Events{asked}},
		{Name: "what is in error goes at once", Given: after(runs, evt.ServerStateReset{ID: "s", Error: true}), When: softly, Then: given.Events{asked}},
		{Name: "deleted once more it goes", Given: kept, When: softly, Then: given.Events{asked}},
		{Name: "it can't be started", Given: kept, When: cmd.StartServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "it may be restored", Given: kept, When: cmd.RestoreServer{ID: "s", At: at}, Then: given.Events{back}},
		{Name: "what wasn't deleted can't be", Given: runs, When: cmd.RestoreServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "it is restored when it runs again", Origin: "host.b", Given: after(kept, back), When: onHostB(8, cmd.Running), Then: given.Events{evt.ServerRestored{ID: "s"}}},
		{Name: "after its time it goes", Given: kept, When: cmd.PassDeadline{ID: "s", Due: soft.Until}, Then: given.Events{evt.ServerDeletionRequested{ID: "s", By: given.Start.Add(6*time.Second + actionTime)}}},
	})
}
