// What the units of a layer do on calibration tokens, standardised, so that a product of two
// layers' features is their correlation.

import Model
import TensorMath

/// Features of one layer, unit-major; each row has mean 0 and mean square 1 over the tokens, or is
/// zero where the unit never changes.
struct LayerFeatures {
    /// [neurons, tokens]: activation(gate x) * up x. nil where the layer has experts, which see
    /// tokens of their own choice.
    let neurons: MatrixView?
    /// [heads * headWidth, tokens], before the output projection. nil without attention.
    let heads: MatrixView?
}

/// Carries the original stream through the layers and keeps the features of the wanted ones.
struct FeaturePass {
    /// Tokens whose features are kept, spread evenly; a correlation of so many is exact to 0.01.
    static let tokensMax = 8192

    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let kept: [Int]

    init(_ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences) {
        self.weights = weights
        self.mode = mode
        self.batch = batch
        let count = min(Self.tokensMax, batch.tokens.count)
        kept = (0..<count).map { $0 * batch.tokens.count / count }
    }

    /// Visits the wanted layers (ascending) with their features.
    func run(
        _ wanted: Set<Int>, observer: some WorkObserver,
        visit: (_ layer: Int, _ features: LayerFeatures) throws -> Void
    ) throws {
        guard let last = wanted.max() else { return }
        let forward = ForwardPass(weights: weights, mode: mode)
        let stream = try forward.embed(batch)
        let waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, weights.blueprint)
        }
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: weights)
        for index in 0...last {
            if wanted.contains(index) {
                try visit(index, try features(index, stream, waves, context, observer))
            }
            if index < last {
                try forward.run(
                    layers: index..<index + 1, stream: stream, waves: waves, observer: observer)
            }
        }
    }

    /// Computes the layer once more beside the pass, on a copy of each wave.
    private func features(
        _ index: Int, _ stream: MatrixView, _ waves: [ForwardPass.Wave], _ context: BlockContext,
        _ observer: some WorkObserver
    ) throws -> LayerFeatures {
        let layer = weights.blueprint.layers[index]
        var neurons: MatrixView?
        var heads: MatrixView?
        for wave in waves {
            try observer.checkpoint()
            let copy = MatrixView(rows: wave.tokens.count, columns: stream.columns)
            copy.assign(stream.rows(wave.tokens))
            let normal = MatrixView(rows: copy.rows, columns: copy.columns)
            try context.normalise(copy, layer.inputNorm, into: normal)
            if case .attention(let attention) = layer.mixer {
                keep(
                    try attention.heads(normal, layout: wave.layout, context: context),
                    wave.tokens, in: &heads)
            }
            if !layer.isParallel {
                try layer.runMixer(normal, stream: copy, layout: wave.layout, context: context)
            }
            if layer.feedForwardNorm != nil || !layer.isParallel {
                try context.normalise(copy, layer.feedForwardNorm, into: normal)
            }
            if case .mlp(let gated) = layer.feedForward {
                keep(try gated.neurons(normal, context: context), wave.tokens, in: &neurons)
            }
        }
        for matrix in [neurons, heads] { matrix?.standardiseRows() }
        return LayerFeatures(neurons: neurons, heads: heads)
    }

    /// Transposes the kept tokens of a wave into their columns of `matrix`.
    private func keep(_ features: MatrixView, _ tokens: Range<Int>, in matrix: inout MatrixView?) {
        let all = matrix ?? MatrixView(rows: features.columns, columns: kept.count)
        matrix = all
        for (column, token) in kept.enumerated() where tokens.contains(token) {
            for (row, value) in features.row(token - tokens.lowerBound).enumerated() {
                all[row, column] = value
            }
        }
    }
}

extension MatrixView {
    /// Shifts and scales each row to mean 0 and mean square 1; constant rows become zero.
    fileprivate func standardiseRows() {
        Parallel.forEachRun(of: rows, grain: 16) { run in
            for index in run {
                let values = row(index).map(Double.init)
                let count = Double(max(1, values.count))
                let mean = values.reduce(0, +) / count
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
                // Below what rounding makes of a constant.
                let factor = variance > 1e-12 * mean * mean ? 1 / variance.squareRoot() : 0
                for (column, value) in values.enumerated() {
                    self[index, column] = Float((value - mean) * factor)
                }
            }
        }
    }
}
