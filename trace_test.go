package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"skylog/projections/public"
)

var updateTrace = flag.Bool("update", false, "write what traces print anew")

func TestATraceTellsABootAsItWent(t *testing.T) {
	for _, name := range []string{"server", "tenant"} {
		file, err := os.ReadFile(filepath.Join("testdata", "trace", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var story struct {
			Thing   public.Found
			History []public.Entry
		}
		if err := json.Unmarshal(file, &story); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := printStory(&got, story.Thing, story.History); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "trace", name+".txt")
		if *updateTrace {
			if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("the story of %s is told as\n%s\nwant\n%s", name, got.Bytes(), want)
		}
	}
}
