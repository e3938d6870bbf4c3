package identity

import "testing"

// BenchmarkCheckToken is what every request of every service pays.
func BenchmarkCheckToken(b *testing.B) {
	c := cloud(b)
	_, _, token := c.person("ada", "member")
	w := c.cell.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.service.Authenticate(w, token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
