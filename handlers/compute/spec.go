package compute

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"skylog/projections"
	view "skylog/projections/compute"
)

// aggregatePrefix is that of the extra specs by which a flavor asks for hosts of
// aggregates with certain metadata (nova: AggregateInstanceExtraSpecsFilter).
const aggregatePrefix = "aggregate_instance_extra_specs:"

// aggregateSpecs are what a flavor asks of aggregates' metadata.
func aggregateSpecs(specs map[string]string) (asks map[string]string) {
	for key, value := range specs {
		if name, ok := strings.CutPrefix(key, aggregatePrefix); ok {
			if asks == nil {
				asks = map[string]string{}
			}
			asks[name] = value
		}
	}
	return asks
}

// meets says whether a host's aggregates have, together, what is asked for.
func meets(w *projections.World, host string, asks map[string]string) bool {
	for key, value := range asks {
		met := false
		for _, a := range w.Compute.Aggregates.OfHost(host) {
			if has, ok := a.Metadata[key]; ok && matches(has, value) {
				met = true
				break
			}
		}
		if !met {
			return false
		}
	}
	return true
}

// offering are the hosts of aggregates that have any of what is asked for.
func offering(w *projections.World, asks map[string]string) (hosts []string) {
	for a := range w.Compute.Aggregates.InOrder() {
		for key, value := range asks {
			if has, ok := a.Metadata[key]; ok && matches(has, value) {
				hosts = append(hosts, a.Hosts...)
				break
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// roomiest are those of the hosts on which servers may be put, the one with the
// most free RAM first.
func roomiest(w *projections.World, names []string) (hosts []view.Host) {
	for _, name := range names {
		if h, ok := w.Compute.Hosts.Get(name); ok && h.Alive() && !h.Disabled {
			hosts = append(hosts, h)
		}
	}
	free := func(h *view.Host) int { return h.RAMMiB*view.RAMRatio - h.Used.RAMMiB }
	slices.SortStableFunc(hosts, func(a, b view.Host) int { return cmp.Compare(free(&b), free(&a)) })
	return hosts
}

// matches compares what there is with what is asked for, by the operators of
// Nova's extra specs (nova/scheduler/filters/extra_specs_ops.py): without one,
// both must be the same.
func matches(has, asked string) bool {
	words := strings.Fields(asked)
	switch {
	case len(words) > 1 && words[0] == "<or>":
		return slices.Contains(strings.Fields(strings.ReplaceAll(asked, "<or>", " ")), has)
	case len(words) > 1 && words[0] == "<all-in>":
		return !slices.ContainsFunc(words[1:], func(v string) bool { return !strings.Contains(has, v) })
	case len(words) != 2:
		return has == asked
	}
	if texts, known := textOps[words[0]]; known {
		return texts(has, words[1])
	}
	numbers, known := numberOps[words[0]]
	if !known {
		return has == asked
	}
	a, err := strconv.ParseFloat(has, 64)
	b, wrong := strconv.ParseFloat(words[1], 64)
	return err == nil && wrong == nil && numbers(a, b)
}

var textOps = map[string]func(has, asked string) bool{
	"<in>": strings.Contains,
	"s==":  func(a, b string) bool { return a == b },
	"s!=":  func(a, b string) bool { return a != b },
	"s<":   func(a, b string) bool { return a < b },
	"s<=":  func(a, b string) bool { return a <= b },
	"s>":   func(a, b string) bool { return a > b },
	"s>=":  func(a, b string) bool { return a >= b },
}

var numberOps = map[string]func(has, asked float64) bool{
	"=":  func(a, b float64) bool { return a >= b }, // at least, as it has always been
	">=": func(a, b float64) bool { return a >= b },
	"<=": func(a, b float64) bool { return a <= b },
	"==": func(a, b float64) bool { return a == b },
	"!=": func(a, b float64) bool { return a != b },
	"<":  func(a, b float64) bool { return a < b },
	">":  func(a, b float64) bool { return a > b },
}
