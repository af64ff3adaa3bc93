// What the original computes inside a stretch of layers, wave by wave: recomputed when it is asked
// for, because keeping it would take two residual streams a layer.

import Model
import TensorMath

/// A stretch of the original on a stream [tokens, hidden].
struct OriginalStretch {
    let layers: [FoldableLayer]
    /// The original stream before the stretch.
    let start: MatrixView
    let context: BlockContext

    /// The residual stream of a wave before and after each part: index 2j is what the attention of
    /// layer j gets, 2j + 1 what its MLP gets, the last what leaves the stretch.
    ///
    /// - Parameter leaving: false: the last is what the MLP of the last layer gets.
    func states(of wave: ForwardPass.Wave, leaving: Bool = true) throws -> [MatrixView] {
        let scratch = context.scratch
        var states = [scratch.copy(start.rows(wave.tokens))]
        for (index, layer) in layers.enumerated() {
            if index + 1 < layers.count {
                context.weights.source.prefetch(layers[index + 1].tensors.map(\.name))
            }
            let stream = scratch.copy(states[2 * index])
            let isLast = !leaving && index + 1 == layers.count
            if layer.isParallel {
                // Both parts get the same; nothing is fitted between them.
                states.append(states[2 * index])
                if isLast { break }
                try layer.layer.run(stream, layout: wave.layout, context: context)
            } else {
                try layer.layer.runMixer(
                    context.normalised(stream, layer.inputNorm), stream: stream,
                    layout: wave.layout, context: context)
                states.append(scratch.copy(stream))
                if isLast { break }
                try layer.layer.runFeedForward(
                    context.normalised(stream, layer.feedForwardNorm), stream: stream,
                    context: context)
            }
            states.append(stream)
        }
        return states
    }
}

extension MatrixView {
    func copy() -> MatrixView {
        let result = MatrixView(rows: rows, columns: columns)
        result.assign(self)
        return result
    }
}
