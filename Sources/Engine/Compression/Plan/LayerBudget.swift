// How many layers a budget takes: the fewest whose plan meets it; or which mixes of fewer layers
// and narrower MLPs do.

package import Catalogue
package import Failures

/// A budget held against the layers of one model. Pure: layers are numbers with what they take.
package struct LayerBudget {
    package let budget: Budget
    /// What the original takes.
    package let original: Int
    /// The most that the folded model may take.
    package let limit: Int
    /// What a model of some of the original's layers takes, exactly; less with fewer of them.
    private let taken: (_ kept: [Int]) -> Int
    /// The same of a model whose MLPs have `mlpWidth` neurons; nil where that takes no less.
    private let narrowed: ((_ kept: [Int], _ mlpWidth: Int) -> Int)?
    /// Of each layer, and of all that is in none: no choice takes less than their sum.
    private let shares: [Int]
    private let rest: Int
    /// Whether only the number of layers counts, not which they are.
    private let areAlike: Bool

    private var layers: Int { shares.count }

    /// - Parameter leastWidth: the fewest neurons that MLPs may be left with; nil: all stay.
    /// - Throws: `BudgetError`, where the original meets the budget or no choice of layers does.
    init(
        _ budget: Budget, shares: [Int], rest: Int, areAlike: Bool,
        narrowed: ((_ kept: [Int], _ mlpWidth: Int) -> Int)? = nil, leastWidth: Int? = nil,
        taken: @escaping (_ kept: [Int]) -> Int
    ) throws(BudgetError) {
        self.budget = budget
        self.shares = shares
        self.rest = rest
        self.areAlike = areAlike
        self.taken = taken
        self.narrowed = narrowed
        original = taken(Array(shares.indices))
        limit = budget.limit(of: original)
        guard original > limit else { throw .met(budget, original: original) }
        // One layer is always left.
        let least = (areAlike ? 0..<min(1, layers) : shares.indices).map { layer in
            guard let narrowed, let leastWidth else { return taken([layer]) }
            return narrowed([layer], leastWidth)
        }.min()
        guard let least, least <= limit else {
            throw .unreachable(budget, least: least ?? original, layers: layers)
        }
    }

    package func isMet(keeping kept: [Int]) -> Bool { taken(kept) <= limit }

    /// How many layers have to go whichever they are; nil where it depends on them.
    package var certain: Int? {
        guard areAlike else { return nil }
        return (1..<layers).first { isMet(keeping: Array(0..<layers - $0)) }
    }

    /// The least number of layers to remove whose plan meets the budget; nil where none does.
    ///
    /// - Parameter plan: the layers that are kept where so many go; nil where so many cannot. It
    ///   is asked only where it matters which layers go, and never for fewer than could do.
    package func fewest(
        keeping plan: (_ count: Int) throws -> [Int]?
    ) rethrows -> Int? {
        if let certain { return certain }
        return try (leastPossible..<layers).first { count in
            try plan(count).map { isMet(keeping: $0) } ?? false
        }
    }

    /// Mixes that just meet the budget: for each number of layers to remove, up to the least that
    /// meets it with all neurons, the largest of `widths` whose plan does.
    ///
    /// - Parameters:
    ///   - widths: of MLPs, descending.
    ///   - plan: the layers that are kept where so many go, one at least; nil where so many cannot.
    /// - Returns: by number of layers; nil neurons are all of them.
    package func mixes(
        of widths: [Int], keeping plan: (_ count: Int) throws -> [Int]?
    ) rethrows -> [(removed: Int, mlpWidth: Int?)] {
        var found: [(removed: Int, mlpWidth: Int?)] = []
        for removed in 0..<layers {
            // Where layers are alike, plans need not be made in vain.
            let first = Array(0..<layers - removed)
            guard !areAlike || isMet(keeping: first) || widest(of: widths, keeping: first) != nil,
                let kept = removed == 0 ? first : try plan(removed)
            else { continue }
            if isMet(keeping: kept) { return found + [(removed, nil)] }
            if let width = widest(of: widths, keeping: kept) { found.append((removed, width)) }
        }
        return found
    }

    private func widest(of widths: [Int], keeping kept: [Int]) -> Int? {
        guard let narrowed else { return nil }
        return widths.first { narrowed(kept, $0) <= limit }
    }

    /// With fewer layers out no choice can meet the budget, even of the largest.
    private var leastPossible: Int {
        let ascending = shares.sorted()
        return (1..<layers).first { rest + ascending.dropLast($0).reduce(0, +) <= limit } ?? layers
    }
}

/// Why a budget cannot be planned for.
package enum BudgetError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case met(Budget, original: Int)
    case unreachable(Budget, least: Int, layers: Int)
    /// No number of layers has a plan that meets it.
    case noPlan(Budget, method: String)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .met(let budget, let original):
            "\(budget): the original takes \(budget.measure.roundText(original)) and meets "
                + "it already, so that there is nothing to remove: give less, or leave it out"
        case .unreachable(let budget, let least, let layers):
            "\(budget): no choice of layers meets it; with one of \(layers) layers left the model "
                + "still takes \(budget.measure.roundText(least)): give at least that much"
        case .noPlan(let budget, let method):
            "\(budget): method \(method) has no plan that meets it, however many layers go: give "
                + "more, or take another method"
        }
    }
}
