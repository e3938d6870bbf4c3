package image

import (
	"cmp"
	"iter"
	"skylog/projections/table"
	"slices"
	"strings"
)

// SortKey is by what a list is sorted.
type SortKey uint8

// The sort keys, as Glance has them.
const (
	ByCreatedAt SortKey = iota
	ByUpdatedAt
	ByName
	BySize
	ByStatus
	ByDiskFormat
	ByContainerFormat
	ByID
)

// place is where an image stands in the lists of one scope, in one order. In
// each, images of equal value stand in the order of their creation.
type place struct {
	scope   string
	by      SortKey
	text    string
	number  int64
	created int64
}

func comparePlaces(a, b place) int {
	return cmp.Or(strings.Compare(a.scope, b.scope), cmp.Compare(a.by, b.by),
		strings.Compare(a.text, b.text), cmp.Compare(a.number, b.number), cmp.Compare(a.created, b.created))
}

// The scopes: an image is in that of all, of its owner and of its visibility.
const everything = "all"

func ownedBy(projectID string) string    { return "owner:" + projectID }
func ofVisibility(visible string) string { return "visibility:" + visible }

func places(i *Image, emit func(place)) {
	scopes := [...]string{everything, ownedBy(i.OwnerID), ofVisibility(i.Visibility)}
	for n, scope := range scopes {
		if n == 2 && i.Visibility != Public && i.Visibility != Community {
			break // private and shared images are found by their owner and members
		}
		for by := ByCreatedAt; by <= ByID; by++ {
			emit(placeOf(i, scope, by))
		}
	}
}

func placeOf(i *Image, scope string, by SortKey) place {
	p := place{scope: scope, by: by, created: i.CreatedAt.UnixNano()}
	switch by {
	case ByUpdatedAt:
		p.number = i.UpdatedAt.UnixNano()
	case ByName:
		p.text = i.Name
	case BySize:
		p.number = i.SizeBytes
	case ByStatus:
		p.text = i.Status
	case ByDiskFormat:
		p.text = i.DiskFormat
	case ByContainerFormat:
		p.text = i.ContainerFormat
	case ByID:
		p.created = 0
	}
	return p
}

// Order is a sort key and its direction.
type Order struct {
	By         SortKey
	Descending bool
}

func (o Order) compare(a, b *Image) int {
	c := comparePlaces(placeOf(a, "", o.By), placeOf(b, "", o.By))
	return o.turn(cmp.Or(c, strings.Compare(a.ID, b.ID)))
}

// compareValue is by the order's own value only.
func (o Order) compareValue(a, b *Image) int {
	switch x, y := placeOf(a, "", o.By), placeOf(b, "", o.By); o.By {
	case ByID:
		return o.turn(strings.Compare(a.ID, b.ID))
	case ByCreatedAt:
		return o.turn(cmp.Compare(x.created, y.created))
	default:
		return o.turn(cmp.Or(strings.Compare(x.text, y.text), cmp.Compare(x.number, y.number)))
	}
}

func (o Order) turn(c int) int {
	if o.Descending {
		return -c
	}
	return c
}

// Query is what a list is asked for.
type Query struct {
	ProjectID string // the caller's; sees its own and what is shared with it
	Admin     bool   // sees everything
	// Visibility narrows to one; empty leaves other projects' community images
	// out, "all" doesn't.
	Visibility string
	// MemberStatus is the status of the memberships that count, "all" for each.
	MemberStatus string
	OwnerID      string // narrows to one owner; empty: any
	Name         string // narrows to one name; empty: any
	Match        func(*Image) bool
	Order        Order
	Then         []Order // among images of equal value
	After        *Image  // the last one of the page before
}

// List goes through the images a caller may see, in order. It takes time in
// proportion to what is taken of it, and to the memberships of the project; of
// images of one name, or of equal value where Then says more, it takes in all
// before the first. The second value is false for an image that is only passed
// by: whoever pages can stop there and go on from it.
func (t *Tables) List(q Query) iter.Seq2[Image, bool] {
	if q.Order.By == ByID {
		q.Then = nil // no two images have one id
	}
	all := t.merged(q)
	if len(q.Then) > 0 {
		all = sortedGroups(all, q)
	}
	return func(yield func(Image, bool) bool) {
		for i := range all {
			if !yield(i, t.wanted(&i, q)) {
				return
			}
		}
	}
}

func (t *Tables) wanted(i *Image, q Query) bool {
	switch {
	case !q.Admin && !t.listed(i, q):
		return false
	case q.OwnerID != "" && i.OwnerID != q.OwnerID, q.Name != "" && i.Name != q.Name:
		return false
	case q.Visibility == "" && i.Visibility == Community && i.OwnerID != q.ProjectID:
		return false
	case q.Visibility != "" && q.Visibility != "all" && i.Visibility != q.Visibility:
		return false
	}
	return q.Match == nil || q.Match(i)
}

// listed is whether the image stands in the project's lists, which is less than
// whether the project may know of it: a membership must have the status asked for.
func (t *Tables) listed(i *Image, q Query) bool {
	if !t.maySee(i, q.ProjectID) {
		return false
	}
	if i.Visibility != Shared || i.OwnerID == q.ProjectID {
		return true
	}
	m, _ := t.Members.Get(MemberID{i.ID, q.ProjectID})
	return q.MemberStatus == "all" || m.Status == q.MemberStatus
}

// merged goes through every scope that may hold what is asked for, as one list.
func (t *Tables) merged(q Query) iter.Seq[Image] {
	var sources []iter.Seq[Image]
	for _, scope := range q.scopes() {
		if q.Name != "" {
			sources = append(sources, t.named(scope, q))
		} else {
			sources = append(sources, t.scope(scope, q))
		}
	}
	if !q.Admin && q.OwnerID != q.ProjectID && (q.Visibility == "" || q.Visibility == Shared || q.Visibility == "all") {
		sources = append(sources, t.offered(q))
	}
	return merge(sources, q.Order)
}

func (q Query) scopes() []string {
	switch {
	case q.OwnerID != "":
		return []string{ownedBy(q.OwnerID)}
	case q.Visibility == Public || q.Visibility == Community:
		return []string{ofVisibility(q.Visibility)}
	case q.Admin:
		return []string{everything}
	}
	var scopes []string
	if q.ProjectID != "" {
		scopes = append(scopes, ownedBy(q.ProjectID))
	}
	switch q.Visibility {
	case "":
		scopes = append(scopes, ofVisibility(Public))
	case "all":
		scopes = append(scopes, ofVisibility(Public), ofVisibility(Community))
	}
	return scopes
}

// scope goes through a scope from behind the last page on. Where more orders
// are asked, it goes on at the first image of the same value.
func (t *Tables) scope(scope string, q Query) iter.Seq[Image] {
	images := &t.Images
	from, key := place{scope: scope, by: q.Order.By}, ""
	if q.Order.Descending {
		from.by++ // before the first of the next order
	}
	if q.After != nil {
		from, key = placeOf(q.After, scope, q.Order.By), q.After.ID
		if len(q.Then) > 0 {
			from, key = q.Order.edge(from)
		}
	}
	walk := table.Behind(images.sorted, &images.Of, from, key)
	if q.Order.Descending {
		walk = table.Before(images.sorted, &images.Of, from, key)
	}
	return func(yield func(Image) bool) {
		for at, i := range walk {
			if at.Value.scope != scope || at.Value.by != q.Order.By {
				return
			}
			if q.isBehind(&i) && !yield(i) {
				return
			}
		}
	}
}

// edge is the place before all, or behind all, images of the value of p.
func (o Order) edge(p place) (place, string) {
	switch {
	case o.By == ByCreatedAt && o.Descending:
		p.created++
	case o.By == ByCreatedAt:
	case o.Descending:
		p.created = 1<<63 - 1
	default:
		p.created = -1 << 63
	}
	return p, ""
}

// isBehind says whether the image stands behind the last page.
func (q Query) isBehind(i *Image) bool {
	if q.After == nil {
		return true
	}
	if len(q.Then) == 0 {
		return q.Order.compare(q.After, i) < 0
	}
	return q.compare(q.After, i) < 0
}

// compare is by all the orders asked for, and at last by creation and id.
func (q Query) compare(a, b *Image) int {
	if c := q.Order.compareValue(a, b); c != 0 {
		return c
	}
	for _, o := range q.Then {
		if c := o.compareValue(a, b); c != 0 {
			return c
		}
	}
	return Order{ByCreatedAt, true}.compare(a, b)
}

// named takes in a scope's images of one name.
func (t *Tables) named(scope string, q Query) iter.Seq[Image] {
	var found []Image
	first := place{scope: scope, by: ByName, text: q.Name, created: -1 << 63}
	for at, i := range table.From(t.Images.sorted, &t.Images.Of, first) {
		if at.Value.scope != scope || at.Value.by != ByName || at.Value.text != q.Name {
			break
		}
		if q.isBehind(&i) {
			found = append(found, i)
		}
	}
	return inOrder(found, q.Order)
}

// offered takes in the images that are shared with the project.
func (t *Tables) offered(q Query) iter.Seq[Image] {
	statuses := []string{q.MemberStatus}
	if q.MemberStatus == "all" {
		statuses = []string{Pending, Accepted, Rejected}
	}
	var found []Image
	for _, status := range statuses {
		for m := range t.Members.OfProject(q.ProjectID, status) {
			if i, ok := t.Images.Get(m.ImageID); ok && i.Visibility == Shared && q.isBehind(&i) {
				found = append(found, i)
			}
		}
	}
	return inOrder(found, q.Order)
}

func inOrder(found []Image, o Order) iter.Seq[Image] {
	slices.SortFunc(found, func(a, b Image) int { return o.compare(&a, &b) })
	return slices.Values(found)
}

// merge makes one ordered list of several, each image once.
func merge(sources []iter.Seq[Image], o Order) iter.Seq[Image] {
	return func(yield func(Image) bool) {
		type head struct {
			at   Image
			next func() (Image, bool)
		}
		var heads []*head
		for _, source := range sources {
			next, stop := iter.Pull(source)
			defer stop()
			if first, ok := next(); ok {
				heads = append(heads, &head{first, next})
			}
		}
		last := ""
		for len(heads) > 0 {
			least := 0
			for n := range heads {
				if o.compare(&heads[n].at, &heads[least].at) < 0 {
					least = n
				}
			}
			h := heads[least]
			if h.at.ID != last && !yield(h.at) {
				return
			}
			last = h.at.ID
			var ok bool
			if h.at, ok = h.next(); !ok {
				heads = slices.Delete(heads, least, least+1)
			}
		}
	}
}

// sortedGroups sorts images of equal value by the further orders.
func sortedGroups(all iter.Seq[Image], q Query) iter.Seq[Image] {
	return func(yield func(Image) bool) {
		var group []Image
		flush := func() bool {
			slices.SortFunc(group, func(a, b Image) int { return q.compare(&a, &b) })
			for _, i := range group {
				if !yield(i) {
					return false
				}
			}
			group = group[:0]
			return true
		}
		for i := range all {
			if len(group) > 0 && q.Order.compareValue(&group[0], &i) != 0 && !flush() {
				return
			}
			group = append(group, i)
		}
		flush()
	}
}
