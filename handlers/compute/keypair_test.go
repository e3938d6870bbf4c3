package compute

import (
	"fmt"
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	"skylog/handlers/given"
	view "skylog/projections/compute"
)

func TestImportKeypair(t *testing.T) {
	laptop := evt.KeypairImported{UserID: "ada", Name: "laptop", Type: "ssh", PublicKey: "ssh-ed25519 AAAA"}
	ask := cmd.ImportKeypair{UserID: "ada", Name: "laptop", Type: "ssh", PublicKey: "ssh-ed25519 AAAA"}
	var full given.Events
	for i := range view.DefaultQuota["key_pairs"] {
		full = append(full, evt.KeypairImported{UserID: "ada", Name: fmt.Sprint(i)})
	}
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken",
			When: ask, Then: given.Events{laptop}},
		{Name: "a taken name is refused",
			Given: given.Events{laptop}, When: ask, Refused: commands.Conflict},
		{Name: "another user's name is free",
			Given: given.Events{evt.KeypairImported{UserID: "bob", Name: "laptop"}}, When: ask, Then: given.Events{laptop}},
		{Name: "a deleted name is free again",
			Given: given.Events{laptop, evt.KeypairDeleted{UserID: "ada", Name: "laptop"}}, When: ask, Then: given.Events{laptop}},
		{Name: "one more than the quota allows is refused",
			Given: full, When: ask, Refused: commands.OverLimit},
		{Name: "a project's own quota counts",
			Given: given.Events{evt.QuotaSet{ProjectID: "p", Limits: map[string]int{"key_pairs": 0}}},
			When:  with(ask, func(c *cmd.ImportKeypair) { c.ProjectID = "p" }), Refused: commands.OverLimit},
		{Name: "what was never imported can't be deleted",
			When: cmd.DeleteKeypair{UserID: "ada", Name: "laptop"}, Refused: commands.NotFound},
	})
}
