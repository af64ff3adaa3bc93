// What a method wants found out on the model before it can plan, and done once it has: Runner reads
// this, and knows no method by name.

import Catalogue
package import Model

/// Nothing, unless said otherwise.
package struct Requirements: Sendable {
    /// The plan reads the matrix of how similar layers are.
    package var similarity = false
    /// The plan reads the order in which layers go by measured loss.
    package var removals: RemovalSearch?
    /// The plan is of the stretches of layers that cost least when each becomes one layer.
    package var stretchCosts: StretchCosts?
    /// Where layers go by `stretchCosts`, and may stay with fewer neurons in the place of some.
    package var narrowingCosts: NarrowingCosts?
    /// The method looks for its plan on the model itself.
    package var search: PlanSearch?
    /// Weights are computed from calibration tokens, beyond sums of the original's.
    package var weights: WeightFitting?
    /// A last pass through the whole new model, from the computed weights on.
    package var healing: Healing?
    /// What else could be done at the size of the result, to be held against it.
    package var rivals: RivalComparison?

    init(
        similarity: Bool = false, removals: RemovalSearch? = nil,
        stretchCosts: StretchCosts? = nil, search: PlanSearch? = nil,
        weights: WeightFitting? = nil, rivals: RivalComparison? = nil
    ) {
        self.similarity = similarity
        self.removals = removals
        self.stretchCosts = stretchCosts
        self.search = search
        self.weights = weights
        self.rivals = rivals
    }
}

/// A search by `LossSearch`.
package struct RemovalSearch: Sendable, Equatable {
    /// Calibration samples on which the loss is measured, spread evenly.
    package let samples: Int
    /// Whether the choice is improved by exchanges of one layer for one.
    package let exchanges: Bool

    init(samples: Int, exchanges: Bool) {
        self.samples = samples
        self.exchanges = exchanges
    }

    /// By the parameters `search_samples` and, where a method has it, `exchange`.
    init(_ parameters: Parameters) {
        self.init(
            samples: parameters.integer("search_samples"),
            exchanges: parameters.values["exchange"]?.flag ?? false)
    }
}

/// What making one layer of each stretch of neighbouring layers costs, alone.
package struct StretchCosts: Sendable {
    /// Raised whenever the same inputs give other costs than before, of any method.
    package static let version = 5

    /// Calibration samples on which costs are measured, spread evenly.
    package let samples: Int
    /// Names of the parameters that a cost depends on.
    package let parameters: [String]
    package let peakByteCount: @Sendable (MethodInput, _ stretches: [Range<Int>]) -> Int
    package let work: @Sendable (MethodInput, _ stretches: [Range<Int>]) -> Work
    /// Tells the cost of each stretch, in nats per token, as soon as it is known.
    package let measure:
        @Sendable (
            MethodInput, _ stretches: [Range<Int>], any WorkObserver,
            _ tell: (Range<Int>, Double) throws -> Void
        ) throws -> Void
}

/// What it costs to give every MLP fewer neurons, when no layer goes.
package struct NarrowingCosts: Sendable {
    /// Raised whenever the same inputs give other costs than before, of any method.
    package static let version = 1

    /// Calibration samples on which costs are measured, spread evenly.
    package let samples: Int
    /// Names of the parameters that a cost depends on, beside the width in the input.
    package let parameters: [String]
    package let peakByteCount: @Sendable (MethodInput) -> Int
    package let work: @Sendable (MethodInput) -> Work
    /// Nats per token.
    package let measure: @Sendable (MethodInput, any WorkObserver) throws -> Double
}

/// A search for a plan that leaves out `removing` layers, on the model itself.
package struct PlanSearch: Sendable {
    /// Calibration samples it looks at, spread evenly; nil for all.
    package let samples: Int?
    package let peakByteCount: @Sendable (MethodInput, _ removing: Int) -> Int
    package let work: @Sendable (MethodInput, _ removing: Int) -> Work
    package let run: @Sendable (MethodInput, _ removing: Int, any WorkObserver) throws -> FoundPlan

    init(
        samples: Int? = nil,
        peakByteCount: @escaping @Sendable (MethodInput, _ removing: Int) -> Int,
        work: @escaping @Sendable (MethodInput, _ removing: Int) -> Work,
        run:
            @escaping @Sendable (MethodInput, _ removing: Int, any WorkObserver) throws
            -> FoundPlan
    ) {
        self.samples = samples
        self.peakByteCount = peakByteCount
        self.work = work
        self.run = run
    }
}

/// How weights are computed for a plan; told before it runs.
package typealias WeightFitting = @Sendable (MethodInput, WeightGoal) -> WeightWork

/// What else could be done at the size of a result, measured beside it on sequences that no fit
/// has seen.
package struct RivalComparison: Sendable {
    /// Raised whenever the same inputs give other figures than before.
    package static let version = 4

    /// For people.
    package let names: String
    /// Names of the parameters that the figures depend on, beside the kept layers.
    package let parameters: [String]
    package let peakByteCount: @Sendable (MethodInput, _ kept: [Int]) -> Int
    package let work: @Sendable (MethodInput, _ kept: [Int]) -> Work
    /// Why nothing can be compared; nil where it can.
    package let obstacle: @Sendable (MethodInput) -> String?
    /// Why those of `names` are not among what was found that are not: one sentence each.
    package let missing: @Sendable (MethodInput, _ found: [Rival]) -> [String]
    /// The result first, then its rivals.
    package let compare:
        @Sendable (
            MethodInput, _ kept: [Int], _ computed: any ComputedTensors, any WorkObserver
        ) throws -> [Rival]
}

/// A result and what could be in its place.
package struct Rival: Sendable, Equatable, Codable {
    package var name: String
    /// Mean KL(original || this) in nats a token, on the sequences held back.
    package var divergence: Double
    /// The same on as many of the sequences that it was fitted to; nil where it was not asked.
    package var fitted: Double?

    package init(name: String, divergence: Double, fitted: Double? = nil) {
        self.name = name
        self.divergence = divergence
        self.fitted = fitted
    }

    /// Whether nothing diverges less than the first.
    package static func isFirstBest(_ all: [Rival]) -> Bool {
        let first = all.first?.divergence ?? 0
        let best = all.dropFirst().map(\.divergence).min() ?? .infinity
        return first <= best && first < StretchSelection.costMax
    }
}
