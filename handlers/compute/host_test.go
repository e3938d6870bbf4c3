package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	"skylog/handlers/given"
)

func TestForgetHost(t *testing.T) {
	ask, gone := cmd.ForgetHost{Name: "b"}, evt.HostForgotten{Name: "b"}
	given.Run(t, Register, []given.Case{
		{Name: "an empty host goes", Given: given.Events{hostB}, When: ask, Then: given.Events{gone}},
		{Name: "it leaves its aggregates", Given: given.Events{fast, hostB, bInFast}, When: ask,
			Then: given.Events{evt.AggregateHostRemoved{ID: "g", Host: "b"}, gone}},
		{Name: "a host with servers stays", Given: given.Events{small, hostB, created, placed}, When: ask, Refused: commands.Conflict},
		{Name: "a host that isn't there can't go", When: ask, Refused: commands.NotFound},
		{Name: "it went", Given: given.Events{hostB, gone}, When: ask, Refused: commands.NotFound},
		{Name: "it may join anew", Given: given.Events{hostB, gone}, When: cmd.ReportHost{Host: "b", ID: hostB.ID, Facts: cmd.Facts(hostB.HostFacts)},
			Then: given.Events{hostB}},
	})
}
