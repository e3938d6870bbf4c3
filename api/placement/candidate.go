package placement

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

// candidatesIn names the parameters of the group without a suffix; those of others
// bear one, such as resources1 or required_PORT.
type candidatesIn struct {
	Resources    string   `query:"resources" maxLength:"16000" doc:"VCPU:2,MEMORY_MB:512"`
	Required     []string `query:"required,explode" maxItems:"100" since:"1.17"`
	MemberOf     []string `query:"member_of,explode" maxItems:"100" since:"1.21"`
	InTree       string   `query:"in_tree" maxLength:"36" since:"1.31"`
	Limit        string   `query:"limit" maxLength:"20" since:"1.16"`
	GroupPolicy  string   `query:"group_policy" maxLength:"20" since:"1.25" doc:"none or isolate"`
	RootRequired string   `query:"root_required" maxLength:"16000" since:"1.35"`
	SameSubtree  []string `query:"same_subtree,explode" maxItems:"100" since:"1.36"`
}

var (
	groupKey     = regexp.MustCompile(`^(resources|required|member_of|in_tree)([1-9][0-9]{0,17})?$`)
	groupKey133  = regexp.MustCompile(`^(resources|required|member_of|in_tree)([a-zA-Z0-9_-]{1,64})?$`)
	groupSince   = map[string]int{"resources": 10, "required": 17, "member_of": 21, "in_tree": 31}
	requestSince = map[string]int{"limit": 16, "group_policy": 25, "root_required": 35, "same_subtree": 36}
)

// maxGroups is how many groups of resources may be asked for at once.
const maxGroups = 32

// group is what one provider must give together; the one without a suffix may
// have it from several of a tree.
type group struct {
	suffix string
	filter
}

// search is what is asked of candidates.
type search struct {
	w        *projections.World
	groups   []group // in the order of suffixes
	isolate  bool
	root     filter
	subtrees [][]string
	nested   bool
	limit    int
}

// searchOf reads the query.
func searchOf(ctx context.Context, in *candidatesIn) (*search, error) {
	at := api.From(ctx).Version
	s := &search{w: api.World(ctx), isolate: in.GroupPolicy == "isolate", nested: !at.Before(1, 29), limit: api.MaxPage}
	suffixes, err := suffixesOf(ctx)
	if err != nil {
		return nil, err
	}
	if in.Limit != "" {
		n, err := strconv.Atoi(in.Limit)
		if err != nil || n < 1 {
			return nil, commands.Refuse(commands.Invalid, "Invalid query string parameters: limit '%.20s' is not a positive number", in.Limit)
		}
		s.limit = min(n, api.MaxPage)
	}
	if in.GroupPolicy != "" && in.GroupPolicy != "none" && !s.isolate {
		return nil, commands.Refuse(commands.Invalid, "Invalid query string parameters: group_policy '%s' is not one of ['none', 'isolate']", in.GroupPolicy)
	}
	for _, suffix := range suffixes {
		f, err := filterOf(ctx, s.w, suffix)
		if err != nil {
			return nil, err
		}
		s.groups = append(s.groups, group{suffix, f})
	}
	if in.RootRequired != "" {
		if strings.HasPrefix(in.RootRequired, "in:") {
			return nil, badTraits(in.RootRequired)
		}
		if err := s.root.addTraits(at, in.RootRequired); err != nil {
			return nil, err
		}
		if err := s.root.known(s.w); err != nil {
			return nil, err
		}
	}
	for _, value := range in.SameSubtree {
		s.subtrees = append(s.subtrees, strings.Split(value, ","))
	}
	return s, s.check(at, in.GroupPolicy)
}

// suffixesOf are those of the groups in the query, in order.
func suffixesOf(ctx context.Context) ([]string, error) {
	at := api.From(ctx).Version
	key := groupKey
	if !at.Before(1, 33) {
		key = groupKey133
	}
	var suffixes []string
	for name := range api.Query(ctx) {
		if since, ok := requestSince[name]; ok && !at.Before(1, since) {
			continue
		}
		m := key.FindStringSubmatch(name)
		if m == nil || at.Before(1, groupSince[m[1]]) || m[2] != "" && at.Before(1, 25) {
			return nil, commands.Refuse(commands.Invalid, "Invalid query string parameters: '%.64s' does not match any of the regexes, or not in this microversion", name)
		}
		suffixes = append(suffixes, m[2])
	}
	slices.Sort(suffixes)
	if suffixes = slices.Compact(suffixes); len(suffixes) > maxGroups {
		return nil, commands.Refuse(commands.Invalid, "Invalid query string parameters: more than %d groups", maxGroups)
	}
	return suffixes, nil
}

// check refuses groups that don't go together.
func (s *search) check(at api.Version, groupPolicy string) error {
	numbered, giving := 0, 0
	var named []string
	for _, all := range s.subtrees {
		named = append(named, all...)
	}
	for _, g := range s.groups {
		if g.suffix != "" {
			numbered++
		}
		switch {
		case len(g.resources) > 0:
			giving++
		case at.Before(1, 36):
			return commands.Refuse(commands.Invalid, "All request groups must specify resources.")
		case !slices.Contains(named, g.suffix):
			return commands.RefuseAs(commands.Invalid, "placement.query.bad_value", "Resourceless suffixed group request should be specified in `same_subtree` query param: bad group(s) - %s.", g.suffix)
		}
	}
	for _, suffix := range named {
		if !slices.ContainsFunc(s.groups, func(g group) bool { return g.suffix == suffix }) {
			return commands.RefuseAs(commands.Invalid, "placement.query.bad_value", "Real suffixes should be specified in `same_subtree`: %.64s not found.", suffix)
		}
	}
	if giving == 0 {
		return commands.RefuseAs(commands.Invalid, "placement.query.missing_value", "There must be at least one resources or resources[$S] parameter.")
	}
	if numbered > 1 && groupPolicy == "" {
		return commands.Refuse(commands.Invalid, `The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.`)
	}
	return nil
}

type (
	amounts struct {
		Resources map[string]int `json:"resources"`
	}
	listedAmounts struct {
		Provider struct {
			UUID string `json:"uuid"`
		} `json:"resource_provider"`
		amounts
	}
	allocationRequest struct {
		Allocations any                 `json:"allocations"`
		Mappings    map[string][]string `json:"mappings" since:"1.34"`
	}
	summarized struct {
		Capacity int `json:"capacity"`
		Used     int `json:"used"`
	}
	summary struct {
		Resources map[string]summarized `json:"resources"`
		Traits    []string              `json:"traits" since:"1.17"`
		ParentID  *string               `json:"parent_provider_uuid" since:"1.29"`
		RootID    string                `json:"root_provider_uuid" since:"1.29"`
	}
	candidatesOut struct {
		Fresh
		Body struct {
			Requests  []allocationRequest `json:"allocation_requests"`
			Summaries map[string]summary  `json:"provider_summaries"`
		}
	}
)

func (s *Service) listCandidates(ctx context.Context, in *candidatesIn) (*candidatesOut, error) {
	want, err := searchOf(ctx, in)
	if err != nil {
		return nil, err
	}
	at := api.From(ctx).Version
	out := &candidatesOut{Fresh: asOf(ctx, time.Time{})}
	out.Body.Summaries = map[string]summary{}
	for _, c := range want.run() {
		out.Body.Requests = append(out.Body.Requests, showCandidate(at, c))
		for _, p := range c.shown(want.nested) {
			if _, done := out.Body.Summaries[p.ID]; !done {
				out.Body.Summaries[p.ID] = want.summary(at, p)
			}
		}
	}
	return out, nil
}

func showCandidate(at api.Version, c candidate) allocationRequest {
	byProvider := map[string]amounts{}
	for _, a := range c.given {
		if byProvider[a.ProviderID].Resources == nil {
			byProvider[a.ProviderID] = amounts{map[string]int{}}
		}
		byProvider[a.ProviderID].Resources[a.Class] = a.Amount
	}
	if !at.Before(1, 12) {
		return allocationRequest{byProvider, c.mappings}
	}
	var list []listedAmounts
	for _, p := range c.shown(false) {
		one := listedAmounts{amounts: byProvider[p.ID]}
		one.Provider.UUID = p.ID
		list = append(list, one)
	}
	return allocationRequest{Allocations: list}
}

// summary tells what a provider has, of all classes since 1.27, and before of
// those that were asked for.
func (s *search) summary(at api.Version, p *view.Provider) summary {
	out := summary{Resources: map[string]summarized{}, Traits: p.Traits, ParentID: optional(p.ParentID), RootID: p.RootID}
	for _, i := range p.Inventories {
		asked := slices.ContainsFunc(s.groups, func(g group) bool {
			return slices.ContainsFunc(g.resources, func(a cmd.Allotment) bool { return a.Class == i.Class })
		})
		if asked || !at.Before(1, 27) {
			out.Resources[i.Class] = summarized{view.Capacity(i), s.w.Taken(p, i.Class)}
		}
	}
	return out
}
