package compute

import (
	"time"

	"skylog/events"
	evt "skylog/events/compute"
)

// LiveMove is a server's way to another host while it runs. Until it is settled
// which of the two has the server, neither is told to make it anything: only its
// host knows whether it is there still.
type LiveMove struct {
	Migration string // names the move
	To        string
	Endpoint  string // where the next host waits; empty: it isn't ready yet
	Hurry     bool   // the server may stand still meanwhile
	Abort     bool   // it shall stay where it is, if it is there still
	Overdue   bool   // since it took too long, not because somebody asked for it
}

// applyLiveMoves folds live migrations.
func (t *Servers) applyLiveMoves(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerLiveMigrationRequested:
		t.ask(e.ID, m, MigratingLive, e.By, func(s *Server) { s.Live = &LiveMove{Migration: e.Migration, To: shared(e.Host)} })
	case evt.ServerLiveMigrationPrepared:
		t.ask(e.ID, m, MigratingLive, e.By, func(s *Server) { s.moveLive(func(l *LiveMove) { l.Endpoint = e.Endpoint }) })
	case evt.ServerLiveMigrationProgressed:
		t.Update(e.ID, func(s *Server) {
			if s.Live != nil && !s.Live.Abort && s.TaskState == MigratingLive && !e.By.IsZero() {
				s.Due = e.By
			}
		})
	case evt.ServerLiveMigrationForced:
		t.change(e.ID, m, func(s *Server) { s.moveLive(func(l *LiveMove) { l.Hurry = true }) })
	case evt.ServerLiveMigrationAbortRequested:
		t.ask(e.ID, m, MigratingLive, e.By, func(s *Server) { s.moveLive(func(l *LiveMove) { l.Abort, l.Overdue = true, e.Overdue }) })
	case evt.ServerLiveMigrated:
		t.change(e.ID, m, func(s *Server) {
			if s.Live != nil {
				s.Host = s.Live.To
			}
			s.settleLive(m)
		})
	case evt.ServerLiveMigrationFailed:
		t.change(e.ID, m, func(s *Server) { s.settleLive(m) })
	}
}

// moveLive changes a copy of the server's live migration, if there is one.
func (s *Server) moveLive(how func(*LiveMove)) {
	if s.Live != nil {
		l := *s.Live
		how(&l)
		s.Live = &l
	}
}

// settleLive ends a live migration: where the server is it shall be what is
// wanted of it.
func (s *Server) settleLive(m events.Meta) {
	s.Live, s.Generation, s.Cause = nil, m.Number, m.Command
	if s.TaskState == MigratingLive {
		s.TaskState, s.Due = NoTask, time.Time{}
	}
}

// applyLive folds live migrations into the table of migrations.
func (t *Migrations) applyLive(e events.Event, m events.Meta, servers *Servers) {
	switch e := e.(type) {
	case evt.ServerLiveMigrationRequested:
		t.begin(e.ID, m, servers, Migration{ID: e.Migration, Type: LiveMigration, Status: Preparing, To: e.Host})
	case evt.ServerLiveMigrationPrepared:
		t.turn(e.ID, m, Underway)
	case evt.ServerLiveMigrationProgressed:
		t.newest(e.ID, m, func(of *Migration) { of.Transfer = e.Transfer })
	case evt.ServerLiveMigrated:
		t.turn(e.ID, m, Completed)
	case evt.ServerLiveMigrationFailed:
		t.newest(e.ID, m, func(of *Migration) {
			switch {
			case e.Cancelled:
				of.Status = "cancelled"
			case of.Status == Preparing:
				of.Status = "error"
			default:
				of.Status = "failed"
			}
		})
	}
}
