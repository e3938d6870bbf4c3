package public

import (
	"strings"

	evt "skylog/events/compute"
)

func init() {
	on(func(e evt.KeypairImported) About { return keypair(e.UserID, e.Name) })
	on(func(e evt.KeypairDeleted) About { return keypair(e.UserID, e.Name) })

	internal(func(e evt.FlavorCreated) string { return e.ID })
	internal(func(e evt.FlavorDescribed) string { return e.ID })
	internal(func(e evt.FlavorSpecsChanged) string { return e.ID })
	on(func(e evt.FlavorAccessGranted) About {
		return About{Subject: Subject{ID: e.ID}, For: []Audience{Project(e.ProjectID)}}
	})
	on(func(e evt.FlavorAccessRevoked) About {
		return About{Subject: Subject{ID: e.ID}, For: []Audience{Project(e.ProjectID)}}
	})
	internal(func(e evt.FlavorDeleted) string { return e.ID })

	internal(func(e evt.HostJoined) string { return e.Name })
	internal(func(e evt.HostLost) string { return e.Name })
	internal(func(e evt.HostReturned) string { return e.Name })
	internal(func(e evt.HostDisabled) string { return e.Name })
	internal(func(e evt.HostEnabled) string { return e.Name })
	internal(func(e evt.HostDrainRequested) string { return e.Name })
	internal(func(e evt.HostDrained) string { return e.Name })
	internal(func(e evt.HostForgotten) string { return e.Name })
	internal(func(e evt.HostForcedDown) string { return e.Name })
	internal(func(e evt.AggregateCreated) string { return e.ID })
	internal(func(e evt.AggregateChanged) string { return e.ID })
	internal(func(e evt.AggregateHostAdded) string { return e.ID })
	internal(func(e evt.AggregateHostRemoved) string { return e.ID })
	internal(func(e evt.AggregateImagesWanted) string { return e.ID })
	internal(func(e evt.AggregateDeleted) string { return e.ID })
	on(func(e evt.OrphanFound) About {
		return About{Subject: Subject{Resource: "host", ID: e.Host}, Also: []Subject{server(e.ID)}}
	})

	on(func(e evt.QuotaSet) About { return About{Subject: Subject{ID: e.ProjectID}, Project: e.ProjectID} })
	on(func(e evt.QuotaReset) About { return About{Subject: Subject{ID: e.ProjectID}, Project: e.ProjectID} })

	on(func(e evt.ServerGroupCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID} })
	its(func(e evt.ServerGroupDeleted) string { return e.ID })

	servers()
	actions()
}

func servers() {
	on(func(e evt.ServerCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID} })
	its(func(e evt.ServerPlaced) string { return e.ID })
	its(func(e evt.ServerBuildFailed) string { return e.ID })
	its(func(e evt.ServerBooted) string { return e.ID })
	its(func(e evt.ServerStopRequested) string { return e.ID })
	its(func(e evt.ServerStartRequested) string { return e.ID })
	its(func(e evt.ServerRebootRequested) string { return e.ID })
	its(func(e evt.ServerPauseRequested) string { return e.ID })
	its(func(e evt.ServerUnpauseRequested) string { return e.ID })
	its(func(e evt.ServerSuspendRequested) string { return e.ID })
	its(func(e evt.ServerResumeRequested) string { return e.ID })
	its(func(e evt.ServerStopped) string { return e.ID })
	its(func(e evt.ServerStarted) string { return e.ID })
	its(func(e evt.ServerRebooted) string { return e.ID })
	its(func(e evt.ServerPaused) string { return e.ID })
	its(func(e evt.ServerUnpaused) string { return e.ID })
	its(func(e evt.ServerSuspended) string { return e.ID })
	its(func(e evt.ServerResumed) string { return e.ID })
	its(func(e evt.ServerActionFailed) string { return e.ID })
	its(func(e evt.ServerDeletionRequested) string { return e.ID })
	its(func(e evt.ServerDeleted) string { return e.ID })
	on(func(e evt.ServerRemainsRemoved) About { // of the host's story: the server's owner was told that it is gone
		return About{Subject: Subject{Resource: "host", ID: e.Host}, Also: []Subject{server(e.ID)}}
	})
	its(func(e evt.ServerRenamed) string { return e.ID })
	its(func(e evt.ServerDescribed) string { return e.ID })
	its(func(e evt.ServerHostnameChanged) string { return e.ID })
	its(func(e evt.ServerAccessChanged) string { return e.ID })
	its(func(e evt.ServerDiskConfigChanged) string { return e.ID })
	its(func(e evt.ServerMetadataChanged) string { return e.ID })
	its(func(e evt.ServerTagged) string { return e.ID })
	its(func(e evt.ServerLocked) string { return e.ID })
	its(func(e evt.ServerUnlocked) string { return e.ID })
	its(func(e evt.ServerStateReset) string { return e.ID })
}

// actions are what is asked of servers beyond their power, and what came of it.
func actions() {
	its(func(e evt.ServerRebuildRequested) string { return e.ID })
	its(func(e evt.ServerRebuilt) string { return e.ID })
	its(func(e evt.ServerKeyChanged) string { return e.ID })
	its(func(e evt.ServerUserDataChanged) string { return e.ID })
	its(func(e evt.ServerFilesChanged) string { return e.ID })
	its(func(e evt.ServerRescueRequested) string { return e.ID })
	its(func(e evt.ServerRescued) string { return e.ID })
	its(func(e evt.ServerUnrescueRequested) string { return e.ID })
	its(func(e evt.ServerUnrescued) string { return e.ID })
	its(func(e evt.ServerResizeRequested) string { return e.ID })
	its(func(e evt.ServerCarried) string { return e.ID })
	its(func(e evt.ServerResized) string { return e.ID })
	its(func(e evt.ServerResizeConfirmed) string { return e.ID })
	its(func(e evt.ServerResizeRevertRequested) string { return e.ID })
	its(func(e evt.ServerResizeReverted) string { return e.ID })
	its(func(e evt.ServerSnapshotRequested) string { return e.ID })
	its(func(e evt.ServerSnapshotTaken) string { return e.ID })
	its(func(e evt.ServerShelveRequested) string { return e.ID })
	its(func(e evt.ServerShelved) string { return e.ID })
	its(func(e evt.ServerOffloaded) string { return e.ID })
	its(func(e evt.ServerUnshelveRequested) string { return e.ID })
	its(func(e evt.ServerUnshelved) string { return e.ID })
	its(func(e evt.ServerInterfaceAttached) string { return e.ID })
	its(func(e evt.ServerInterfaceDetached) string { return e.ID })
	its(func(e evt.ServerConsoleGranted) string { return e.ID })
	its(func(e evt.ServerConsoleOpened) string { return e.ID })
	its(func(e evt.ServerEvacuationRequested) string { return e.ID })
	its(func(e evt.ServerEvacuated) string { return e.ID })
	its(func(e evt.ServerLiveMigrationRequested) string { return e.ID })
	its(func(e evt.ServerLiveMigrationPrepared) string { return e.ID })
	its(func(e evt.ServerLiveMigrationProgressed) string { return e.ID })
	its(func(e evt.ServerLiveMigrationForced) string { return e.ID })
	its(func(e evt.ServerLiveMigrationAbortRequested) string { return e.ID })
	its(func(e evt.ServerLiveMigrated) string { return e.ID })
	its(func(e evt.ServerLiveMigrationFailed) string { return e.ID })
	its(func(e evt.ServerFirstPasswordChanged) string { return e.ID })
	its(func(e evt.ServerPasswordChangeRequested) string { return e.ID })
	its(func(e evt.ServerPasswordChangeEnded) string { return e.ID })
	its(func(e evt.ServerSoftDeleted) string { return e.ID })
	its(func(e evt.ServerRestoreRequested) string { return e.ID })
	its(func(e evt.ServerRestored) string { return e.ID })
	on(func(e evt.ServerLeft) About { // of the host's story: where servers are isn't for their owners
		return About{Subject: Subject{Resource: "host", ID: e.Host}, Also: []Subject{server(e.ID)}}
	})
}

func server(id string) Subject { return Subject{"compute", "server", id} }

// keypair is a user's own: the other users of a project don't see it.
func keypair(user, name string) About {
	return About{Subject: Subject{ID: user + ":" + name}, User: user}
}

// ofDevice is the server that a port belongs to, if it does.
func ofDevice(owner, id string) *Subject {
	if s := server(id); id != "" && strings.HasPrefix(owner, "compute:") {
		return &s
	}
	return &Subject{}
}
