// Where the tokens of a wave lie, and what they read of tokens that went through the layer before.

package import TensorMath

/// A run of tokens of one text in a wave.
package struct TextRun: Sendable {
    /// Rows of the wave.
    package var rows: Range<Int>
    /// Place of the first token in its text.
    package var position = 0
    /// Tokens of the text by which scalings that depend on the length go.
    package var length: Int

    package init(rows: Range<Int>, position: Int = 0, length: Int) {
        self.rows = rows
        self.position = position
        self.length = length
    }
}

/// Where the tokens of a wave lie and how each is rotated.
package struct WaveLayout {
    /// Ranges of the sequences inside the wave, from 0.
    package let sequences: [Range<Int>]
    /// Place of each token in its text.
    package let places: [Int32]
    /// One for each rotation of the model.
    private let rotations: [(rotary: RotaryBlueprint, rows: Rotation)]
    /// Keys and values of earlier tokens, which later ones read; nil: none are kept.
    var kept: KeptKeys?
    /// What recurrent mixers keep of each sequence; nil: all begin with the wave.
    var states: [ScanState]?

    /// - Parameters:
    ///   - runs: that follow one another and fill the wave.
    ///   - rotaries: of the model's layers.
    package init(_ runs: [TextRun], rotaries: [RotaryBlueprint]) {
        sequences = runs.map(\.rows)
        places = runs.flatMap { run in run.rows.indices.map { Int32(run.place(of: $0)) } }
        rotations = rotaries.map { ($0, Rotation($0, runs)) }
    }

    /// - Parameter rotary: of a layer of the model.
    package func rotation(_ rotary: RotaryBlueprint) -> Rotation {
        guard let found = rotations.first(where: { $0.rotary == rotary }) else {
            preconditionFailure("the layout was made for another model")
        }
        return found.rows
    }

    /// Where queries find their keys: those of each sequence, or of each token that is asked for.
    func spans(_ asked: [Int]?) -> [AttentionSpan] {
        let spans = kept?.spans ?? sequences.map { AttentionSpan(queries: $0, keys: [$0]) }
        guard let asked else { return spans }
        return asked.enumerated().compactMap { row, token in
            spans.first { $0.queries.contains(token) }?.alone(token, at: row)
        }
    }
}

extension TextRun {
    fileprivate func place(of row: Int) -> Int { position + row - rows.lowerBound }
}

/// What the tokens of a wave are rotated by.
package struct Rotation {
    /// Row of the tables for each token.
    private let positions: [Int32]
    /// [rows, rotated features / 2].
    private let cosine: MatrixView
    private let sine: MatrixView
    private let pairing: RotaryPairing

    /// Texts whose length gives them frequencies of their own (dynamic, longrope) have tables of
    /// their own.
    fileprivate init(_ rotary: RotaryBlueprint, _ runs: [TextRun]) {
        var positions = [Int32](repeating: 0, count: runs.last?.rows.upperBound ?? 0)
        var pieces: [(cosine: MatrixView, sine: MatrixView)] = []
        var height = 0
        // Order of first appearance, so that nothing depends on a dictionary's order.
        var classes: [(frequencies: [Double], runs: [TextRun])] = []
        for run in runs {
            let frequencies = rotary.inverseFrequencies(length: run.length)
            if let known = classes.firstIndex(where: { $0.frequencies == frequencies }) {
                classes[known].runs.append(run)
            } else {
                classes.append((frequencies, [run]))
            }
        }
        func take(_ runs: [TextRun], _ range: Range<Int>, _ frequencies: [Double]) {
            pieces.append(rotary.tables(frequencies: frequencies, positions: range))
            for run in runs {
                for row in run.rows {
                    positions[row] = Int32(height + run.place(of: row) - range.lowerBound)
                }
            }
            height += range.count
        }
        for (frequencies, runs) in classes {
            let first = runs.map(\.position).min() ?? 0
            let end = runs.map { $0.position + $0.rows.count }.max() ?? first
            let apart = runs.reduce(0) { $0 + $1.rows.count }
            if end - first <= apart {
                take(runs, first..<end, frequencies)
            } else {
                for run in runs {
                    take([run], run.position..<run.position + run.rows.count, frequencies)
                }
            }
        }
        self.positions = positions
        pairing = rotary.pairing
        cosine = MatrixView(stacking: pieces.map(\.cosine), columns: rotary.width / 2)
        sine = MatrixView(stacking: pieces.map(\.sine), columns: rotary.width / 2)
    }

    /// Rotates heads in place.
    ///
    /// - Parameters:
    ///   - x: [tokens, heads * headWidth], or a row for each token asked for.
    ///   - start: features of a head before those that rotate.
    ///   - back: by the opposite angles: the transposed rotation.
    package func turn(
        _ x: MatrixView, headWidth: Int, from start: Int = 0, asked: [Int]? = nil,
        back: Bool = false
    ) {
        var sine = sine
        if back {
            sine = MatrixView(rows: sine.rows, columns: sine.columns)
            sine.subtract(self.sine)
        }
        RowKernels.rotate(
            x, headWidth: headWidth, from: start, pairs: pairing == .neighbours,
            positions: asked.map { $0.map { positions[$0] } } ?? positions, cosine: cosine,
            sine: sine)
    }
}

/// Keys and values of one layer that outlive a wave: of a forest of texts, or of sequences that
/// are being decoded.
struct KeptKeys {
    /// [rows, widest keys of any layer]; rows of all texts.
    var keys: MatrixView
    /// As `keys`.
    var values: MatrixView
    /// Where the wave's own go: a run of rows for each of its sequences.
    let runs: [Range<Int>]
    /// Queries counted from the wave's first row, keys from the first row of all.
    let spans: [AttentionSpan]

    /// Of a layer whose keys and values are as wide.
    func narrowed(keys keyWidth: Int, values valueWidth: Int) -> KeptKeys {
        var result = self
        result.keys = keys.columns(0..<keyWidth)
        result.values = values.columns(0..<valueWidth)
        return result
    }

    /// The rows of the whole wave, where its runs follow one another: products write there.
    private var rows: Range<Int>? {
        guard let first = runs.first, let last = runs.last,
            zip(runs, runs.dropFirst()).allSatisfy({ $0.upperBound == $1.lowerBound })
        else { return nil }
        return first.lowerBound..<last.upperBound
    }

    /// Where the wave's keys or values can be made; nil where they lie apart.
    func place(in matrix: KeyPath<KeptKeys, MatrixView>) -> MatrixView? {
        rows.map { self[keyPath: matrix].rows($0) }
    }

    /// Brings a wave's keys and values to their rows, where they were not made there.
    func take(_ newKeys: MatrixView, _ newValues: MatrixView, of sequences: [Range<Int>]) {
        guard rows == nil else { return }
        for (sequence, run) in zip(sequences, runs) {
            keys.rows(run).assign(newKeys.rows(sequence))
            values.rows(run).assign(newValues.rows(sequence))
        }
    }
}
