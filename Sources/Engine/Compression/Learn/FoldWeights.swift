// The weights of a plan as numbers to be learned: one lambda for each fold, W = lambda W_so_far +
// (1 - lambda) W_next in the order of the layers, as Eq. 5 folds them; for all tensors of a fold
// alike, or for each tensor.

import Model

/// How many weights a fold has.
package enum WeightScope: String, Sendable, CaseIterable {
    case pair, tensor
}

/// Lambdas of all folds of a plan, in one list.
struct FoldWeights {
    /// Tensors that share their lambdas.
    struct Slot {
        /// Place of the new layer in the plan.
        let layer: Int
        /// Local names of the tensors.
        let tensors: [String]
        /// Of its lambdas in the list: one less than the layer has shares.
        let range: Range<Int>
    }

    let slots: [Slot]
    /// The plan's own weights.
    let start: [Double]

    init(_ plan: FoldPlan, blueprint: ModelBlueprint, scope: WeightScope) {
        var slots: [Slot] = []
        var start: [Double] = []
        for (place, layer) in plan.layers.enumerated() where !layer.isCopy {
            let names = blueprint.layers[layer.from[0].layer].foldedNames(norms: plan.foldsNorms)
            let own = Self.lambdas(layer.from.map(\.weight))
            for tensors in scope == .pair ? [names] : names.map({ [$0] }) {
                slots.append(
                    Slot(
                        layer: place, tensors: tensors,
                        range: start.count..<start.count + own.count))
                start += own
            }
        }
        self.slots = slots
        self.start = start
    }

    /// lambda_k = S_{k-1} / S_k, S the running sums of the shares' weights.
    static func lambdas(_ weights: [Double]) -> [Double] {
        var sum = weights[0]
        return weights.dropFirst().map { weight in
            let before = sum
            sum += weight
            return sum == 0 ? 1 : before / sum
        }
    }

    /// w_k = (1 - lambda_k) * product of the later lambdas; they sum to 1.
    static func weights(_ lambdas: [Double]) -> [Double] {
        var rest = 1.0
        var result: [Double] = []
        for lambda in lambdas.reversed() {
            result.append(rest * (1 - lambda))
            rest *= lambda
        }
        return ([rest] + result.reversed())
    }

    /// dL/dlambda from dL/dw.
    static func pullback(_ lambdas: [Double], _ gradient: [Double]) -> [Double] {
        lambdas.indices.map { index in
            var changed = lambdas
            // Weights are linear in each lambda, so the difference of its ends is the derivative.
            changed[index] = 1
            let high = weights(changed)
            changed[index] = 0
            let low = weights(changed)
            return gradient.indices.reduce(0) { $0 + gradient[$1] * (high[$1] - low[$1]) }
        }
    }

    /// The plan with other lambdas.
    func plan(_ plan: FoldPlan, _ values: [Double], scope: WeightScope) -> FoldPlan {
        var result = plan
        for (place, layer) in plan.layers.enumerated() where !layer.isCopy {
            let own = slots.filter { $0.layer == place }
            let weights = own.map { Self.weights(Array(values[$0.range])) }
            for share in layer.from.indices {
                let all = weights.map { $0[share] }
                result.layers[place].from[share].weight =
                    all.reduce(0, +) / Double(max(1, all.count))
                guard scope == .tensor else { continue }
                result.layers[place].from[share].tensorWeights = Dictionary(
                    uniqueKeysWithValues: zip(own, all).map { ($0.tensors[0], $1) })
            }
        }
        return result
    }
}

extension LayerBlueprint {
    /// Local names of the tensors that a fold blends.
    func foldedNames(norms: Bool) -> [String] {
        localTensors.filter { norms || $0.shape.count > 1 }.map(\.name)
    }
}
