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
            weights.release(blueprint.layers[layer])
            try afterLayer(layer, stream)
        }
    }

    /// Embeddings of all tokens, [tokens, hidden].
    package func embed(_ batch: PackedSequences) throws -> MatrixView {
        try embed(batch.tokens, places: batch.ranges.flatMap { 0..<$0.count })
    }

    /// - Parameter places: of the tokens in their texts.
    package func embed(_ tokens: [Int32], places: [Int]) throws -> MatrixView {
        let table = try weights.source.weight(blueprint.embedding)
        let stream = try space.matrix(rows: tokens.count, columns: blueprint.hiddenWidth)
        for (row, token) in tokens.enumerated() {
            guard token >= 0, Int(token) < blueprint.vocabularySize else {
                throw ModelError.tokenOutsideVocabulary(
                    token: Int(token), vocabularySize: blueprint.vocabularySize)
            }
            table.convert(rows: Int(token)..<Int(token) + 1, to: stream.rows(row..<row + 1))
        }
        switch blueprint.embeddingScale {
        case .squareRootOfHidden:
            let scale = Float(blueprint.hiddenWidth).squareRoot()
            RowKernels.scale(stream, by: Conversion.rounded(scale, to: table.format))
        case .factor(let factor): RowKernels.scale(stream, by: factor)
        case nil: break
        }
        if let positions = blueprint.positions { try add(positions, places, to: stream) }
        return stream
    }

    private func add(
        _ positions: PositionTable, _ places: [Int], to stream: MatrixView
    ) throws {
        let table = try weights.source.weight(positions.tensor)
        let row = MatrixView(rows: 1, columns: stream.columns)
        for (index, place) in places.enumerated() {
            let position = place + positions.offset
            guard position < positions.rows else {
                throw ModelError.beyondPositions(
                    position: place, length: positions.rows - positions.offset)
            }
            table.convert(rows: position..<position + 1, to: row)
            RowKernels.add(stream.rows(index..<index + 1), row)
        }
    }

    /// The stream after the final norm, [tokens, hidden]; a new matrix.
    package func finalNorm(_ stream: MatrixView) throws -> MatrixView {
        let result = MatrixView(rows: stream.rows, columns: stream.columns)
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: weights)
        try context.normalise(stream, blueprint.finalNorm, into: result)
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
            layout = WaveLayout(
                ranges.map {
                    TextRun(
                        rows: $0.lowerBound - start..<$0.upperBound - start, length: $0.count)
                }, rotaries: blueprint.rotaries)
        }
    }
}

extension ModelBlueprint {
    /// The rotations of the model's attention layers, each once.
    package var rotaries: [RotaryBlueprint] {
        layers.reduce(into: []) { found, layer in
            guard let rotary = layer.mixer.rotary, !found.contains(rotary) else { return }
            found.append(rotary)
        }
    }
}
