// Package compute has the rules of the compute service.
package compute

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, CreateFlavor)
	handlers.On(r, DescribeFlavor)
	handlers.On(r, ChangeFlavorSpecs)
	handlers.On(r, GrantFlavor)
	handlers.On(r, RevokeFlavor)
	handlers.On(r, DeleteFlavor)
	handlers.On(r, ImportKeypair)
	handlers.On(r, DeleteKeypair)
	handlers.On(r, SetQuota)
	handlers.On(r, ResetQuota)
	handlers.On(r, ReportHost)
	handlers.On(r, LoseHost)
	handlers.On(r, HearHost)
	handlers.On(r, DisableHost)
	handlers.On(r, EnableHost)
	handlers.On(r, DrainHost)
	handlers.On(r, FinishDrain)
	handlers.On(r, ReportOrphan)
	handlers.On(r, ForceHostDown)
	handlers.On(r, ForgetHost)
	registerAggregates(r)
	registerServerGroups(r)
	registerServers(r)
}
