package public

import evt "skylog/events/network"

func init() {
	on(func(e evt.NetworkCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID} })
	its(func(e evt.NetworkReconfigured) string { return e.ID })
	its(func(e evt.NetworkDeleted) string { return e.ID })

	on(func(e evt.SubnetCreated) About {
		return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID, PartOf: &Subject{"network", "network", e.NetworkID}}
	})
	its(func(e evt.SubnetReconfigured) string { return e.ID })
	its(func(e evt.SubnetDeleted) string { return e.ID })

	on(func(e evt.PortCreated) About {
		return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID, PartOf: ofDevice(e.Settings.DeviceOwner, e.Settings.DeviceID)}
	})
	on(func(e evt.PortReconfigured) About {
		return About{Subject: Subject{ID: e.ID}, PartOf: ofDevice(e.Settings.DeviceOwner, e.Settings.DeviceID)}
	})
	its(func(e evt.PortBound) string { return e.ID })
	its(func(e evt.PortUnbound) string { return e.ID })
	its(func(e evt.PortWentUp) string { return e.ID })
	its(func(e evt.PortWentDown) string { return e.ID })
	its(func(e evt.PortDeleted) string { return e.ID })

	on(func(e evt.SecurityGroupCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID} })
	its(func(e evt.SecurityGroupRenamed) string { return e.ID })
	its(func(e evt.SecurityGroupDeleted) string { return e.ID })
	on(func(e evt.SecurityGroupRuleAdded) About {
		return About{Subject: Subject{ID: e.Rule.ID}, Project: e.Rule.ProjectID, PartOf: &Subject{"network", "security_group", e.Rule.GroupID}}
	})
	its(func(e evt.SecurityGroupRuleRemoved) string { return e.ID })

	on(func(e evt.TagsReplaced) About { return About{Subject: Subject{Resource: kinds[e.Kind], ID: e.ID}} })
	on(func(e evt.QuotaSet) About { return About{Subject: Subject{ID: e.ProjectID}, Project: e.ProjectID} })
	on(func(e evt.QuotaReset) About { return About{Subject: Subject{ID: e.ProjectID}, Project: e.ProjectID} })
}

// kinds are the resources by the names of their collections.
var kinds = map[evt.Kind]string{
	evt.Networks: "network", evt.Subnets: "subnet", evt.Ports: "port",
	evt.SecurityGroups: "security_group", evt.SecurityGroupRules: "security_group_rule",
}
