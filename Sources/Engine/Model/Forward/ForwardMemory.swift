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
                    + (attention.outputGate?.rows.count ?? 0)
            case .latent(let latent):
                // Queries and heads; keys and values, and both as they are expanded.
                latent.heads * (3 * latent.headWidth + 3 * latent.valueWidth)
                    + 2 * latent.latent.rows.count + (latent.queryLatent?.norm.width ?? 0)
            case .mamba, .shortConvolution, .mamba2, .deltaNet: mixer.recurrentScratch
            case .absent: 0
            }
        let forwardWidth =
            switch feedForward {
            case .mlp(let mlp): 2 * mlp.neuronCount
            case .experts(let experts):
                2 * hidden + 2 * (perceptrons.map(\.neuronCount).max() ?? 0)
                    + (experts.sharedGate == nil ? 0 : hidden)
            case .absent: 0
            }
        // Branches behind norms, or scaled, lie beside the stream before they are added.
        let apart = postMixerNorm != nil || postFeedForwardNorm != nil || residualScale != 1
        return (apart || isParallel ? 3 : 2) * hidden + max(mixerWidth, forwardWidth)
    }
}
