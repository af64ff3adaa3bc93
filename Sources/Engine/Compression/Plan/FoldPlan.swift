// Which layers go into which, with weights: pure data, made before any weight is read.

package import Failures

/// A share of one original layer in a new one.
package struct LayerShare: Sendable, Equatable, Codable {
    /// Index in the original model.
    package var layer: Int
    /// Share of its weights; the shares of a new layer sum to 1.
    package var weight: Double
    /// The order of its units that matches those of the fold's first layer; nil keeps its own.
    package var alignment: LayerAlignment?
    /// Shares of single tensors, by their names without the layer's prefix; `weight` holds for
    /// the others and is the mean of these.
    package var tensorWeights: [String: Double]?

    package init(layer: Int, weight: Double, alignment: LayerAlignment? = nil) {
        self.layer = layer
        self.weight = weight
        self.alignment = alignment
    }
}

/// One layer of the new model.
package struct PlannedLayer: Sendable, Equatable, Codable {
    /// Index in the new model.
    package var into: Int
    /// Original layers it is made of, ascending; one share of weight 1 is a plain copy.
    package var from: [LayerShare]

    init(into: Int, from: [LayerShare]) {
        self.into = into
        self.from = from
    }

    package var isCopy: Bool { from.count == 1 }
}

/// A new model's layers in terms of the original's.
package struct FoldPlan: Sendable, Equatable, Codable {
    package var originalLayers: Int
    package var layers: [PlannedLayer]
    /// Whether norms and biases are folded too; if not, those of the first share are kept.
    package var foldsNorms: Bool
    /// Neurons of every MLP of the new model; nil: as many as the original's have.
    package var mlpWidth: Int?
    /// What a reader should know, in words.
    package var notes: [String]

    init(
        originalLayers: Int, layers: [PlannedLayer], foldsNorms: Bool, notes: [String] = []
    ) {
        self.originalLayers = originalLayers
        self.layers = layers
        self.foldsNorms = foldsNorms
        self.notes = notes
    }

    /// Original layers that are in no new layer.
    package var removed: [Int] {
        let used = Set(layers.flatMap { $0.from.map(\.layer) })
        return (0..<originalLayers).filter { !used.contains($0) }
    }

    /// The plan that keeps some layers as they are and drops the rest.
    package static func keeping(_ kept: [Int], of originalLayers: Int) -> FoldPlan {
        FoldPlan(
            originalLayers: originalLayers,
            layers: kept.enumerated().map { index, layer in
                PlannedLayer(into: index, from: [LayerShare(layer: layer, weight: 1)])
            }, foldsNorms: true)
    }

    /// Checks what every plan must hold.
    package func validate() throws(PlanError) {
        guard !layers.isEmpty else { throw .noLayerLeft(originalLayers: originalLayers) }
        guard layers.count <= originalLayers else {
            throw .malformed(
                "it has \(layers.count) layers, more than the \(originalLayers) of the original")
        }
        for (index, layer) in layers.enumerated() {
            guard layer.into == index, !layer.from.isEmpty else {
                throw .malformed("new layer \(index) is numbered \(layer.into) or made of nothing")
            }
            let sum = layer.from.reduce(0) { $0 + $1.weight }
            guard abs(sum - 1) < 1e-9 else {
                throw .malformed("weights of new layer \(index) sum to \(sum), not 1")
            }
            for share in layer.from where !(0..<originalLayers).contains(share.layer) {
                throw .malformed("layer \(share.layer) is not in the original model")
            }
            var sums: [String: Double] = [:]
            for share in layer.from {
                for (tensor, weight) in share.tensorWeights ?? [:] {
                    sums[tensor, default: 0] += weight
                }
            }
            guard sums.values.allSatisfy({ abs($0 - 1) < 1e-9 }) else {
                throw .malformed("weights of a tensor of new layer \(index) do not sum to 1")
            }
            for share in layer.from where share.alignment?.isValid == false {
                throw .malformed("an order of layer \(share.layer)'s units is no permutation")
            }
        }
    }
}

/// Why there is no such plan.
package enum PlanError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case noLayerLeft(originalLayers: Int)
    case ratioRemovesNothing(ratio: Double, originalLayers: Int)
    case noFoldablePair(remaining: Int, wanted: Int)
    /// - Parameter possible: numbers of layers that can be left.
    case noPattern(wanted: Int, possible: [Int])
    case similarityMissing(method: String)
    case targetNotReached(method: String, removed: Int, wanted: Int, advice: String)
    case malformed(String)

    /// Whether another number of layers to remove may have a plan.
    package var isOfTheNumber: Bool {
        switch self {
        case .noFoldablePair, .noPattern, .targetNotReached: true
        case .noLayerLeft, .ratioRemovesNothing, .similarityMissing, .malformed: false
        }
    }

    package var description: String {
        switch self {
        case .noLayerLeft(let count):
            "the ratio leaves none of the \(count) layers: choose a smaller one"
        case .ratioRemovesNothing(let ratio, let count):
            "ratio \(ratio) of \(count) layers is less than half a layer, so nothing would be "
                + "removed: choose at least \(0.5 / Double(max(1, count)))"
        case .noFoldablePair(let remaining, let wanted):
            "no two layers of one kind are left: \(remaining) layers remain, \(wanted) were asked for"
        case .noPattern(let wanted, let possible):
            "no choice of \(wanted) layers folds like into like and has a pattern that config.json "
                + "can express; "
                + (possible.isEmpty
                    ? "no smaller number has either"
                    : "choose a ratio that leaves "
                        + possible.map(String.init).joined(separator: ", ") + " layers")
        case .similarityMissing(let method):
            "method \(method) needs a similarity matrix and was given none"
        case .targetNotReached(let method, let removed, let wanted, let advice):
            "method \(method) removed \(removed) of \(wanted) layers at most: \(advice)"
        case .malformed(let text): "the plan is not valid: \(text)"
        }
    }
}

/// How many layers a ratio removes: the nearest whole number, halves up.
///
/// People write ratios in decimals: 0.58 of 25 layers is 14.5 and so 15, though the product of the
/// nearest binary numbers is a little less.
package func layersRemoved(ratio: Double, of layers: Int) throws(PlanError) -> Int {
    let removed = Int((ratio * Double(layers) + 0.5 + 1e-9).rounded(.down))
    guard removed >= 1 else {
        throw .ratioRemovesNothing(ratio: ratio, originalLayers: layers)
    }
    guard removed < layers else { throw .noLayerLeft(originalLayers: layers) }
    return removed
}
