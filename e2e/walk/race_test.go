package walk

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// rush sends a request so many times at once and counts the answers by status.
func (c *cloud) rush(times int, token, request, body string) map[int]int {
	var all sync.WaitGroup
	codes := make([]int, times)
	for i := range codes {
		all.Go(func() { codes[i] = c.call(token, request, body, nil).Code })
	}
	all.Wait()
	counts := map[int]int{}
	for _, code := range codes {
		counts[code]++
	}
	return counts
}

func TestRequestsAtOnceGetNoMoreThanTheQuota(t *testing.T) {
	c := newCloud(t)
	h := things{c, map[string]string{}}
	eve, project := c.tokens["eve"], c.named["elsewhere"]
	server := h.fill(`{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":"none"}}`)
	port := h.fill(`{"port":{"network_id":"$mine"}}`)
	c.settle()
	ports := strings.Count(c.call(eve, "GET /network/v2.0/ports", "", nil).Body.String(), `"mac_address"`)
	c.make("admin", "PUT /compute/v2.1/os-quota-sets/"+project, `{"quota_set":{"instances":3}}`, "")
	c.make("admin", "PUT /network/v2.0/quotas/"+project, `{"quota":{"port":`+strconv.Itoa(ports+2)+`}}`, "")
	const times = 24
	if got := c.rush(times, eve, "POST /compute/v2.1/servers", server); got[http.StatusAccepted] != 3 || got[http.StatusForbidden] != times-3 {
		t.Errorf("of %d servers, 3 of which the quota allows: %v", times, got)
	}
	if got := c.rush(times, eve, "POST /network/v2.0/ports", port); got[http.StatusCreated] != 2 || got[http.StatusConflict] != times-2 {
		t.Errorf("of %d ports, 2 of which the quota allows: %v", times, got)
	}
	c.settle()
}
