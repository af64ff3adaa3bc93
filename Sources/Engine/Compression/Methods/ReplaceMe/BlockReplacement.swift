// `replaceme` (Shopkhoev et al. 2025, arXiv 2505.02819): what a removed stretch of layers does to
// the stream is fitted as a linear map of the MLP output before it, and goes into its down_proj.
//
// Notation, all of the original model: M [tokens, d] the MLP output of the layer before the
// stretch, Y the stream that it is added to, H the stream behind the stretch.
// T = argmin |M T - (H - Y)|^2 + mu |T|^2 with mu = lambda * mean(diag M'M); then
// W_down <- T' W_down. Nothing else changes.

import Model
import TensorMath

/// ReplaceMe (arXiv 2505.02819), closed form: T [d, d] by ridge regression in double, for W_down
/// [d, inner].
struct BlockReplacement {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let lambda: Double
    private let space: StreamSpace

    static let method = "replaceme"

    /// - Parameters:
    ///   - batch: calibration sequences.
    ///   - lambda: ridge as a share of the mean diagonal of the Gram matrix; the paper adds none.
    init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences, lambda: Double,
        space: StreamSpace = .memory
    ) {
        self.space = space
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.lambda = lambda
    }

    /// Bytes held at most beside the mapped weights: the streams M, Y and H, a wave's intermediate
    /// matrices, the least squares, and the new weight.
    static func peakByteCount(
        _ blueprint: ModelBlueprint, tokens: PackedSequences, mode: ComputeMode,
        space: StreamSpace = .memory
    ) -> Int {
        let width = blueprint.hiddenWidth
        let forward = ForwardMemory(
            blueprint: blueprint, batch: tokens, capturedRows: 0, waveTokens: 2048, mode: mode,
            space: space)
        let widest = blueprint.layers.flatMap(\.tensors).map { $0.shape.reduce(1, *) }.max() ?? 0
        return forward.total + 2 * forward.stream
            + GramAccumulator.byteCount(features: width, targets: width) + 5 * 8 * width * width
            + 20 * widest
    }

    /// One pass, and the least squares. Layers behind the stretch are not passed: they are few.
    static func work(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        let (load, width) = (TokenLoad(tokens), blueprint.hiddenWidth)
        let widest = blueprint.layers.flatMap(\.perceptrons).map(\.down.inputs).max() ?? 0
        return Work(
            operations: blueprint.operations(load)
                + FittingWork.sums(tokens: load.tokens, features: width, targets: width)
                + FittingWork.ridge(features: width, targets: width),
            written: Double(4 * widest * width))
    }

    /// - Parameter kept: layers that stay, ascending: all but one stretch that does not start with
    ///   the first layer.
    /// - Returns: down_proj of the layer before the stretch, and its bias where it has one.
    func run(keeping kept: [Int], observer: some WorkObserver) throws -> WeightPatch {
        let layers = weights.blueprint.layers
        let start = kept.indices.first { kept[$0] != $0 } ?? kept.count
        let end = start + layers.count - kept.count
        precondition(
            start > 0 && kept == Array(0..<start) + Array(end..<layers.count), "one stretch goes")
        let before = start - 1
        let gated = try replaceable(before)
        if lambda == 0, batch.tokens.count < weights.blueprint.hiddenWidth {
            throw MethodError.tooFewTokens(
                method: Self.method, tokens: batch.tokens.count,
                features: weights.blueprint.hiddenWidth)
        }
        let forward = ForwardPass(weights: weights, mode: mode, space: space)
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: weights)
        let waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, weights.blueprint)
        }
        let stream = try forward.embed(batch)
        try forward.run(layers: 0..<before, stream: stream, waves: waves, observer: observer)
        let output = try space.matrix(rows: stream.rows, columns: stream.columns)
        let inner = try space.matrix(rows: stream.rows, columns: stream.columns)
        for wave in waves {
            try observer.checkpoint()
            let part = stream.rows(wave.tokens)
            let normal = MatrixView(rows: part.rows, columns: part.columns)
            let layer = layers[before]
            try context.normalise(part, layer.inputNorm, into: normal)
            try layer.runMixer(normal, stream: part, layout: wave.layout, context: context)
            inner.rows(wave.tokens).assign(part)
            try context.normalise(part, layer.feedForwardNorm, into: normal)
            try gated.run(
                normal, into: output.rows(wave.tokens), accumulate: false, context: context)
            RowKernels.add(part, output.rows(wave.tokens))
        }
        try forward.run(layers: start..<end, stream: stream, waves: waves, observer: observer)
        stream.subtract(inner)
        let patch = try fold(
            try fit(output, stream, waves), into: gated.down, of: layers[before], context)
        return WeightPatch(patch, ofLayer: before)
    }

    /// What keeps a layer's MLP from taking a map; nil where nothing does.
    static func obstacle(_ layer: LayerBlueprint) -> String? {
        switch layer.feedForward {
        case .absent: return "it has no MLP to put the map into"
        case .experts:
            return
                "it has experts, and the map would have to go into each of them by its share"
        case .mlp: break
        }
        if let what = layer.branchObstacle { return what }
        guard layer.postFeedForwardNorm == nil else {
            return "a norm behind its MLP makes the output nonlinear in its weights"
        }
        return nil
    }

    private func replaceable(_ index: Int) throws(MethodError) -> MLPBlueprint {
        let layer = weights.blueprint.layers[index]
        if let what = Self.obstacle(layer) {
            throw .unsupported(method: Self.method, layer: index, what: what)
        }
        guard case .mlp(let gated) = layer.feedForward else {
            preconditionFailure("a layer without obstacle has an MLP")
        }
        return gated
    }

    /// T [d, d] of M T = wanted.
    private func fit(
        _ output: MatrixView, _ wanted: MatrixView, _ waves: [ForwardPass.Wave]
    ) throws -> DoubleMatrix {
        let width = output.columns
        var sums = GramAccumulator(features: width, targets: width)
        let product = try MatrixProduct(mode: .float32)
        for wave in waves {
            try sums.add(
                features: output.rows(wave.tokens), targets: wanted.rows(wave.tokens), by: product)
        }
        // The paper shrinks T to nothing.
        let (gram, cross) = sums.take()
        return try LeastSquares.ridge(
            gram: gram, cross: cross,
            start: DoubleMatrix(rows: width, columns: width),
            lambda: lambda)
    }

    private func fold(
        _ map: DoubleMatrix, into down: ProjectionBlueprint, of layer: LayerBlueprint,
        _ context: BlockContext
    ) throws -> LayerPatch {
        var patch = LayerPatch()
        let builder = PatchBuilder(context, layer)
        // (W' T)' = T' W.
        let old = try context.weights.projection(down).floats().transposedDoubles
        try builder.set(down, MatrixView(DoubleMatrix.product(old, map).transposed), in: &patch)
        if let bias = try context.weights.bias(down) {
            let moved = DoubleMatrix.product(map, bias.transposedDoubles, transposingLeft: true)
            try builder.setBias(down, MatrixView(moved.transposed), in: &patch)
        }
        return patch
    }
}
