// How much of the original an entry of `compress` leaves: ratios, or one budget in their place.

import Catalogue

extension ManifestParser {
    /// Keys that say how much is removed; those that a method does not take are not among them.
    static func amountKeys(of method: MethodDeclaration) -> [String] {
        (method.takesRatios ? ["ratios"] : [])
            + (method.takesBudget ? Budget.Measure.allCases.map(\.rawValue) : [])
    }

    /// Refuses what the method has no use for.
    func checkAmount(of method: MethodDeclaration, _ map: FieldMap) throws {
        if !method.takesRatios, let ratios = map["ratios"] {
            throw ratios.error(
                "method `\(method.name)` takes no ratios",
                hint: "give \(method.parameters.map { "`\($0.name)`" }.joined(separator: ", "))")
        }
        guard !method.takesBudget else { return }
        for measure in Budget.Measure.allCases {
            guard let field = map[measure.rawValue] else { continue }
            throw field.error(
                "method `\(method.name)` takes no budget: the number of layers that it leaves is "
                    + "not to be chosen",
                hint: method.takesRatios ? "give `ratios`" : "leave the key out")
        }
    }

    /// Only what shrinks with the MLPs can be met by narrower ones.
    func checkNarrowing(
        _ parameters: Parameters, _ budget: Budget?, _ map: FieldMap
    ) throws {
        guard parameters.narrows, let field = map["narrow"] else { return }
        guard let budget else {
            throw field.error(
                "`narrow` chooses between layers and neurons by a budget, and there is none",
                hint: "give `size` or `parameters` in the place of `ratios`, or leave it out")
        }
        guard budget.measure != .kv else {
            throw field.error(
                "narrower MLPs take no less of the `kv` cache",
                hint: "leave `narrow` out, or give `size` or `parameters`")
        }
    }

    /// The one budget of an entry; nil where it has none.
    func budget(_ map: FieldMap) throws -> Budget? {
        let found = Budget.Measure.allCases.compactMap { measure in
            map[measure.rawValue].map { (measure: measure, field: $0) }
        }
        guard let (measure, field) = found.first else { return nil }
        if map["ratios"] != nil {
            throw field.error(
                "`\(measure.rawValue)` and `ratios` both say how much is removed",
                hint: "keep one of them")
        }
        if found.count > 1 {
            throw found[1].field.error(
                "`\(measure.rawValue)` and `\(found[1].measure.rawValue)` are two budgets",
                hint: "keep one of them, or give each an entry of its own")
        }
        let expected = "one budget: " + measure.expected
        if case .list = field.node.content {
            throw field.wrongType(expected, hint: "give each budget an entry of its own")
        }
        do { return try Budget(measure, try field.text(expected)) } catch let fault as BudgetFault {
            throw field.error(
                fault.problem, expected: measure.expected, found: field.node.found,
                hint: fault.hint)
        }
    }
}
