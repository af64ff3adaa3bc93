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
        let context = task.context
        guard
            let output = part == .attention ? layer.attention?.output : layer.mlp?.down
        else { return }
        let norm = part == .attention ? layer.inputNorm : layer.feedForwardNorm
        var sums = try task.accumulate(
            features: output.inputs, bias: try context.weights.bias(output),
            goal: BranchGoal(
                layer.layer,
                behind: part == .attention ? layer.postMixerNorm : layer.postFeedForwardNorm,
                context),
            ridge: settings.ridge, operations: task.work.refitSums(part)
        ) { wave, stream in
            let normal = try context.normalised(stream, norm)
            return try part == .attention
                ? layer.attention?.heads(normal, layout: wave.layout, context: context) ?? normal
                : layer.mlp?.neurons(normal, context: context) ?? normal
        } own: {
            try context.branch($0, output)
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

/// Concatenates the MLPs of a stretch and selects as many neurons as the new layer has.
struct NeuronFolding {
    /// Those whose neurons stand beside one another, the kept one among them.
    let layers: [FoldableLayer]
    let base: FoldableLayer
    /// The new one.
    let result: FoldableLayer
    let settings: FoldSettings
    /// The MLP of a layer that is meant.
    var part: (FoldableLayer) -> MLPBlueprint? = { $0.mlp }
    /// Of the kept layer: its sigmoid multiplies what all neurons give.
    var gate: ProjectionBlueprint?

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        guard let own = part(base), let new = part(result) else { return }
        let context = task.context
        let parts = layers.compactMap(part)
        let count = own.down.inputs
        let place = layers.firstIndex { $0.prefix == base.prefix } ?? 0
        let goal = try BranchGoal(base.layer, behind: base.postFeedForwardNorm, context)
        // Behind norms, branches do not add up.
        let bias =
            goal.hasNorm
            ? try context.weights.bias(own.down)
            : try PatchBuilder.biasSum(parts.map(\.down), context)
        var lengths = BranchLengths(
            goal: goal, norms: layers.map(\.postFeedForwardNorm), place: place)
        var sums = try task.accumulate(
            features: count * parts.count, bias: bias, goal: goal, ridge: settings.ridge,
            operations: task.work.neuronSums(of: parts.count)
        ) { _, stream in
            let all = context.scratch.matrix(
                rows: stream.rows, columns: count * parts.count)
            for (index, part) in parts.enumerated() {
                let normal = try context.normalised(stream, layers[index].feedForwardNorm)
                all.columns(index * count..<(index + 1) * count).assign(
                    try part.neurons(normal, context: context))
            }
            if gate != nil {
                let normal = try context.normalised(stream, base.feedForwardNorm)
                try context.gates(normal, gate).map { RowKernels.scale(all, rowsBy: $0) }
            }
            return all
        } own: {
            try lengths.add($0, parts.map(\.down), context)
        }
        let start = try PatchBuilder.stacked(parts.map(\.down), context) {
            try lengths.factors($0, context)
        }
        let lambda = settings.ridge.share(of: sums, start: start)
        let (gram, cross) = sums.take()
        let selection = try LeastSquares.select(
            gram: gram, cross: cross, start: start, lambda: lambda,
            groupSize: 1, keeping: new.down.inputs,
            block: settings.block(of: count * parts.count),
            onRemoval: task.removals(
                of: "neurons", task.work.neuronSelection(of: parts.count)))
        let builder = PatchBuilder(context, result.layer)
        builder.reshape(from: base.layer, in: &patch)
        for reader in new.readers.indices {
            try builder.gather(
                parts.map { $0.readers[reader] }, norms: layers.map(\.feedForwardNorm),
                groups: selection.groups, rowsPerGroup: 1, into: new.readers[reader], &patch)
        }
        try builder.set(new.down, MatrixView(selection.weights.transposed), in: &patch)
        try builder.setBias(new.down, bias, in: &patch)
        builder.neutralise(base.feedForwardNorm, in: &patch)
    }
}

/// Concatenates the attentions of a stretch and selects as many key-value groups as one layer has.
struct GroupFolding {
    let layers: [FoldableLayer]
    let base: FoldableLayer
    let settings: FoldSettings

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        guard let own = base.attention else { return }
        let context = task.context
        let parts = layers.compactMap(\.attention)
        let count = own.output.inputs
        let place = layers.firstIndex { $0.prefix == base.prefix } ?? 0
        let goal = try BranchGoal(base.layer, behind: base.postMixerNorm, context)
        let bias =
            goal.hasNorm
            ? try context.weights.bias(own.output)
            : try PatchBuilder.biasSum(parts.map(\.output), context)
        var lengths = BranchLengths(
            goal: goal, norms: layers.map(\.postMixerNorm), place: place)
        var sums = try task.accumulate(
            features: count * parts.count, bias: bias, goal: goal, ridge: settings.ridge,
            operations: task.work.groupSums
        ) { wave, stream in
            let all = context.scratch.matrix(
                rows: stream.rows, columns: count * parts.count)
            for (index, part) in parts.enumerated() {
                let normal = try context.normalised(stream, layers[index].inputNorm)
                all.columns(index * count..<(index + 1) * count).assign(
                    try part.heads(normal, layout: wave.layout, context: context))
            }
            return all
        } own: {
            try lengths.add($0, parts.map(\.output), context)
        }
        let queries = own.heads / own.keyValueHeads
        let start = try PatchBuilder.stacked(parts.map(\.output), context) {
            try lengths.factors($0, context)
        }
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

/// Branches of several layers as parts of one: behind norms of their own their lengths say nothing,
/// so that each is brought to the kept layer's by the mean of its own, and to its gains.
struct BranchLengths {
    private let goal: BranchGoal
    private let norms: [NormBlueprint?]
    /// Of the kept layer.
    private let place: Int
    private var sums: [Double]

    /// - Parameter norms: behind the branch of each layer.
    init(goal: BranchGoal, norms: [NormBlueprint?], place: Int) {
        self.goal = goal
        self.norms = norms
        self.place = place
        sums = Array(repeating: 0, count: norms.count)
    }

    /// The sum of the branches, [tokens, hidden].
    ///
    /// - Parameters:
    ///   - features: of all layers beside one another.
    ///   - outputs: projections of each.
    mutating func add(
        _ features: MatrixView, _ outputs: [ProjectionBlueprint], _ context: BlockContext
    ) throws -> MatrixView {
        var start = 0
        let branches = try outputs.map { output in
            defer { start += output.inputs }
            return try context.branch(features.columns(start..<start + output.inputs), output)
        }
        for (index, branch) in branches.enumerated() {
            sums[index] += BranchGoal.lengths(branch, 0).reduce(0) { $0 + Double($1) }
        }
        for (index, branch) in branches.enumerated() where index != place {
            guard let factors = try factors(index, context) else { continue }
            RowKernels.multiply(branch, gain: factors, gainOffset: 0)
            RowKernels.add(branches[place], branch)
        }
        return branches[place]
    }

    /// What the outputs of a layer are multiplied with to be the kept one's, [1, hidden]; nil: 1.
    func factors(_ index: Int, _ context: BlockContext) throws -> MatrixView? {
        guard index != place else { return nil }
        let ratio = sums[index] > 0 ? sums[place] / sums[index] : 1
        return try goal.factors(norms[index], ratio: ratio, context)
    }
}

extension BlockContext {
    /// What a branch gives before its norm, [tokens, hidden].
    func branch(_ x: MatrixView, _ output: ProjectionBlueprint) throws -> MatrixView {
        let result = scratch.matrix(rows: x.rows, columns: output.rows.count)
        try project(x, output, into: result)
        return result
    }
}
