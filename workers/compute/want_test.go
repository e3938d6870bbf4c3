package compute

import (
	"bytes"
	"errors"
	"testing"

	evt "skylog/events/compute"
	view "skylog/projections/compute"
)

func TestAGuestIsToldWhatWasSealedForIt(t *testing.T) {
	wants := Wants{Open: func(owner string, envelope []byte) ([]byte, error) {
		opened, is := bytes.CutPrefix(envelope, []byte("sealed for "+owner+":"))
		if !is {
			return nil, errors.New("sealed for another")
		}
		return opened, nil
	}}
	s := &view.Server{ServerCreated: evt.ServerCreated{ID: "s", ProjectID: "p",
		Password: []byte("sealed for p:sesame"), UserData: []byte("sealed for p:#!/bin/sh"), Files: []byte(`sealed for p:[{"Path":"/etc/motd","Content":"aGVsbG8="}]`)}}
	m, err := wants.metadata(s)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.UserData) != "#!/bin/sh" || len(m.Files) != 1 || m.Files[0].Path != "/etc/motd" || string(m.Files[0].Content) != "hello" {
		t.Errorf("got %+v", m)
	}
	if password, err := wants.password(s); err != nil || password != "sesame" || m.AdminPass != "" {
		t.Errorf("got password %q, %v, and %q among what ports' metadata services tell", password, err, m.AdminPass)
	}
	s.Rescue, s.RescuePassword = &view.ImageUse{}, []byte("sealed for p:rescued")
	if password, err := wants.password(s); err != nil || password != "rescued" {
		t.Errorf("while it is rescued its password is %q, %v", password, err)
	}
	s.ProjectID = "q"
	if _, err := wants.password(s); err == nil {
		t.Error("a password that was sealed for another project is opened")
	}
	if _, err := wants.metadata(s); err == nil {
		t.Error("what was sealed for another project is opened")
	}
}
