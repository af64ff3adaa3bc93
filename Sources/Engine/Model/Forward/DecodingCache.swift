// What decoding keeps of the tokens that a model has seen: keys and values of attention layers,
// states of recurrent ones, for several sequences side by side.

import TensorMath

/// Sequences that grow token by token, each in a slot of `length` tokens. For one thread of
/// control.
package final class DecodingCache {
    /// Tokens a slot holds at the most.
    package let length: Int
    /// The tokens that each slot holds.
    private(set) var tokens: [[Int32]]
    private let layers: [Layer]

    private enum Layer {
        /// [slots * length, _] each.
        case attention(keys: MatrixView, values: MatrixView)
        /// A state for each slot.
        case recurrent([ScanState])
        case nothing
    }

    package init(_ blueprint: ModelBlueprint, slots: Int, length: Int) {
        self.length = length
        tokens = [[Int32]](repeating: [], count: slots)
        layers = blueprint.layers.map { layer in
            switch layer.mixer {
            case .attention, .latent:
                let (keys, values) = layer.mixer.kept ?? (0, 0)
                return .attention(
                    keys: MatrixView(rows: slots * length, columns: keys),
                    values: MatrixView(rows: slots * length, columns: values))
            case .mamba, .shortConvolution, .mamba2, .deltaNet:
                return .recurrent(
                    (0..<slots).compactMap { _ in layer.mixer.state.map { ScanState($0) } })
            case .absent: return .nothing
            }
        }
    }

    /// Bytes of one slot.
    package static func byteCount(_ blueprint: ModelBlueprint, length: Int) -> Int {
        blueprint.layers.reduce(0) { sum, layer in
            switch layer.mixer {
            case .attention, .latent:
                sum + 4 * length * (layer.mixer.kept.map { $0.keys + $0.values } ?? 0)
            case .mamba, .shortConvolution, .mamba2, .deltaNet:
                sum + 4 * (layer.mixer.state?.floatCount ?? 0)
            case .absent: sum
            }
        }
    }

    /// Makes room for another sequence.
    package func clear(_ slot: Int) {
        tokens[slot] = []
        for case .recurrent(let states) in layers { states[slot].clear() }
    }

    /// Rows for more tokens of a slot.
    func add(_ more: ArraySlice<Int32>, to slot: Int) -> Range<Int> {
        precondition(tokens[slot].count + more.count <= length, "the slot is full")
        let start = slot * length + tokens[slot].count
        tokens[slot] += more
        return start..<start + more.count
    }

    /// The layout of a wave whose sequences are these runs of the cache, in one layer.
    func layout(_ wave: WaveLayout, _ runs: [Run], layer: Int) -> WaveLayout {
        var layout = wave
        switch layers[layer] {
        case .attention(let keys, let values):
            layout.kept = KeptKeys(
                keys: keys, values: values, runs: runs.map(\.rows),
                spans: zip(wave.sequences, runs).map { sequence, run in
                    AttentionSpan(
                        queries: sequence, keys: [run.slot * length..<run.rows.upperBound])
                })
        case .recurrent(let states): layout.states = runs.map { states[$0.slot] }
        case .nothing: break
        }
        return layout
    }

    /// New tokens of a slot.
    struct Run {
        let slot: Int
        let rows: Range<Int>
    }
}
