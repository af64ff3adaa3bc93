// Where the tokens of a wave lie, and what they read of tokens that went through the layer before.

package import TensorMath

/// Where the tokens of a wave lie and which rotary table row each uses.
package struct WaveLayout {
    /// Ranges of the sequences inside the wave, from 0.
    package let sequences: [Range<Int>]
    /// Row of the rotary tables for each token of the wave.
    package let positions: [Int32]
    /// Rotary tables, [rows, rotated features / 2].
    package let cosine: MatrixView
    package let sine: MatrixView
    /// Keys and values of earlier tokens, which later ones read; nil: none are kept.
    var kept: KeptKeys?
    /// What recurrent mixers keep of each sequence; nil: all begin with the wave.
    var states: [ScanState]?
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

    /// Of a layer whose keys are `width` wide.
    func narrowed(to width: Int) -> KeptKeys {
        var result = self
        result.keys = keys.columns(0..<width)
        result.values = values.columns(0..<width)
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
