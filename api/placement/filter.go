package placement

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

// filter is what a provider must be like: one of the traits and a member of one
// of the aggregates of each list, without the others, in a tree, and with room.
type filter struct {
	required  [][]string
	forbidden []string
	memberOf  [][]string
	notIn     []string
	inTree    string
	resources []cmd.Allotment // without a provider
}

// maxTerms is how many terms a query parameter may have, with its repetitions.
const maxTerms = 100

// filterOf reads the query parameters of a group, which bear its suffix.
func filterOf(ctx context.Context, w *projections.World, suffix string) (f filter, err error) {
	query := api.Query(ctx)
	at := api.From(ctx).Version
	if values := query["required"+suffix]; len(values) > 0 {
		if at.Before(1, 39) {
			values = values[len(values)-1:]
		}
		for _, value := range values {
			if err := f.addTraits(at, value); err != nil {
				return f, err
			}
		}
	}
	values := query["member_of"+suffix]
	if len(values) > 1 && at.Before(1, 24) {
		return f, commands.Refuse(commands.Invalid, "Multiple member_of%s parameters are not supported", suffix)
	}
	for _, value := range values {
		if err := f.addAggregates(at, value); err != nil {
			return f, err
		}
	}
	if value, ok := query["in_tree"+suffix]; ok {
		if f.inTree, err = idOf("in_tree", strings.TrimSpace(value[0])); err != nil {
			return f, commands.Refuse(commands.Invalid, "Invalid query string parameters: Expected 'in_tree' parameter to be a format of uuid. Got: %.64s", value[0])
		}
	}
	if values, ok := query["resources"+suffix]; ok {
		if f.resources, err = resourcesOf(w, values[len(values)-1]); err != nil {
			return f, err
		}
	}
	return f, f.known(w)
}

func (f *filter) addTraits(at api.Version, value string) error {
	any, is := strings.CutPrefix(value, "in:")
	if is && at.Before(1, 39) {
		return badTraits(value)
	}
	var one []string
	for name := range strings.SplitSeq(any, ",") {
		name, not := strings.CutPrefix(strings.TrimSpace(name), "!")
		switch {
		case name == "" || not && (is || at.Before(1, 22)):
			return badTraits(value)
		case not:
			f.forbidden = append(f.forbidden, name)
		case is:
			one = append(one, name)
		default:
			f.required = append(f.required, []string{name})
		}
	}
	if is {
		f.required = append(f.required, one)
	}
	if len(f.required)+len(f.forbidden)+len(one) > maxTerms {
		return commands.Refuse(commands.Invalid, "Invalid query string parameters: more than %d traits", maxTerms)
	}
	return nil
}

func badTraits(value string) error {
	return commands.Refuse(commands.Invalid, "Invalid query string parameters: Expected 'required' parameter value of the form: HW_CPU_X86_VMX,CUSTOM_MAGIC. "+
		"Forbidden traits are known since version 1.22, in: since 1.39. Got: %.200s", value)
}

func (f *filter) addAggregates(at api.Version, value string) error {
	rest, not := strings.CutPrefix(value, "!")
	rest, in := strings.CutPrefix(rest, "in:")
	if not && at.Before(1, 32) {
		return commands.Refuse(commands.Invalid, "Forbidden member_of parameters are not supported in the specified microversion")
	}
	if !in && strings.Contains(rest, ",") {
		return commands.Refuse(commands.Invalid, "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid microversion. Got: %.200s", value)
	}
	var ids []string
	for sent := range strings.SplitSeq(rest, ",") {
		id, err := idOf("member_of", sent)
		if err != nil || len(ids) == maxTerms {
			return commands.Refuse(commands.Invalid, "Invalid query string parameters: Expected 'member_of' parameter to contain valid UUID(s). Got: %.64s", sent)
		}
		ids = append(ids, id)
	}
	if not {
		f.notIn = append(f.notIn, ids...)
	} else {
		f.memberOf = append(f.memberOf, ids)
	}
	return nil
}

// resourcesOf reads "VCPU:2,MEMORY_MB:512".
func resourcesOf(w *projections.World, value string) ([]cmd.Allotment, error) {
	bad := func() error {
		return commands.Refuse(commands.Invalid, "Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: %.200s.", value)
	}
	var all []cmd.Allotment
	for one := range strings.SplitSeq(value, ",") {
		class, amount, _ := strings.Cut(strings.TrimSpace(one), ":")
		n, err := strconv.Atoi(amount)
		switch {
		case err != nil || class == "" || len(all) == maxTerms || n > maxInt:
			return nil, bad()
		case n < 1:
			return nil, commands.Refuse(commands.Invalid, "Requested resource %.64s requires amount >= 1", one)
		case !w.Placement.HasClass(class):
			return nil, commands.Refuse(commands.Invalid, "Invalid resource class in resources parameter: No such resource class %.64s.", class)
		}
		all = append(slices.DeleteFunc(all, func(a cmd.Allotment) bool { return a.Class == class }), cmd.Allotment{Class: class, Amount: n})
	}
	return all, nil
}

// known refuses traits that there aren't, and those that are both wanted and not.
func (f *filter) known(w *projections.World) error {
	for _, any := range append(slices.Clone(f.required), f.forbidden) {
		for _, name := range any {
			if !w.Placement.HasTrait(name) {
				return commands.Refuse(commands.Invalid, `Invalid trait(s) in "required" parameter: No such trait(s): %.64s.`, name)
			}
		}
	}
	for _, any := range f.required {
		if !slices.ContainsFunc(any, func(name string) bool { return !slices.Contains(f.forbidden, name) }) {
			return commands.Refuse(commands.Invalid, "Conflicting required and forbidden traits found in the following traits keys: required: (%s)", strings.Join(any, ", "))
		}
	}
	return nil
}

// like says whether traits and aggregates are as they must be. Root is the root
// of the provider's tree, which may stand for it in aggregates.
func (f *filter) like(p, root *view.Provider) bool {
	return f.traits(p.Traits) && f.member(p, root)
}

func (f *filter) traits(has []string) bool {
	return f.allowed(has) && f.missing(has) == nil
}

// allowed says that no forbidden trait is there.
func (f *filter) allowed(has []string) bool {
	return !slices.ContainsFunc(f.forbidden, func(name string) bool { return contains(has, name) })
}

// missing is the first list of which no trait is there.
func (f *filter) missing(has []string) []string {
	for _, any := range f.required {
		if !slices.ContainsFunc(any, func(name string) bool { return contains(has, name) }) {
			return any
		}
	}
	return nil
}

func contains(sorted []string, name string) bool {
	_, found := slices.BinarySearch(sorted, name)
	return found
}

func (f *filter) member(p, root *view.Provider) bool {
	in := func(id string) bool { return contains(p.Aggregates, id) || contains(root.Aggregates, id) }
	for _, any := range f.memberOf {
		if !slices.ContainsFunc(any, in) {
			return false
		}
	}
	return !slices.ContainsFunc(f.notIn, in)
}

// room says whether the provider can give all that is asked for, each in one portion.
func (f *filter) room(w *projections.World, p *view.Provider) bool {
	for _, r := range f.resources {
		if !w.HasRoom(p, r.Class, r.Amount) {
			return false
		}
	}
	return true
}
