package apiscripts

import (
	"net/http"
	"testing"
	"time"

	"skylog/api/apitest"
	"skylog/api/compute"
)

func TestScriptsOfACloudThatKeepsDeletedServersAWhile(t *testing.T) {
	apitest.Run(t, "testdata/kept/*.txtar", func(t *testing.T) http.Handler {
		g, _ := cloudOf(t, func(s *compute.Service) { s.Reclaim = time.Hour })
		return g
	})
}
