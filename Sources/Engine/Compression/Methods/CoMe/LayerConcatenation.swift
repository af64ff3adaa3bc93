// `come` (CoMe, arXiv 2510.15304): two neighbours become one layer of the channels of both that
// move its output most; the pair that turns the stream least first, everything measured anew on the
// model so far.
//
// With grouped queries a key-value group is kept with the query heads that read it: those lie side
// by side, group after group. (The published code pairs kept heads with other groups there.)

import Model
import TensorMath

/// CoMe (arXiv 2510.15304) on a model and calibration tokens, from the whole model to a plan with
/// its weights.
final class LayerConcatenation {
    private let original: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    /// The model so far: layers under the names of the first original one in each.
    private var layers: [LayerBlueprint]
    private let source: PatchedWeights
    /// What was computed of each of them.
    private var patches: [LayerPatch]
    /// Shares of MLP neurons by original layer, for the plan.
    private var shares: [[LayerShare]]

    /// What was found: which layers are in which, and their weights.
    struct Result {
        let plan: FoldPlan
        let patch: WeightPatch
    }

    /// - Parameter batch: calibration sequences.
    init(_ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences) {
        original = weights
        self.mode = mode
        self.batch = batch
        layers = weights.blueprint.layers
        source = PatchedWeights(weights.source)
        patches = layers.map { _ in LayerPatch() }
        shares = layers.indices.map { [LayerShare(layer: $0, weight: 1)] }
    }

    /// Bytes held at most: two streams, one wave, and the layers that were made.
    static func peakByteCount(
        _ blueprint: ModelBlueprint, removing target: Int, tokens: PackedSequences,
        mode: ComputeMode
    ) -> Int {
        let forward = ForwardMemory(
            blueprint: blueprint, batch: tokens, capturedRows: 0, waveTokens: 2048, mode: mode)
        let layer =
            blueprint.layers.map { layer in
                layer.tensors.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) }
            }.max() ?? 0
        return forward.total + 2 * forward.stream + (2 * target + 3) * layer
    }

    /// For each merge a pass of the model so far, and one up to the pair.
    static func work(
        _ blueprint: ModelBlueprint, removing target: Int, tokens: PackedSequences
    ) -> Work {
        let layer = blueprint.layers.map(\.parameterCount).max() ?? 0
        return Work(
            operations: Double(target) * 3 / 2 * blueprint.operations(TokenLoad(tokens)),
            written: Double(4 * target * layer))
    }

    func run(removing target: Int, observer: some WorkObserver) throws -> Result {
        let count = original.blueprint.layers.count
        for step in 0..<target {
            guard let turn = try leastTurning(observer) else {
                throw PlanError.targetNotReached(
                    method: "come", removed: step, wanted: target,
                    advice: "it joins neighbours that have attention and a dense MLP of one shape; "
                        + "for experts and other mixers take fold or sleb")
            }
            try merge(at: turn.pairStart, influences: turn.influences, observer)
            observer.progress(
                done: step + 1, total: target, unit: "layers", detail: "merge \(step + 1)")
        }
        var patch = WeightPatch()
        for (layer, own) in patches.enumerated() { patch[layer] = own }
        let plan = FoldPlan(
            originalLayers: count,
            layers: shares.enumerated().map { PlannedLayer(into: $0, from: $1) },
            foldsNorms: true,
            notes: [
                "layers were concatenated: the weights in its plan are shares of MLP neurons"
            ])
        return Result(plan: plan, patch: patch)
    }

    // MARK: Which pair

    /// The pair i, i + 1 of least angle between the streams before and behind it (mean over the
    /// samples' last tokens), with both layers' 1 - mean cos over all tokens; nil: no two layers
    /// are of one kind.
    private func leastTurning(
        _ observer: some WorkObserver
    ) throws -> (pairStart: Int, influences: [Double])? {
        let forward = ForwardPass(weights: current, mode: mode)
        let ends = batch.ranges.filter { !$0.isEmpty }.map { $0.upperBound - 1 }
        // [boundary][sample][hidden].
        var lasts: [[[Float]]] = []
        var influences: [Double] = []
        let before = MatrixView(rows: batch.tokens.count, columns: original.blueprint.hiddenWidth)
        _ = try forward.run(batch, observer: Quiet(observer)) { boundary, stream in
            lasts.append(ends.map { stream.row($0) })
            if boundary > 0 {
                let sum = (0..<stream.rows).reduce(0.0) {
                    $0 + ChannelWeights.cosine(before.row($1), stream.row($1))
                }
                influences.append(max(0, 1 - sum / Double(max(1, stream.rows))))
            }
            before.assign(stream)
        }
        var best: (pairStart: Int, turn: Double)?
        for pairStart in layers.indices.dropLast() where joinable(pairStart) {
            let cosines = zip(lasts[pairStart], lasts[pairStart + 2]).map {
                ChannelWeights.cosine($0, $1)
            }
            let turn = cosines.reduce(0.0) { $0 + ChannelWeights.angle($1) }
            // A tie goes to the later pair: late layers are the more redundant ones.
            if turn <= best?.turn ?? .infinity { best = (pairStart, turn) }
        }
        return best.map {
            ($0.pairStart, [influences[$0.pairStart], influences[$0.pairStart + 1]])
        }
    }

    private var current: ModelWeights {
        var blueprint = original.blueprint
        blueprint.layers = layers
        return ModelWeights(blueprint: blueprint, source: source)
    }

    private func joinable(_ pairStart: Int) -> Bool {
        let pair = layers[pairStart...pairStart + 1].map { ConcatenatedPart($0) }
        guard let first = pair[0], let second = pair[1] else { return false }
        return first.joins(second)
    }

    // MARK: The new layer

    private func merge(
        at pairStart: Int, influences: [Double], _ observer: some WorkObserver
    ) throws {
        let pair = Array(layers[pairStart...pairStart + 1])
        let parts = pair.compactMap { ConcatenatedPart($0) }
        precondition(parts.count == 2, "only pairs that can be joined are merged")
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: current)
        let sums = try outputs(of: pairStart, parts, context, observer)
        // The layer that turns the stream more has the greater share.
        let total = influences[0] + influences[1]
        let ratios = total > 0 ? influences.map { $0 / total } : [0.5, 0.5]
        let neurons = try kept(
            ratios, count: parts[0].gated.down.inputs,
            sums.indices.map { index in
                let size = ChannelWeights.columnSizes(
                    try context.weights.projection(parts[index].gated.down))
                return zip(sums[index].neurons, size).map { $0 * $1 }
            })
        let attention = parts[0].attention
        let width = attention.heads / attention.keyValueHeads * attention.headWidth
        let groups = try kept(
            ratios, count: attention.keyValueHeads,
            sums.indices.map { index in
                let size = ChannelWeights.columnSizes(
                    try context.weights.projection(parts[index].attention.output))
                let channels = zip(sums[index].heads, size).map { $0 * $1 }
                return (0..<attention.keyValueHeads).map { group in
                    channels[group * width..<(group + 1) * width].reduce(0, +)
                }
            })
        let patch = try ConcatenatedLayer(layers: pair, parts: parts, context: context)
            .patch(neurons: neurons, groups: groups)
        source.apply(patch, to: pair[0])
        patches[pairStart] = patch
        patches.remove(at: pairStart + 1)
        let size = Double(neurons[0].count + neurons[1].count)
        shares[pairStart] = zip(0..., neurons).flatMap { index, kept in
            shares[pairStart + index].map {
                LayerShare(layer: $0.layer, weight: $0.weight * Double(kept.count) / size)
            }
        }
        shares.remove(at: pairStart + 1)
        layers.remove(at: pairStart + 1)
    }

    /// Sums of |neuron output| and of |head output| over all tokens, of both layers.
    private func outputs(
        of pairStart: Int, _ parts: [ConcatenatedPart], _ context: BlockContext,
        _ observer: some WorkObserver
    ) throws -> [(neurons: [Double], heads: [Double])] {
        let forward = ForwardPass(weights: current, mode: mode)
        let stream = try forward.embed(batch)
        let waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, original.blueprint)
        }
        try forward.run(
            layers: 0..<pairStart, stream: stream, waves: waves, observer: Quiet(observer))
        return try parts.enumerated().map { index, part in
            let layer = layers[pairStart + index]
            var neurons = [Double](repeating: 0, count: part.gated.down.inputs)
            var heads = [Double](repeating: 0, count: part.attention.output.inputs)
            for wave in waves {
                try observer.checkpoint()
                let rows = stream.rows(wave.tokens)
                let normal = MatrixView(rows: rows.rows, columns: rows.columns)
                try context.normalise(rows, layer.inputNorm, into: normal)
                ChannelWeights.addSizes(
                    of: try part.attention.heads(normal, layout: wave.layout, context: context),
                    to: &heads)
                try layer.runMixer(normal, stream: rows, layout: wave.layout, context: context)
                try context.normalise(rows, layer.feedForwardNorm, into: normal)
                ChannelWeights.addSizes(
                    of: try part.gated.neurons(normal, context: context), to: &neurons)
                try layer.runFeedForward(normal, stream: rows, context: context)
            }
            return (neurons, heads)
        }
    }

    /// Indices of the most sensitive channels of both layers, ascending: of the one with the
    /// smaller ratio its share rounded down, of the other the rest.
    private func kept(
        _ ratios: [Double], count: Int, _ sensitivities: [[Double]]
    ) -> [[Int]] {
        let smaller = ratios[0] < ratios[1] ? 0 : 1
        let few = Int((ratios[smaller] * Double(count)).rounded(.down))
        return sensitivities.enumerated().map { index, values in
            values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
                .prefix(index == smaller ? few : count - few).sorted()
        }
    }
}
