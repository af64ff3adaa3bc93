// What `fold` is told, what it cannot do, and what it holds in memory.

import Model
import TensorMath

/// The parameters of `fold`, as docs/METHODS.md explains them.
struct FoldSettings: Sendable, Equatable {
    /// Of every least squares but the input maps'.
    var ridge = Ridge.share(0.1)
    /// Whether the MLPs of a stretch are concatenated and their best neurons selected.
    var neurons = true
    /// Attentions of a stretch of at most this many layers are concatenated and their best
    /// key-value groups selected, where that diverges less on sequences held back; 1 for none.
    var groupStretch = 4
    /// Whether what layers read is fitted to the stream they get.
    var inputs = true
    /// One in so many calibration sequences is held back to choose by.
    var heldBack = 8
    /// Whether layers behind the first change are refitted towards the original stream.
    var refit = false
    /// Steps down the gradient that a layer of a stretch takes at its end; 0 for none.
    var tuningSteps = 320
    /// Length of a step, as a share of a tensor's root mean square.
    var tuningRate = 0.02
    /// Neurons removed between two updates of the inverse, at least; a 128th of many.
    var block = 16
    /// Neurons that every MLP of the new model has; nil: as many as the original's.
    var mlpWidth: Int?

    init() {}

    /// Of the input maps: they have few numbers, and tokens enough.
    var inputRidge: Ridge {
        if case .share(let share) = ridge { .share(share / 10) } else { ridge }
    }

    /// Neurons of `count` that are removed between two updates.
    func block(of count: Int) -> Int { max(block, count / 128) }
}

extension FoldSettings {
    /// What fits, and what chooses: one in `heldBack` sequences; nil where none can be spared.
    func split(_ batch: PackedSequences) -> (fitted: PackedSequences, held: PackedSequences?) {
        let sequences = batch.ranges.map { Array(batch.tokens[$0]) }
        guard sequences.count >= heldBack else { return (batch, nil) }
        let isHeld = sequences.indices.map { $0 % heldBack == heldBack - 1 }
        return (
            PackedSequences(zip(sequences, isHeld).filter { !$0.1 }.map(\.0)),
            PackedSequences(zip(sequences, isHeld).filter(\.1).map(\.0))
        )
    }
}

extension FoldSettings {
    /// What will not be as it should be, before it is computed.
    func notes(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences
    ) -> [String] {
        [scarcity(blueprint, keeping: kept, tokens: tokens)].compactMap { $0 }
            + mergeNotes(blueprint, keeping: kept)
            + tuningNotes(blueprint, keeping: kept, tokens: tokens)
    }

    /// Fewer tokens a feature than this, and least squares learn the tokens by heart.
    private static let tokensPerFeatureMin = 4

    /// Nil where there are tokens enough for all that is fitted together.
    private func scarcity(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences
    ) -> String? {
        let ranges = FoldedStretch.ranges(keeping: kept, of: blueprint.layers.count)
        // How many features, and how many of all tokens one of them gets for each that it needs.
        let features =
            zip(kept, ranges).map { base, range in
                switch blueprint.layers[base].feedForward {
                case .mlp(let mlp): mlp.down.inputs * (neurons ? range.count : 1)
                case .experts(let experts):
                    (experts.experts.first?.down.inputs ?? 0) * experts.experts.count
                        / max(1, experts.expertsPerToken)
                case .absent: 0
                }
            }.max() ?? 0
        let fitted = split(tokens).fitted.tokens.count
        guard kept.count < blueprint.layers.count || mlpWidth != nil,
            fitted < Self.tokensPerFeatureMin * features
        else { return nil }
        let enough = 4 * Self.tokensPerFeatureMin * features
        return "\(features) neurons are fitted together on \(fitted) tokens, which they learn by "
            + "heart: give about \(enough) (`samples`, `max_tokens`)"
            + (kept.count < blueprint.layers.count ? ", or remove fewer layers in a row" : "")
    }

    /// Why layers will not be tuned although they should be.
    func tuningNotes(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences
    ) -> [String] {
        let ranges = FoldedStretch.ranges(keeping: kept, of: blueprint.layers.count)
        let tuned = zip(kept, FoldedStretch.areTuned(ranges)).filter(\.1).map(\.0)
        guard tuningSteps > 0, !tuned.isEmpty else { return [] }
        guard tokens.ranges.count >= heldBack else {
            return [
                "no layers are tuned: one in \(heldBack) calibration sequences is held "
                    + "back to judge by, and there are \(tokens.ranges.count); raise `samples`"
            ]
        }
        var obstacles: [String: [String]] = [:]
        for base in tuned {
            if let what = BlockGradient.obstacle(blueprint.layers[base]) {
                obstacles[what, default: []].append("\(base)")
            }
        }
        return obstacles.sorted { $0.key < $1.key }.map { what, layers in
            "not tuned, because no gradient is computed through a layer with \(what): "
                + layers.joined(separator: ", ")
        }
    }

    /// Bytes of one stream: of what is fitted, and of what is judged by.
    private func streamByteCounts(
        _ blueprint: ModelBlueprint, tokens: PackedSequences
    ) -> (fitted: Int, judged: Int) {
        let (fitted, held) = split(tokens)
        let bytes = 4 * blueprint.hiddenWidth
        return (bytes * fitted.tokens.count, bytes * (held ?? tokens).tokens.count)
    }

    /// Bytes of all streams, as far as `part` counts those of one.
    private func streamByteCount(
        _ blueprint: ModelBlueprint, tokens: PackedSequences, of part: (Int) -> Int
    ) -> Int {
        // Folded, original, target, two ways that are tried; where there are experts what they
        // leave, and what is left to their shared part; of what is held back also what is wanted,
        // and ends.
        let (fitted, judged) = streamByteCounts(blueprint, tokens: tokens)
        let hasExperts = blueprint.layers.contains {
            if case .experts = $0.feedForward { true } else { false }
        }
        return (hasExperts ? 7 : 5) * part(fitted) + 6 * part(judged)
    }

    /// Bytes of files that streams lie in while weights are computed.
    func scratchByteCount(
        _ blueprint: ModelBlueprint, tokens: PackedSequences, space: StreamSpace
    ) -> Int {
        streamByteCount(blueprint, tokens: tokens, of: space.diskBytes)
    }

    /// Bytes held while experts are merged, beside one layer and its redirected projections: what
    /// routers say of all tokens, and shall say; which experts take which (twice: arrays grow by
    /// doubling); the neurons of the tokens of an expert, which may be all; the router's Hessian
    /// with what a wave adds to it, and a step; an expert's solution as it is turned; and the
    /// tensors that the new layer is read from. They lie in memory, wherever streams lie.
    func expertsByteCount(
        _ experts: ExpertsBlueprint, tokens: PackedSequences, of stretch: Int, _ width: Int
    ) -> Int {
        let count = experts.experts.count
        let fitted = split(tokens).fitted.tokens.count
        let inner = experts.experts.first?.down.inputs ?? 0
        let choice = MemoryLayout<ExpertsBlueprint.Routes.Choice>.stride
        let layer = experts.experts.reduce(0) { sum, expert in
            sum + expert.projections.reduce(0) { $0 + $1.rows.count * $1.inputs }
        }
        let routes = 4 * (stretch + 2) * count + 2 * choice * experts.expertsPerToken
        // Of the Hessian in double precision, the wave's in single, twice, and in double, twice.
        let hessian = (8 + 2 * 4 + 2 * 8) * (width + 1) * (width + 1)
        let step = 6 * 8 * (width + 1) * count
        return fitted * (routes + 4 * inner) + hessian + step + 3 * 8 * inner * width
            + 3 * 4 * layer
    }

    /// What the allocator keeps of memory that was freed: one fold in two held up to 1.2 MB more
    /// than was planned without it.
    private static let allocatorBytes = 4 << 20

    /// Bytes held at most beside the mapped weights: the streams, the features of a wave, the
    /// Gram matrix of the longest stretch and what its selection and the library hold, a layer's
    /// computed tensors, and the logits that ways are judged by.
    func peakByteCount(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences,
        space: StreamSpace = .memory
    ) -> Int {
        let layers = FoldableLayer.all(of: blueprint)
        let width = blueprint.hiddenWidth
        var features = 0
        var longest = 1
        var readers = 0
        var leaving = 0
        var experts = 0
        let ranges = FoldedStretch.ranges(keeping: kept, of: layers.count)
        for (base, stretch) in zip(kept, ranges.map(\.count)) {
            let layer = layers[base]
            let heads = layer.attention?.output.inputs ?? 0
            let inner = (layer.mlp ?? layer.experts?.shared)?.down.inputs ?? 0
            longest = max(longest, stretch)
            readers = max(
                readers, layer.feedForwardReaders.reduce(0) { $0 + $1.rows.count })
            features = max(
                features, inner * (neurons ? stretch : 1),
                heads * (stretch <= groupStretch ? stretch : 1),
                layer.experts?.experts.first?.down.inputs ?? 0)
            leaving = max(
                leaving, block(of: inner * stretch),
                heads / max(1, layer.attention?.keyValueHeads ?? 1))
            if stretch > 1, let own = layer.experts {
                experts = max(experts, expertsByteCount(own, tokens: tokens, of: stretch, width))
            }
        }
        let stream = space.memoryBytes(streamByteCounts(blueprint, tokens: tokens).fitted)
        let streams = streamByteCount(blueprint, tokens: tokens, of: space.memoryBytes)
        let judged = (split(tokens).held ?? tokens).tokens.count
        let wave = min(tokens.tokens.count, max(2048, tokens.longest))
        // While sums are made, while units are selected, while inputs are fitted.
        let gram = max(
            GramAccumulator.byteCount(features: features, targets: width),
            8 * features * (features + 2 * width)
                + LeastSquares.selectionByteCount(
                    features: features, targets: width, leaving: leaving),
            GramAccumulator.byteCount(features: width, targets: longest * width)
                + 8 * 4 * width * longest * width,
            ridge == .validated
                ? max(
                    GramAccumulator.validationByteCount(features: features, targets: width),
                    GramAccumulator.validationByteCount(
                        features: width, targets: longest * width)) : 0)
        let tuning =
            tuningSteps == 0
            ? 0
            : 4
                * (kept.map {
                    LayerTuning.floatCount(
                        layers[$0].layer, wave: wave, longest: tokens.longest)
                }.max() ?? 0)
        let head =
            tuningSteps > 0 && FoldedStretch.areTuned(ranges).last == true
            ? 4 * LayerTuning.headFloatCount(blueprint, wave: wave) : 0
        // Ways are judged by the logits of both models, a chunk of each.
        let logits = 8 * min(OutputHead.chunkFloats, blueprint.vocabularySize * judged)
        // Redirected projections of a stretch, in float and as products read them.
        let candidates = inputs ? 8 * longest * readers * width : 0
        // Of two ways that are tried; once more as an archive, and packed, when a layer is done.
        // While streams are read from the store, they are there once more as bytes.
        let layer =
            4
            * (kept.map { layer in
                blueprint.layers[layer].tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
            }.max() ?? 0)
        // Features and targets as products of bf16 read them, and the panel that a product turns.
        let factors =
            2 * wave * (features + 2 * longest * width) + 4 * wave * GramAccumulator.height
        return Self.allocatorBytes + streams + logits + factors + experts + 4 * wave
            * (features + (2 * longest + 5) * width)
            + DoubleMatrix.packingByteCount(columns: features)
            + max(gram + candidates + 2 * layer, 5 * layer + tuning + head, stream)
    }
}
