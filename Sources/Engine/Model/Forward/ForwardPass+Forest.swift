// The layer-major forward pass over a forest of texts: a segment's tokens attend to those of the
// segments before it in its texts, whose keys and values are kept while their layer runs.

package import TensorMath

extension ForwardPass {
    /// Whether a text may go on from another's keys and values. The recurrent state of Mamba
    /// layers is not kept at branches, so their models compute every text in full.
    package var sharesBeginnings: Bool {
        blueprint.layers.allSatisfy { layer in
            if case .mamba = layer.mixer { false } else { true }
        }
    }

    /// Widest keys of any layer, in floats.
    package var keyWidthMax: Int {
        blueprint.layers.map { layer in
            if case .attention(let attention) = layer.mixer {
                attention.keyValueHeads * attention.headWidth
            } else {
                0
            }
        }.max() ?? 0
    }

    /// The residual stream of all tokens of a forest after the last layer, before the final norm.
    ///
    /// - Parameter frequencies: of the rotation, one set for all texts (see
    ///   `RotaryBlueprint.inverseFrequencies`); nil where the model rotates nothing.
    package func run(
        _ forest: TextForest, frequencies: [Double]?, observer: some WorkObserver
    ) throws -> MatrixView {
        let stream = try embed(forest.tokens)
        try run(
            layers: 0..<blueprint.layers.count, stream: stream,
            waves: waves(forest, frequencies), observer: observer)
        return stream
    }

    /// Runs of whole segments of at most `waveTokens` tokens together.
    func waves(_ forest: TextForest, _ frequencies: [Double]?) -> [Wave] {
        let keys = MatrixView(rows: forest.tokens.count, columns: keyWidthMax)
        let values = MatrixView(rows: forest.tokens.count, columns: keyWidthMax)
        let longest = forest.segments.map { $0.position + $0.rows.count }.max() ?? 0
        let none = MatrixView(rows: 0, columns: 0)
        let tables: (cosine: MatrixView, sine: MatrixView)
        if let rotary = blueprint.rotary, let frequencies {
            tables = rotary.tables(frequencies: frequencies, positions: 0..<longest)
        } else {
            tables = (none, none)
        }
        var waves: [Wave] = []
        var start = 0
        while start < forest.segments.count {
            let first = forest.segments[start].rows.lowerBound
            var end = start + 1
            while end < forest.segments.count,
                forest.segments[end].rows.upperBound - first <= waveTokens
            {
                end += 1
            }
            let members = forest.segments[start..<end]
            let rows = first..<forest.segments[end - 1].rows.upperBound
            let spans = (start..<end).map { index in
                AttentionSpan(
                    queries: local(forest.segments[index].rows, first),
                    keys: forest.chain(to: index).map { forest.segments[$0].rows })
            }
            let layout = WaveLayout(
                sequences: members.map { local($0.rows, first) },
                positions: members.flatMap { segment in
                    segment.rows.indices.map {
                        Int32(segment.position + $0 - segment.rows.lowerBound)
                    }
                }, cosine: tables.cosine, sine: tables.sine,
                kept: KeptKeys(
                    keys: keys, values: values, runs: members.map(\.rows), spans: spans))
            waves.append(Wave(tokens: rows, layout: layout))
            start = end
        }
        return waves
    }

    private func local(_ rows: Range<Int>, _ first: Int) -> Range<Int> {
        rows.lowerBound - first..<rows.upperBound - first
    }
}
