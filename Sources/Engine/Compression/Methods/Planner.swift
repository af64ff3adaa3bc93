// From a method's name and parameters to its plan.

package import Analysis
package import Catalogue
package import Model

/// The way from Runner to a method's plan.
package enum Planner {
    /// Raised whenever the same input gives other plans than before.
    package static let version = 3

    /// The plan of a method; pure.
    ///
    /// - Parameters:
    ///   - method: a name of `Offer.methods`.
    ///   - ratio: share of layers to remove; nil for methods that take none.
    ///   - parameters: completed with the method's defaults.
    ///   - kinds: kind of each original layer; only equal kinds fold.
    ///   - similarity: [layers][layers] for methods that need it.
    ///   - removals: layers in the order of `LossSearch`, for methods that go by it.
    ///   - searchedPlan: the plan of a method that looks for it on the model itself.
    ///   - patterns: what the kinds of the layers left can be; nil where config.json lists every
    ///     layer, or all are of one kind.
    ///   - period: kinds as programs expect them that go by a layer's number; nil where none do.
    ///   - keepsPeriod: whether the family keeps to it where nothing else is said.
    ///   - observer: asked between the sequences of kinds that are tried.
    package static func plan(
        method: String, ratio: Double?, parameters: Parameters, kinds: [String],
        similarity: SimilarityMatrix?, removals: RemovalOrder? = nil, searchedPlan: FoldPlan? = nil,
        patterns: (any LayerPatterns)? = nil, period: PeriodicKinds? = nil,
        keepsPeriod: Bool = false, observer: any WorkObserver = SilentObserver()
    ) throws -> FoldPlan {
        try Method.named(method).plan(
            PlanningInput(
                method: method, ratio: ratio, parameters: parameters, kinds: kinds,
                similarity: similarity, removals: removals, searchedPlan: searchedPlan,
                patterns: patterns, period: period, keepsPeriod: keepsPeriod,
                observer: observer))
    }
}
