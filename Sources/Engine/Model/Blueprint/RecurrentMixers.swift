// Mixers that carry a state from token to token: shapes and tensor names.

package import TensorMath

/// A filter over the last tokens, for each channel.
package struct ConvolutionBlueprint: Sendable, Equatable {
    /// [channels, 1, width].
    package var weight: String
    /// [channels].
    package var bias: String?
    package var channels: Int
    package var width: Int
}

/// LFM2: output(C * convolution(B * x)), with B, C and x from `input`.
package struct ShortConvolutionBlueprint: Sendable, Equatable {
    /// Rows of B, of C, then of x; each as wide as the convolution.
    package var input: ProjectionBlueprint
    package var convolution: ConvolutionBlueprint
    package var output: ProjectionBlueprint
}

/// Mamba-2: of each head a matrix that decays and is fed; `norm` is over y * silu(z).
package struct Mamba2Blueprint: Sendable, Equatable {
    package var heads: Int
    package var headWidth: Int
    /// Heads in a row share B and C of a group.
    package var groups: Int
    package var stateWidth: Int
    /// Rows of z [heads * headWidth], of what is convolved (x as wide, B and C
    /// [groups * stateWidth] each), and of the step of each head.
    package var input: ProjectionBlueprint
    package var convolution: ConvolutionBlueprint
    /// [heads], as `decayLog` and `skip`.
    package var stepBias: String
    package var decayLog: String
    package var skip: String
    /// What steps are held between, behind the softplus.
    package var stepLimits: ClosedRange<Float>
    package var norm: NormBlueprint
    package var output: ProjectionBlueprint

    var innerWidth: Int { heads * headWidth }
}

/// Gated DeltaNet (Qwen3-Next): of each value head a matrix that decays, forgets what a key stands
/// for and learns it anew; output(norm(o) * silu(z)).
package struct DeltaNetBlueprint: Sendable, Equatable {
    package var keyHeads: Int
    /// In a row they share a key head.
    package var valueHeads: Int
    package var keyWidth: Int
    package var valueWidth: Int
    /// Queries, keys and values behind one another, of one tensor or more: what is convolved.
    package var mixed: [ProjectionBlueprint]
    /// z.
    package var gate: ProjectionBlueprint
    /// [valueHeads, hidden] each.
    package var strength: ProjectionBlueprint
    package var decay: ProjectionBlueprint
    package var convolution: ConvolutionBlueprint
    /// [valueHeads], as `decayLog`.
    package var decayBias: String
    package var decayLog: String
    /// Of each value head.
    package var norm: NormBlueprint
    package var output: ProjectionBlueprint

    var keysWidth: Int { keyHeads * keyWidth }
    var innerWidth: Int { valueHeads * valueWidth }
}

extension MixerBlueprint {
    /// What it keeps of a sequence; nil where that is keys and values.
    package var state: ScanShape? {
        switch self {
        case .mamba(let mamba):
            ScanShape(
                channels: mamba.innerWidth, filterWidth: mamba.convolutionWidth,
                rows: mamba.innerWidth, columns: mamba.stateWidth)
        case .shortConvolution(let short): ScanShape(short.convolution)
        case .mamba2(let mamba):
            ScanShape(mamba.convolution, rows: mamba.innerWidth, columns: mamba.stateWidth)
        case .deltaNet(let net):
            ScanShape(
                net.convolution, rows: net.valueHeads * net.keyWidth, columns: net.valueWidth)
        default: nil
        }
    }

    /// Whether a text cannot go on from another's keys and values.
    package var isRecurrent: Bool { state != nil }

    /// The matrices of a recurrent mixer, in the order in which they are read.
    package var recurrentProjections: [ProjectionBlueprint] {
        switch self {
        case .mamba(let mamba): [mamba.input, mamba.parameters, mamba.timeStep, mamba.output]
        case .shortConvolution(let short): [short.input, short.output]
        case .mamba2(let mamba): [mamba.input, mamba.output]
        case .deltaNet(let net): net.mixed + [net.gate, net.strength, net.decay, net.output]
        default: []
        }
    }

    /// Multiplications and additions of a recurrence for each token, beside the projections.
    var recurrentOperations: Double {
        guard let state else { return 0 }
        // A step decays and feeds every state, and reads it; the delta rule reads it twice.
        let each = if case .deltaNet = self { 10.0 } else { 8.0 }
        return each * Double(state.rows * state.columns)
    }

    /// Floats per token that are alive at once inside a recurrent mixer, at the most.
    var recurrentScratch: Int {
        switch self {
        case .mamba(let mamba):
            4 * mamba.innerWidth + mamba.timeStepRank + 2 * mamba.stateWidth
        case .shortConvolution(let short): 4 * short.convolution.channels
        case .mamba2(let mamba): mamba.input.rows.count + mamba.convolution.channels
        case .deltaNet(let net):
            2 * net.convolution.channels + net.innerWidth + 2 * net.valueHeads
        default: 0
        }
    }
}

extension ScanShape {
    fileprivate init(_ convolution: ConvolutionBlueprint, rows: Int = 0, columns: Int = 0) {
        self.init(
            channels: convolution.channels, filterWidth: convolution.width, rows: rows,
            columns: columns)
    }
}
