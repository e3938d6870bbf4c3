package image_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"skylog/api/apitest"
	"skylog/infra/imagecache"
)

func TestScripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txtar", func(t *testing.T) http.Handler { return documented(t).gateway })
}

// documented is the service with all that it can have.
func documented(t *testing.T) *cloud {
	return serve(t, func(c *cloud) {
		c.service.Cache = &imagecache.Cache{Dir: t.TempDir()}
		c.service.CheckURI = func(string) error { return nil }
	})
}

var parameter = regexp.MustCompile(`\\\{[^}]+\\\}`)

func TestEveryOperationHasAnExchangeOfRecord(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, o := range documented(t).gateway.Operations() {
		path := parameter.ReplaceAllString(regexp.QuoteMeta(o.Path), `[^/?\s]+`)
		if o.Service == "image" && !regexp.MustCompile(`(?m)^`+o.Method+" "+path+`(?:\?.*)?$`).MatchString(all.String()) {
			t.Errorf("no script has %s %s", o.Method, o.Path)
		}
	}
}
