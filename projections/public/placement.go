package public

import evt "skylog/events/placement"

// What providers have and who has it of them is the operators' business only.
func init() {
	internal(func(e evt.ProviderCreated) string { return e.ID })
	internal(func(e evt.ProviderRenamed) string { return e.ID })
	internal(func(e evt.ProviderMoved) string { return e.ID })
	internal(func(e evt.ProviderDeleted) string { return e.ID })
	on(func(e evt.InventoriesSet) About {
		return About{Subject: Subject{Resource: "provider", ID: e.ProviderID}}
	})
	internal(func(e evt.TraitsSet) string { return e.ProviderID })
	internal(func(e evt.AggregatesSet) string { return e.ProviderID })
	internal(func(e evt.AllocationsSet) string { return e.ConsumerID })
	internal(func(e evt.AllocationsRemoved) string { return e.ConsumerID })
	internal(func(e evt.ResourceClassCreated) string { return e.Name })
	internal(func(e evt.ResourceClassRenamed) string { return e.Name })
	internal(func(e evt.ResourceClassDeleted) string { return e.Name })
	internal(func(e evt.TraitCreated) string { return e.Name })
	internal(func(e evt.TraitDeleted) string { return e.Name })
}
