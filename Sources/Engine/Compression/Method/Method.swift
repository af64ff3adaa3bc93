// What a method is to the engine. A method has two files of the same name: its declaration in
// Catalogue/Methods, which the manifest parser reads and which needs no engine, and its planner and
// its computation of weights here.

import Analysis
package import Catalogue
package import Model
package import TensorMath

/// A declared method with what it does.
package struct Method: Sendable {
    package let declaration: MethodDeclaration
    /// What Runner finds out and does for it, by the parameters of a request.
    package let requirements: @Sendable (Parameters) -> Requirements
    /// From what was found out to the plan; pure.
    let plan: @Sendable (PlanningInput) throws -> FoldPlan

    /// - Parameters:
    ///   - requires: nothing, unless said otherwise.
    ///   - plan: which layers become which.
    init(
        _ declaration: MethodDeclaration,
        requires requirements: @escaping @Sendable (Parameters) -> Requirements = { _ in
            Requirements()
        },
        plan: @escaping @Sendable (PlanningInput) throws -> FoldPlan
    ) {
        self.declaration = declaration
        self.requirements = requirements
        self.plan = plan
    }
}

/// What a plan is made from.
struct PlanningInput {
    let method: String
    /// Share of layers to remove; nil for methods that take none.
    let ratio: Double?
    let parameters: Parameters
    /// Kind of each original layer; only equal kinds fold.
    let kinds: [String]
    let similarity: SimilarityMatrix?
    let removals: RemovalOrder?
    /// Found on the model itself, by the method's search or by what stretches cost.
    let searchedPlan: FoldPlan?
    let patterns: (any LayerPatterns)?
    /// Kinds as programs expect them that go by a layer's number.
    let period: PeriodicKinds?
    let keepsPeriod: Bool
    /// Asked between steps of what takes long.
    var observer: any WorkObserver = SilentObserver()

    var count: Int { kinds.count }

    /// How many layers go.
    func removed() throws -> Int { try layersRemoved(ratio: ratio ?? 0, of: count) }

    /// The matrix, [layers][layers], that the method cannot do without.
    func needed() throws -> SimilarityMatrix {
        guard let similarity else { throw PlanError.similarityMissing(method: method) }
        guard similarity.size == count else {
            throw PlanError.malformed(
                "similarity of \(similarity.size) layers for a model of \(count)")
        }
        return similarity
    }

    /// Folds layers pair by pair.
    func merged(by merging: PairwiseMerging) throws -> FoldPlan {
        let similarity = try needed()
        let rows = (0..<count).map { row in (0..<count).map { similarity[row, $0] } }
        let removed = try removed()
        if let patterns {
            return try merging.plan(
                similarity: rows, kinds: kinds, removing: removed, patterns: patterns,
                observer: observer)
        }
        return try keepingPeriod {
            try merging.plan(
                similarity: rows, kinds: kinds, removing: removed, patterns: $0,
                observer: observer)
        } ?? merging.plan(similarity: rows, kinds: kinds, removing: removed)
    }

    /// Drops the layers with the greatest scores.
    ///
    /// A tie goes to the later layer: late layers are the more redundant ones.
    func dropped(by scores: [Double]) throws -> FoldPlan {
        let removed = try removed()
        return try keepingPeriod { period in
            try PatternedChoice.plan(
                dropping: removed, by: scores, kinds: kinds, patterns: period,
                observer: observer)
        } ?? RedundantLayers.single(scores, removing: removed)
    }

    /// The plan that keeps the period, where it is asked for; nil where it is not, or cannot be
    /// kept and need not.
    private func keepingPeriod(_ plan: (PeriodicKinds) throws -> FoldPlan) throws -> FoldPlan? {
        let asked = parameters["keep_pattern"]?.text ?? "never"
        guard asked == "always" || asked == "auto" && keepsPeriod else { return nil }
        guard let period else { return nil }
        do {
            return try plan(period)
        } catch PlanError.noPattern where asked == "auto" {
            return nil
        }
    }

    /// Drops the layers that measured loss can spare.
    func droppedByLoss() throws -> FoldPlan {
        let removed = try removed()
        guard let removals, removals.steps.count >= removed else {
            throw PlanError.malformed("the search for \(removed) layers to remove was not run")
        }
        return .keeping(removals.kept(removing: removed, of: count), of: count)
    }

    /// The plan that the method's search found.
    func searched() throws -> FoldPlan {
        guard let searchedPlan, searchedPlan.originalLayers == count else {
            throw PlanError.malformed("the search of \(method) was not run on this model")
        }
        return searchedPlan
    }
}

/// What a method computes with, beside its plan: its parameters, and the model on tokens.
package struct MethodInput {
    package let parameters: Parameters
    let weights: ModelWeights
    package let batch: PackedSequences
    let mode: ComputeMode
    /// Where streams of all tokens lie.
    let space: StreamSpace
    /// Neurons of every MLP of the new model; nil: as many as the original's have.
    package let mlpWidth: Int?

    package init(
        parameters: Parameters, weights: ModelWeights, batch: PackedSequences, mode: ComputeMode,
        space: StreamSpace = .memory, mlpWidth: Int? = nil
    ) {
        self.parameters = parameters
        self.weights = weights
        self.batch = batch
        self.mode = mode
        self.space = space
        self.mlpWidth = mlpWidth
    }

    /// Layers of the new model that keeps these of the original's.
    func layers(keeping kept: [Int]) -> [LayerBlueprint] {
        kept.map { weights.blueprint.layers[$0].narrowed(to: mlpWidth) }
    }
}

/// A plan that was searched for, and the weights that came with it, if any.
package struct FoundPlan {
    /// Raised whenever the same inputs give other plans than before, of any method.
    package static let version = 3

    package let plan: FoldPlan
    package var computed: WeightPatch?
}

/// What of a plan its weights depend on.
package struct WeightGoal {
    /// Share of layers, or of weights, that goes.
    let ratio: Double
    /// Original layers that the plan keeps, in their order in the new model.
    let kept: [Int]

    package init(ratio: Double, kept: [Int]) {
        self.ratio = ratio
        self.kept = kept
    }
}

/// A computation of weights, told before it runs.
package struct WeightWork {
    /// Raised whenever the same inputs give other weights than before, of any method.
    package static let version = 10

    /// Names of the parameters that the weights depend on, beside the kept layers.
    package let parameters: [String]
    /// Whether they depend on the ratio, beyond the layers it keeps.
    package var dependsOnRatio = false
    package let peakByteCount: Int
    /// Of files that are there while it computes, and gone then.
    package var scratchByteCount = 0
    package let work: Work
    /// What will not be done of what is asked, and why.
    package var notes: [String] = []
    /// What is to be told behind it, by the new layers of which tensors were computed.
    package var outcome: @Sendable (_ computed: Set<Int>) -> [String] = { _ in [] }
    /// Gives what it computed, layer by layer; may ask for layers that were computed before.
    package let compute:
        (any WorkObserver, any FoldRecall, _ give: (WeightPatch) throws -> Void) throws -> Void
}
