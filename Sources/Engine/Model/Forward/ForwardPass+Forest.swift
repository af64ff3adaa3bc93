// The layer-major forward pass over a forest of texts: a segment's tokens attend to those of the
// segments before it in its texts, whose keys and values are kept while their layer runs.

package import TensorMath

extension ForwardPass {
    /// Whether a text may go on from another's keys and values. The state of recurrent layers is
    /// not kept at branches, so their models compute every text in full.
    package var sharesBeginnings: Bool { !blueprint.layers.contains { $0.mixer.isRecurrent } }

    /// Widest keys or values of any layer, in floats.
    package var keyWidthMax: Int {
        blueprint.layers.compactMap(\.mixer.kept).map { max($0.keys, $0.values) }.max() ?? 0
    }

    /// The residual stream of all tokens of a forest after the last layer, before the final norm.
    ///
    /// - Parameter length: of the texts, where their rotation depends on it: one for all.
    package func run(
        _ forest: TextForest, length: Int, observer: some WorkObserver
    ) throws -> MatrixView {
        let stream = try embed(forest)
        try run(
            layers: 0..<blueprint.layers.count, stream: stream,
            waves: waves(forest, length: length), observer: observer)
        return stream
    }

    /// Runs of whole segments of at most `waveTokens` tokens together.
    func waves(_ forest: TextForest, length: Int) -> [Wave] {
        let keys = MatrixView(rows: forest.tokens.count, columns: keyWidthMax)
        let values = MatrixView(rows: forest.tokens.count, columns: keyWidthMax)
        let rotaries = blueprint.rotaries
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
            var layout = WaveLayout(
                members.map {
                    TextRun(rows: local($0.rows, first), position: $0.position, length: length)
                }, rotaries: rotaries)
            layout.kept = KeptKeys(
                keys: keys, values: values, runs: members.map(\.rows), spans: spans)
            waves.append(Wave(tokens: rows, layout: layout))
            start = end
        }
        return waves
    }

    func embed(_ forest: TextForest) throws -> MatrixView {
        try embed(
            forest.tokens,
            places: forest.segments.flatMap { $0.position..<$0.position + $0.rows.count })
    }

    private func local(_ rows: Range<Int>, _ first: Int) -> Range<Int> {
        rows.lowerBound - first..<rows.upperBound - first
    }
}
