// SPDX-License-Identifier: Apache-2.0

package operation

import "galen/internal/interaction"

// Table lists the operations that are served, by name.
func Table() []Operation {
	return []Operation{
		closureOperation(),
		davinciOperation(),
		everythingOperation("Encounter"),
		everythingOperation("Group"),
		everythingOperation("Patient"),
		exportOperation(OnSystem, "", "export"),
		exportOperation(OnInstance, "Group", "group-export"),
		exportOperation(OnType, "Patient", "patient-export"),
		expandOperation(),
		lookupOperation(),
		metaOperation(),
		subsumesOperation(),
		translateOperation(),
		validateInCodeSystemOperation(),
		validateInValueSetOperation(),
	}
}

// Advertised is what the CapabilityStatement says of the table.
func Advertised() []interaction.OperationInfo {
	var list []interaction.OperationInfo
	for _, o := range Table() {
		list = append(list, interaction.OperationInfo{
			Name: o.Name, Definition: o.Definition, System: o.Levels&OnSystem != 0,
			Types: func(typ string) bool { return o.offers(OnType, typ) || o.offers(OnInstance, typ) },
		})
	}
	return list
}
