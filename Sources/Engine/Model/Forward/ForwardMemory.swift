// What a forward pass holds, planned before it starts.

package import TensorMath

/// Bytes a forward pass holds at its peak, planned before it starts.
package struct ForwardMemory: Sendable, Equatable {
    /// Residual stream of all tokens, where it lies in memory.
    package var stream: Int
    /// The rows of one boundary while they are handed over: as they were taken, and in the two
    /// copies that make a file of them. Those of other boundaries are on their way no more.
    var captured: Int
    /// Intermediate matrices of one wave, widened weights and attention tiles.
    package var scratch: Int

    package var total: Int { stream + captured + scratch }

    /// What the allocator keeps of memory that was freed: one job in some held 1 MiB more than
    /// was planned without it, and on another processor than before as much more than with 16 MiB.
    private static let allocatorBytes = 20 << 20

    package init(
        blueprint: ModelBlueprint, batch: PackedSequences, capturedRows: Int, waveTokens: Int,
        mode: ComputeMode, space: StreamSpace = .memory
    ) {
        let hidden = blueprint.hiddenWidth
        let longestWave =
            batch.waves(limit: waveTokens).map {
                batch.ranges[$0.upperBound - 1].upperBound - batch.ranges[$0.lowerBound].lowerBound
            }.max() ?? 0
        stream = space.memoryBytes(4 * batch.tokens.count * hidden)
        captured = 3 * 4 * capturedRows * hidden
        let widest = blueprint.layers.map { $0.scratchWidth(hidden: hidden) }.max() ?? 0
        // bf16 products keep a rounded copy of their input, f32 ones a widened block of weights.
        let inputCopy = mode == .bfloat16 ? 2 * longestWave * widest / 2 : 8 << 20
        scratch =
            4 * longestWave * widest + inputCopy
            + 4 * CausalAttention.scratchFloats(length: batch.longest) + Self.allocatorBytes
    }
}

extension LayerBlueprint {
    /// Floats per token that are alive at once inside the layer, at the most.
    fileprivate func scratchWidth(hidden: Int) -> Int {
        let mixerWidth =
            switch mixer {
            case .attention(let attention):
                2 * attention.heads * attention.headWidth
                    + 2 * attention.keyValueHeads * attention.headWidth
            case .mamba(let mamba):
                4 * mamba.innerWidth + mamba.timeStepRank + 2 * mamba.stateWidth
            }
        let forwardWidth =
            switch feedForward {
            case .gated(let gated): 2 * gated.gate.rows.count
            case .experts(let experts):
                2 * hidden + 2 * (experts.experts.map(\.gate.rows.count).max() ?? 0)
            }
        return 2 * hidden + max(mixerWidth, forwardWidth)
    }
}
