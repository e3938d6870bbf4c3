package compute

import (
	"skylog/events"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/projections"
)

// touched says which servers an event is about. What only changes for a server
// because others came or went may wait a little.
func touched(w *projections.World, e events.Event, emit func(id string, soon bool)) {
	switch e := e.(type) {
	case evt.ServerPlaced:
		emit(e.ID, true)
	case evt.ServerStopRequested:
		emit(e.ID, true)
	case evt.ServerStartRequested:
		emit(e.ID, true)
	case evt.ServerRebootRequested:
		emit(e.ID, true)
	case evt.ServerPauseRequested:
		emit(e.ID, true)
	case evt.ServerUnpauseRequested:
		emit(e.ID, true)
	case evt.ServerSuspendRequested:
		emit(e.ID, true)
	case evt.ServerResumeRequested:
		emit(e.ID, true)
	case evt.ServerActionFailed:
		emit(e.ID, true)
	case evt.ServerStateReset:
		emit(e.ID, true)
	case evt.ServerStopped:
		if e.ByItself {
			emit(e.ID, true)
		}
	case evt.ServerDeletionRequested:
		emit(e.ID, true)
	case evt.ServerDeleted:
		emit(e.ID, true)
	case evt.ServerRenamed, evt.ServerMetadataChanged, evt.ServerHostnameChanged:
		emit(idOf(e), true)
	default:
		if id := remade(e); id != "" {
			emit(id, true)
			return
		}
		touchedPorts(w, e, emit)
	}
}

// remade says of which server a host must hear because its disk, its size or its
// place shall be another.
func remade(e events.Event) string {
	switch e := e.(type) {
	case evt.ServerRebuildRequested:
		return e.ID
	case evt.ServerRescueRequested:
		return e.ID
	case evt.ServerUnrescueRequested:
		return e.ID
	case evt.ServerResizeRequested:
		return e.ID
	case evt.ServerCarried:
		return e.ID
	case evt.ServerResizeConfirmed:
		return e.ID
	case evt.ServerResizeRevertRequested:
		return e.ID
	case evt.ServerLeft:
		return e.ID
	case evt.ServerSnapshotRequested:
		return e.ID
	case evt.ServerSnapshotTaken:
		return e.ID
	case evt.ServerShelveRequested:
		return e.ID
	case evt.ServerShelved:
		return e.ID
	case evt.ServerUnshelveRequested:
		return e.ID
	case evt.ServerSoftDeleted:
		return e.ID
	case evt.ServerRestoreRequested:
		return e.ID
	case evt.ServerEvacuationRequested:
		return e.ID
	case evt.ServerInterfaceAttached:
		return e.ID
	case evt.ServerInterfaceDetached:
		return e.ID
	case evt.ServerLiveMigrationRequested:
		return e.ID
	case evt.ServerLiveMigrationPrepared:
		return e.ID
	case evt.ServerLiveMigrationForced:
		return e.ID
	case evt.ServerLiveMigrationAbortRequested:
		return e.ID
	case evt.ServerLiveMigrated:
		return e.ID
	case evt.ServerLiveMigrationFailed:
		return e.ID
	}
	return ""
}

func idOf(e events.Event) string {
	switch e := e.(type) {
	case evt.ServerRenamed:
		return e.ID
	case evt.ServerMetadataChanged:
		return e.ID
	case evt.ServerHostnameChanged:
		return e.ID
	}
	return ""
}

// touchedPorts says which servers a network event is about, by their ports, and
// which one has a port no more. A port's own making and binding is part of its server's.
func touchedPorts(w *projections.World, e events.Event, emit func(id string, soon bool)) {
	own := ""
	switch e := e.(type) {
	case netevt.PortUnbound:
		if p, ok := w.Network.Ports.Get(e.ID); ok {
			emit(p.DeviceID, true)
		}
	case netevt.PortDeleted:
		emit(e.LeftDevice, true)
	case netevt.PortReconfigured:
		emit(e.LeftDevice, true)
	case netevt.PortCreated:
		own = e.ID
	case netevt.PortBound:
		return
	}
	for id := range w.Network.Affected(e) {
		if p, ok := w.Network.Ports.Get(id); ok && p.Host != "" && id != own {
			emit(p.DeviceID, true)
		}
	}
}
