// Package compute is what has happened to servers and what belongs to them.
package compute

import (
	"slices"

	"skylog/events"
)

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return slices.Concat(servers(), changes(), []events.Type{
		events.Of[KeypairImported](),
		events.Of[KeypairDeleted](),
		events.Of[FlavorCreated](),
		events.Of[FlavorDescribed](),
		events.Of[FlavorSpecsChanged](),
		events.Of[FlavorAccessGranted](),
		events.Of[FlavorAccessRevoked](),
		events.Of[FlavorDeleted](),
		events.Of[HostJoined](),
		events.Of[HostLost](),
		events.Of[HostReturned](),
		events.Of[HostDisabled](),
		events.Of[HostEnabled](),
		events.Of[HostDrainRequested](),
		events.Of[HostDrained](),
		events.Of[HostForcedDown](),
		events.Of[HostForgotten](),
		events.Of[OrphanFound](),
		events.Of[QuotaSet](),
		events.Of[QuotaReset](),
		events.Of[AggregateCreated](),
		events.Of[AggregateChanged](),
		events.Of[AggregateHostAdded](),
		events.Of[AggregateHostRemoved](),
		events.Of[AggregateImagesWanted](),
		events.Of[AggregateDeleted](),
		events.Of[ServerGroupCreated](),
		events.Of[ServerGroupDeleted](),
	})
}

// servers are the events of a server's life.
func servers() []events.Type {
	return []events.Type{
		events.Of[ServerCreated](),
		events.Of[ServerPlaced](),
		events.Of[ServerBuildFailed](),
		events.Of[ServerBooted](),
		events.Of[ServerStopRequested](),
		events.Of[ServerStartRequested](),
		events.Of[ServerRebootRequested](),
		events.Of[ServerPauseRequested](),
		events.Of[ServerUnpauseRequested](),
		events.Of[ServerSuspendRequested](),
		events.Of[ServerResumeRequested](),
		events.Of[ServerStopped](),
		events.Of[ServerStarted](),
		events.Of[ServerRebooted](),
		events.Of[ServerPaused](),
		events.Of[ServerUnpaused](),
		events.Of[ServerSuspended](),
		events.Of[ServerResumed](),
		events.Of[ServerActionFailed](),
		events.Of[ServerDeletionRequested](),
		events.Of[ServerDeleted](),
		events.Of[ServerRemainsRemoved](),
		events.Of[ServerRenamed](),
		events.Of[ServerDescribed](),
		events.Of[ServerHostnameChanged](),
		events.Of[ServerAccessChanged](),
		events.Of[ServerDiskConfigChanged](),
		events.Of[ServerMetadataChanged](),
		events.Of[ServerTagged](),
		events.Of[ServerLocked](),
		events.Of[ServerUnlocked](),
		events.Of[ServerStateReset](),
	}
}

// changes are those that make another server of one: of its disk, its size and its place.
func changes() []events.Type {
	return []events.Type{
		events.Of[ServerRebuildRequested](),
		events.Of[ServerRebuilt](),
		events.Of[ServerKeyChanged](),
		events.Of[ServerUserDataChanged](),
		events.Of[ServerFilesChanged](),
		events.Of[ServerRescueRequested](),
		events.Of[ServerRescued](),
		events.Of[ServerUnrescueRequested](),
		events.Of[ServerUnrescued](),
		events.Of[ServerResizeRequested](),
		events.Of[ServerCarried](),
		events.Of[ServerResized](),
		events.Of[ServerResizeConfirmed](),
		events.Of[ServerResizeRevertRequested](),
		events.Of[ServerResizeReverted](),
		events.Of[ServerLeft](),
		events.Of[ServerSnapshotRequested](),
		events.Of[ServerSnapshotTaken](),
		events.Of[ServerShelveRequested](),
		events.Of[ServerShelved](),
		events.Of[ServerOffloaded](),
		events.Of[ServerUnshelveRequested](),
		events.Of[ServerUnshelved](),
		events.Of[ServerConsoleGranted](),
		events.Of[ServerConsoleOpened](),
		events.Of[ServerEvacuationRequested](),
		events.Of[ServerEvacuated](),
		events.Of[ServerLiveMigrationRequested](),
		events.Of[ServerLiveMigrationPrepared](),
		events.Of[ServerLiveMigrationProgressed](),
		events.Of[ServerLiveMigrationForced](),
		events.Of[ServerLiveMigrationAbortRequested](),
		events.Of[ServerLiveMigrated](),
		events.Of[ServerLiveMigrationFailed](),
		events.Of[ServerFirstPasswordChanged](),
		events.Of[ServerPasswordChangeRequested](),
		events.Of[ServerPasswordChangeEnded](),
		events.Of[ServerSoftDeleted](),
		events.Of[ServerRestoreRequested](),
		events.Of[ServerRestored](),
		events.Of[ServerInterfaceAttached](),
		events.Of[ServerInterfaceDetached](),
	}
}
