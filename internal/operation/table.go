// SPDX-License-Identifier: Apache-2.0

package operation

import "galen/internal/interaction"

// Table lists the operations that are served, by name.
func Table() []Operation {
	return []Operation{
		attributionStatusOperation(),
		bindingTokenOperation(),
		bulkDeleteOperation(),
		bulkMemberMatchOperation(),
		bulkPatchOperation(),
		closureOperation(),
		confirmAttributionOperation(),
		davinciOperation(),
		docrefOperation(),
		documentOperation(),
		eraseOperation(),
		everythingOperation("Encounter"),
		everythingOperation("Group"),
		everythingOperation("Patient"),
		expandOperation(),
		exportOperation(OnInstance, "Group", "group-export"),
		exportOperation(OnSystem, "", "export"),
		exportOperation(OnType, "Patient", "patient-export"),
		graphqlOperation(),
		importOperation(),
		inquireOperation(),
		lastnOperation(),
		lookupOperation(),
		matchOperation(),
		memberAddOperation(),
		memberMatchOperation(),
		memberRemoveOperation(),
		metaAddOperation(),
		metaDeleteOperation(),
		metaOperation(),
		purgeOperation(),
		questionnairePackageOperation(),
		reindexOperation(),
		reindexStatusOperation(),
		statsOperation(),
		submitOperation(),
		subscriptionEventsOperation(),
		subscriptionStatusOperation(),
		subsumesOperation(),
		summaryOperation(),
		translateOperation(),
		validateInCodeSystemOperation(),
		validateInValueSetOperation(),
		validateOperation(),
	}
}

// Advertised is what the CapabilityStatement says of the table.
func Advertised() []interaction.OperationInfo {
	var list []interaction.OperationInfo
	for _, o := range Table() {
		list = append(list, interaction.OperationInfo{
			Name: o.Name, ID: o.ID(), Definition: o.Definition, System: o.Levels&OnSystem != 0,
			Types: func(typ string) bool { return o.offers(OnType|OnInstance|OnVersion, typ) },
		})
	}
	return list
}
