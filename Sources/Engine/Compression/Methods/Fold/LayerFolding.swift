// The three least squares of a fold: output projections of a layer that stays as it is, neurons
// of a stretch of MLPs, key-value groups of a stretch of attentions.

import Model
import TensorMath

/// Fits o_proj or down_proj of a layer, given the rest of it, to the target.
struct OutputRefit {
    /// The branch whose output projection is fitted.
    enum Part { case attention, feedForward }

    let part: Part
    let layer: FoldableLayer
    let settings: FoldSettings

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        let (attention, gated) = (layer.attention, layer.gated)
        let context = task.context
        let output = part == .attention ? attention.output : gated.down
        let norm = part == .attention ? layer.inputNorm : layer.feedForwardNorm
        var sums = try task.accumulate(
            features: output.inputs, bias: try context.weights.bias(output),
            ridge: settings.ridge, operations: task.work.refitSums(part)
        ) { wave, stream in
            let normal = context.scratch.matrix(
                rows: stream.rows, columns: stream.columns)
            try context.normalise(stream, norm, into: normal)
            return part == .attention
                ? try attention.heads(normal, layout: wave.layout, context: context)
                : try gated.neurons(normal, context: context)
        }
        let start = try context.weights.projection(output).floats().transposedDoubles
        let lambda = settings.ridge.share(of: sums, start: start)
        let (gram, cross) = sums.take()
        let fitted = try LeastSquares.ridge(
            gram: gram, cross: cross, start: start, lambda: lambda)
        try PatchBuilder(context, layer.layer).set(
            output, MatrixView(fitted.transposed), in: &patch)
        try task.tell("", task.work.refitSolution(part))
    }
}

/// Concatenates the MLPs of a stretch and selects as many neurons as one layer has.
struct NeuronFolding {
    let layers: [FoldableLayer]
    let base: FoldableLayer
    let settings: FoldSettings

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        let context = task.context
        let parts = layers.map(\.gated)
        let own = base.gated
        let count = own.down.inputs
        let bias = try PatchBuilder.biasSum(parts.map(\.down), context)
        var sums = try task.accumulate(
            features: count * parts.count, bias: bias, ridge: settings.ridge,
            operations: task.work.neuronSums
        ) { _, stream in
            let all = context.scratch.matrix(
                rows: stream.rows, columns: count * parts.count)
            let normal = context.scratch.matrix(
                rows: stream.rows, columns: stream.columns)
            for (index, part) in parts.enumerated() {
                try context.normalise(stream, layers[index].feedForwardNorm, into: normal)
                all.columns(index * count..<(index + 1) * count).assign(
                    try part.neurons(normal, context: context))
            }
            return all
        }
        let start = try PatchBuilder.stacked(parts.map(\.down), context)
        let lambda = settings.ridge.share(of: sums, start: start)
        let (gram, cross) = sums.take()
        let selection = try LeastSquares.select(
            gram: gram, cross: cross, start: start, lambda: lambda,
            groupSize: 1, keeping: count,
            block: settings.block(of: count * parts.count),
            onRemoval: task.removals(of: "neurons", task.work.neuronSelection))
        let builder = PatchBuilder(context, base.layer)
        for reader in own.readers.indices {
            try builder.gather(
                parts.map { $0.readers[reader] }, norms: layers.map(\.feedForwardNorm),
                groups: selection.groups, rowsPerGroup: 1, into: own.readers[reader], &patch)
        }
        try builder.set(own.down, MatrixView(selection.weights.transposed), in: &patch)
        try builder.setBias(own.down, bias, in: &patch)
        builder.neutralise(base.feedForwardNorm, in: &patch)
    }
}

/// Concatenates the attentions of a stretch and selects as many key-value groups as one layer has.
struct GroupFolding {
    let layers: [FoldableLayer]
    let base: FoldableLayer
    let settings: FoldSettings

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        let context = task.context
        let parts = layers.map(\.attention)
        let own = base.attention
        let count = own.output.inputs
        let bias = try PatchBuilder.biasSum(parts.map(\.output), context)
        var sums = try task.accumulate(
            features: count * parts.count, bias: bias, ridge: settings.ridge,
            operations: task.work.groupSums
        ) { wave, stream in
            let all = context.scratch.matrix(
                rows: stream.rows, columns: count * parts.count)
            let normal = context.scratch.matrix(
                rows: stream.rows, columns: stream.columns)
            for (index, part) in parts.enumerated() {
                try context.normalise(stream, layers[index].inputNorm, into: normal)
                all.columns(index * count..<(index + 1) * count).assign(
                    try part.heads(normal, layout: wave.layout, context: context))
            }
            return all
        }
        let queries = own.heads / own.keyValueHeads
        let start = try PatchBuilder.stacked(parts.map(\.output), context)
        let lambda = settings.ridge.share(of: sums, start: start)
        let (gram, cross) = sums.take()
        let selection = try LeastSquares.select(
            gram: gram, cross: cross, start: start, lambda: lambda,
            groupSize: queries * own.headWidth,
            keeping: own.keyValueHeads, block: 1,
            onRemoval: task.removals(of: "groups", task.work.groupSelection))
        let builder = PatchBuilder(context, base.layer)
        for (projection, heads) in [
            (\AttentionBlueprint.query, queries), (\.key, 1), (\.value, 1),
        ] {
            try builder.gather(
                parts.map { $0[keyPath: projection] }, norms: layers.map(\.inputNorm),
                groups: selection.groups, rowsPerGroup: heads * own.headWidth,
                into: own[keyPath: projection], &patch)
        }
        try builder.set(own.output, MatrixView(selection.weights.transposed), in: &patch)
        try builder.setBias(own.output, bias, in: &patch)
        builder.neutralise(base.inputNorm, in: &patch)
    }
}
