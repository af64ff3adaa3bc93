// The layer-major forward pass: all sequences go through layer l, then through l + 1, so that a
// layer's weights are read once, and a model never has to fit in memory.

package import TensorMath

/// Runs a model over a packed batch, keeping the residual stream of every token in memory.
package struct ForwardPass {
    package let weights: ModelWeights
    package let mode: ComputeMode
    /// Tokens a layer computes at once: bounds the scratch, large enough to keep products busy.
    package var waveTokens = 2048
    /// Where the stream lies.
    package let space: StreamSpace

    package init(weights: ModelWeights, mode: ComputeMode, space: StreamSpace = .memory) {
        self.weights = weights
        self.mode = mode
        self.space = space
    }

    package var blueprint: ModelBlueprint { weights.blueprint }

    /// Runs all layers.
    ///
    /// - Parameters:
    ///   - batch: sequences of ids below the vocabulary size.
    ///   - atBoundary: sees the residual stream [tokens, hidden] after the embedding (0) and
    ///     after each layer (1...L), before the final norm; must not keep the view.
    /// - Returns: the residual stream after the last layer, before the final norm.
    package func run(
        _ batch: PackedSequences, observer: some WorkObserver,
        atBoundary: (_ boundary: Int, _ stream: MatrixView) throws -> Void = { _, _ in }
    ) throws -> MatrixView {
        let stream = try embed(batch)
        try atBoundary(0, stream)
        try run(layers: 0..<blueprint.layers.count, stream: stream, batch, observer: observer) {
            try atBoundary($0 + 1, $1)
        }
        return stream
    }

    /// Runs some layers over a stream, in place; `afterLayer` sees it after each.
    package func run(
        layers: Range<Int>, stream: MatrixView, _ batch: PackedSequences,
        observer: some WorkObserver,
        afterLayer: (_ layer: Int, _ stream: MatrixView) throws -> Void = { _, _ in }
    ) throws {
        let waves = try batch.waves(limit: waveTokens).map { try Wave($0, batch, blueprint) }
        try run(
            layers: layers, stream: stream, waves: waves, observer: observer,
            afterLayer: afterLayer)
    }

    /// Runs some layers over the waves of a stream, in order.
    package func run(
        layers: Range<Int>, stream: MatrixView, waves: [Wave], observer: some WorkObserver,
        afterLayer: (_ layer: Int, _ stream: MatrixView) throws -> Void = { _, _ in }
    ) throws {
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: weights)
        let total = layers.count * stream.rows
        var done = 0
        for layer in layers {
            let names = blueprint.layers[layer].tensors.map(\.name)
            if layer + 1 < layers.upperBound {
                weights.source.prefetch(blueprint.layers[layer + 1].tensors.map(\.name))
            }
            for wave in waves {
                try observer.checkpoint()
                try blueprint.layers[layer].run(
                    stream.rows(wave.tokens), layout: wave.layout, context: context)
                done += wave.tokens.count
                observer.progress(
                    done: done, total: total, unit: "layer tokens",
                    detail: "layer \(layer + 1) of \(blueprint.layers.count)")
            }
            weights.source.release(names)
            try afterLayer(layer, stream)
        }
    }

    /// Embeddings of all tokens, [tokens, hidden].
    package func embed(_ batch: PackedSequences) throws -> MatrixView {
        try embed(batch.tokens)
    }

    package func embed(_ tokens: [Int32]) throws -> MatrixView {
        let table = try weights.source.weight(blueprint.embedding)
        let stream = try space.matrix(rows: tokens.count, columns: blueprint.hiddenWidth)
        for (row, token) in tokens.enumerated() {
            guard token >= 0, Int(token) < blueprint.vocabularySize else {
                throw ModelError.tokenOutsideVocabulary(
                    token: Int(token), vocabularySize: blueprint.vocabularySize)
            }
            table.convert(rows: Int(token)..<Int(token) + 1, to: stream.rows(row..<row + 1))
        }
        if blueprint.embeddingScale == .squareRootOfHidden {
            let scale = Float(blueprint.hiddenWidth).squareRoot()
            RowKernels.scale(stream, by: Conversion.rounded(scale, to: table.format))
        }
        return stream
    }

    /// The stream after the final norm, [tokens, hidden]; a new matrix.
    package func finalNorm(_ stream: MatrixView) throws -> MatrixView {
        let result = MatrixView(rows: stream.rows, columns: stream.columns)
        RowKernels.rmsNorm(
            stream, gain: try weights.vector(blueprint.finalNorm.tensor),
            gainOffset: blueprint.finalNorm.gainOffset, epsilon: blueprint.finalNorm.epsilon,
            into: result)
        return result
    }

    /// A wave of whole sequences with its attention layout.
    package struct Wave {
        package let tokens: Range<Int>
        package let layout: WaveLayout

        package init(tokens: Range<Int>, layout: WaveLayout) {
            self.tokens = tokens
            self.layout = layout
        }

        package init(_ sequences: Range<Int>, _ batch: PackedSequences, _ blueprint: ModelBlueprint)
            throws
        {
            let ranges = batch.ranges[sequences]
            let start = ranges.first?.lowerBound ?? 0
            tokens = start..<(ranges.last?.upperBound ?? start)
            let local = ranges.map { $0.lowerBound - start..<$0.upperBound - start }
            layout = WaveLayout(sequences: local, rotary: blueprint.rotary)
        }
    }
}

extension ModelBlueprint {
    /// The rotation all attention layers share; nil where the model has none.
    package var rotary: RotaryBlueprint? {
        for layer in layers {
            if case .attention(let attention) = layer.mixer, let rotary = attention.rotary {
                return rotary
            }
        }
        return nil
    }
}

extension WaveLayout {
    /// Tables for sequences of different lengths: scalings that depend on the length (dynamic,
    /// longrope) get rows of their own per length class, the others share one table.
    init(sequences: [Range<Int>], rotary: RotaryBlueprint?) {
        self.sequences = sequences
        guard let rotary else {
            positions = []
            cosine = MatrixView(rows: 0, columns: 0)
            sine = MatrixView(rows: 0, columns: 0)
            return
        }
        var lengths: [[Double]: Int] = [:]
        for sequence in sequences {
            lengths[rotary.inverseFrequencies(length: sequence.count), default: 0] =
                max(
                    lengths[rotary.inverseFrequencies(length: sequence.count), default: 0],
                    sequence.count)
        }
        // Order of first appearance, so that nothing depends on the dictionary's order.
        var offsets: [[Double]: Int] = [:]
        var pieces: [(cosine: MatrixView, sine: MatrixView)] = []
        var rows = 0
        var positions: [Int32] = []
        for sequence in sequences {
            let key = rotary.inverseFrequencies(length: sequence.count)
            if offsets[key] == nil {
                offsets[key] = rows
                let longest = lengths[key, default: sequence.count]
                pieces.append(rotary.tables(frequencies: key, positions: 0..<longest))
                rows += longest
            }
            let offset = offsets[key, default: 0]
            positions += (0..<sequence.count).map { Int32(offset + $0) }
        }
        self.positions = positions
        cosine = MatrixView(stacking: pieces.map(\.cosine), columns: rotary.width / 2)
        sine = MatrixView(stacking: pieces.map(\.sine), columns: rotary.width / 2)
    }
}
