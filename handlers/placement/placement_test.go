package placement

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	computeevt "skylog/events/compute"
	evt "skylog/events/placement"
	"skylog/handlers/given"
)

func list(e ...events.Event) given.Events { return e }

var (
	host  = computeevt.HostJoined{Name: "h1", ID: "host", HostFacts: computeevt.HostFacts{VCPUs: 8, RAMMiB: 1024, DiskGiB: 100, Zone: "nova"}}
	shelf = evt.ProviderCreated{ID: "shelf", Name: "shelf"}
	below = evt.ProviderCreated{ID: "below", Name: "below", ParentID: "shelf"}
	cpus  = evt.Inventory{Class: "VCPU", Total: 8, MinUnit: 1, MaxUnit: 4, StepSize: 1, Ratio: 1}
	stock = evt.InventoriesSet{ProviderID: "shelf", Inventories: []evt.Inventory{cpus}}
	taken = evt.AllocationsSet{ConsumerID: "c", ProjectID: "p", UserID: "u", Allotments: []evt.Allotment{{ProviderID: "shelf", Class: "VCPU", Amount: 4}}}
)

func number(n int) *int { return &n }

func TestProviders(t *testing.T) {
	given.Run(t, Register, []given.Case{
		{Name: "a provider of a free name is made",
			When: cmd.CreateProvider{ID: "shelf", Name: "shelf"}, Then: list(shelf)},
		{Name: "a taken name is refused",
			Given: list(shelf), When: cmd.CreateProvider{ID: "other", Name: "shelf"}, Refused: commands.Conflict},
		{Name: "a host's name is taken too",
			Given: list(host), When: cmd.CreateProvider{ID: "other", Name: "h1"}, Refused: commands.Conflict},
		{Name: "a parent must be there",
			When: cmd.CreateProvider{ID: "below", Name: "below", ParentID: "shelf"}, Refused: commands.Invalid},
		{Name: "a provider can't be put below itself",
			Given: list(shelf, below), When: cmd.ChangeProvider{ID: "shelf", Name: "shelf", ParentID: "below", Parented: true, Again: true}, Refused: commands.Invalid},
		{Name: "once it has a parent, older callers can't move it",
			Given: list(shelf, below), When: cmd.ChangeProvider{ID: "below", Name: "below", Parented: true}, Refused: commands.Invalid},
		{Name: "newer callers can",
			Given: list(shelf, below), When: cmd.ChangeProvider{ID: "below", Name: "below", Parented: true, Again: true}, Then: list(evt.ProviderMoved{ID: "below"})},
		{Name: "a host's provider is called as the host is",
			Given: list(host), When: cmd.ChangeProvider{ID: "host", Name: "mine"}, Refused: commands.Conflict},
		{Name: "a host's provider stays as long as the host",
			Given: list(host), When: cmd.DeleteProvider{ID: "host"}, Refused: commands.Conflict},
		{Name: "a parent stays as long as its children",
			Given: list(shelf, below), When: cmd.DeleteProvider{ID: "shelf"}, Refused: commands.Conflict},
		{Name: "a provider stays while somebody has something of it",
			Given: list(shelf, stock, taken), When: cmd.DeleteProvider{ID: "shelf"}, Refused: commands.Conflict},
		{Name: "what nobody has anything of can go",
			Given: list(shelf, stock, taken, evt.AllocationsRemoved{ConsumerID: "c"}), When: cmd.DeleteProvider{ID: "shelf"}, Then: list(evt.ProviderDeleted{ID: "shelf"})},
	})
}

func TestInventories(t *testing.T) {
	sent, reserved := cmd.Inventory(cpus), cmd.Inventory(cpus)
	reserved.Reserved = 8
	hostCPUs := cmd.Inventory{Class: "VCPU", Total: 8, Reserved: 2, MinUnit: 1, MaxUnit: 8, StepSize: 1, Ratio: 2}
	more := hostCPUs
	more.Total = 16
	given.Run(t, Register, []given.Case{
		{Name: "a provider has what is said of it",
			Given: list(shelf), When: cmd.SetInventories{ProviderID: "shelf", Inventories: []cmd.Inventory{sent}}, Then: list(stock)},
		{Name: "who knows an older provider is refused",
			Given: list(shelf, stock), When: cmd.SetInventories{ProviderID: "shelf"}, Refused: commands.Conflict},
		{Name: "a class that there isn't is refused",
			Given: list(shelf), When: cmd.AddInventory{ProviderID: "shelf", Inventory: cmd.Inventory{Class: "CUSTOM_X", Total: 1, Ratio: 1}}, Refused: commands.Invalid},
		{Name: "all may be reserved",
			Given: list(shelf), When: cmd.AddInventory{ProviderID: "shelf", Inventory: reserved},
			Then: list(evt.InventoriesSet{ProviderID: "shelf", Inventories: []evt.Inventory{evt.Inventory(reserved)}})},
		{Name: "but not by older callers",
			Given: list(shelf), When: cmd.AddInventory{ProviderID: "shelf", Inventory: reserved, Spare: true}, Refused: commands.Invalid},
		{Name: "a class that somebody has can't be taken away",
			Given: list(shelf, stock, taken), When: cmd.RemoveInventory{ProviderID: "shelf"}, Refused: commands.Conflict},
		{Name: "a host says itself how much it has",
			Given: list(host), When: cmd.ChangeInventory{ProviderID: "host", Generation: 1, Inventory: more}, Refused: commands.Conflict},
		{Name: "a host keeps what it says it has",
			Given: list(host), When: cmd.RemoveInventory{ProviderID: "host", Class: "VCPU"}, Refused: commands.Conflict},
		{Name: "what of a host is reserved is the operators' to say",
			Given: list(host), When: cmd.ChangeInventory{ProviderID: "host", Generation: 1, Inventory: hostCPUs},
			Then: list(evt.InventoriesSet{ProviderID: "host", Inventories: []evt.Inventory{
				{Class: "DISK_GB", Total: 100, MinUnit: 1, MaxUnit: 100, StepSize: 1, Ratio: 1},
				{Class: "MEMORY_MB", Total: 1024, MinUnit: 1, MaxUnit: 1024, StepSize: 1, Ratio: 1}, evt.Inventory(hostCPUs)}})},
	})
}

func TestAllocations(t *testing.T) {
	want := func(amount int, generation *int) cmd.SetAllocations {
		return cmd.SetAllocations{Consumers: []cmd.Consumer{{ID: "c", ProjectID: "p", UserID: "u", Checked: true, Generation: generation,
			Allotments: []cmd.Allotment{{ProviderID: "shelf", Class: "VCPU", Amount: amount}}}}}
	}
	both := want(4, nil)
	both.Consumers = append(both.Consumers, both.Consumers[0], both.Consumers[0])
	both.Consumers[1].ID, both.Consumers[2].ID = "d", "e"
	server := computeevt.ServerCreated{ID: "c", ProjectID: "p"}
	given.Run(t, Register, []given.Case{
		{Name: "what is there can be had",
			Given: list(shelf, stock), When: want(4, nil), Then: list(taken)},
		{Name: "not in portions that are too large",
			Given: list(shelf, stock), When: want(5, nil), Refused: commands.Conflict},
		{Name: "not more than there is, by all together",
			Given: list(shelf, stock), When: both, Refused: commands.Conflict},
		{Name: "who takes a consumer for new that isn't is refused",
			Given: list(shelf, stock, taken), When: want(1, nil), Refused: commands.Conflict},
		{Name: "what a consumer had counts as given back",
			Given: list(shelf, stock, taken), When: want(4, number(1)), Then: list(taken)},
		{Name: "a server's allocations follow from where it is",
			Given: list(shelf, stock, server), When: want(1, nil), Refused: commands.Conflict},
		{Name: "to have nothing is to give all back",
			Given: list(shelf, stock, taken), When: cmd.SetAllocations{Consumers: []cmd.Consumer{{ID: "c", Checked: true, Generation: number(1)}}},
			Then: list(evt.AllocationsRemoved{ConsumerID: "c"})},
		{Name: "who has nothing can't give it back",
			When: cmd.RemoveAllocations{ConsumerID: "c"}, Refused: commands.NotFound},
	})
}

func TestReshaping(t *testing.T) {
	moved := taken
	moved.Allotments = []evt.Allotment{{ProviderID: "below", Class: "VCPU", Amount: 4}}
	away := cmd.ReshapeProviders{Providers: []cmd.SetInventories{
		{ProviderID: "below", Inventories: []cmd.Inventory{cmd.Inventory(cpus)}}, {ProviderID: "shelf", Generation: 2}}}
	whole := away
	whole.Consumers = []cmd.Consumer{{ID: "c", ProjectID: "p", UserID: "u", Checked: true, Generation: number(1),
		Allotments: []cmd.Allotment{{ProviderID: "below", Class: "VCPU", Amount: 4}}}}
	given.Run(t, Register, []given.Case{
		{Name: "inventories move with what is taken of them",
			Given: list(shelf, below, stock, taken), When: whole,
			Then: list(evt.InventoriesSet{ProviderID: "below", Inventories: []evt.Inventory{cpus}}, evt.InventoriesSet{ProviderID: "shelf"}, moved)},
		{Name: "and not without",
			Given: list(shelf, below, stock, taken), When: away, Refused: commands.Conflict},
	})
}

func TestNames(t *testing.T) {
	gold, goods := evt.TraitCreated{Name: "CUSTOM_GOLD"}, evt.ResourceClassCreated{Name: "CUSTOM_GOODS"}
	has := evt.TraitsSet{ProviderID: "shelf", Traits: []string{"CUSTOM_GOLD"}}
	sells := evt.InventoriesSet{ProviderID: "shelf", Inventories: []evt.Inventory{{Class: "CUSTOM_GOODS", Total: 1, MinUnit: 1, MaxUnit: 1, StepSize: 1, Ratio: 1}}}
	given.Run(t, Register, []given.Case{
		{Name: "a trait is made once", Given: list(gold), When: cmd.CreateTrait(gold)},
		{Name: "a trait that nobody has can go", Given: list(gold), When: cmd.DeleteTrait(gold), Then: list(evt.TraitDeleted(gold))},
		{Name: "a trait that a provider has stays", Given: list(shelf, gold, has), When: cmd.DeleteTrait(gold), Refused: commands.Conflict},
		{Name: "a standard trait stays", When: cmd.DeleteTrait{Name: "COMPUTE_NODE"}, Refused: commands.Invalid},
		{Name: "a provider has only traits that there are", Given: list(shelf), When: cmd.SetTraits{ProviderID: "shelf", Traits: []string{"CUSTOM_GOLD"}}, Refused: commands.Invalid},
		{Name: "traits are kept in order, each once", Given: list(shelf, gold),
			When: cmd.SetTraits{ProviderID: "shelf", Generation: number(0), Traits: []string{"CUSTOM_GOLD", "COMPUTE_NODE", "CUSTOM_GOLD"}},
			Then: list(evt.TraitsSet{ProviderID: "shelf", Traits: []string{"COMPUTE_NODE", "CUSTOM_GOLD"}})},
		{Name: "aggregates set without a generation don't count", Given: list(shelf), When: cmd.SetAggregates{ProviderID: "shelf", Aggregates: []string{"a"}},
			Then: list(evt.AggregatesSet{ProviderID: "shelf", Aggregates: []string{"a"}, Uncounted: true})},
		{Name: "a class is made once", Given: list(goods), When: cmd.CreateResourceClass{Name: "CUSTOM_GOODS"}, Refused: commands.Conflict},
		{Name: "a class that a provider has can't be renamed", Given: list(shelf, goods, sells), When: cmd.RenameResourceClass{Name: "CUSTOM_GOODS", To: "CUSTOM_X"}, Refused: commands.Conflict},
		{Name: "a class that a provider has stays", Given: list(shelf, goods, sells), When: cmd.DeleteResourceClass{Name: "CUSTOM_GOODS"}, Refused: commands.Conflict},
		{Name: "a standard class stays", When: cmd.DeleteResourceClass{Name: "VCPU"}, Refused: commands.Invalid},
	})
}
