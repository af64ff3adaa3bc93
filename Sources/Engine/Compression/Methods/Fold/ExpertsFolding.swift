// Experts of several layers become those of one. Either the kept layer's stay, or those of all
// layers stay whose loss would cost most, with their rows of the routers. The router is fitted to
// what the original's routers said of the same tokens; what the experts share takes the best
// neurons of all; and each expert's down projection is fitted by least squares to the tokens that
// it gets now, given all others.

import Model
import TensorMath

/// Works on the part behind the mixer of a kept layer; streams are [tokens, hidden].
struct ExpertsFolding {
    /// Those whose experts stand beside one another, the kept one among them.
    let layers: [FoldableLayer]
    /// Their places in the stretch.
    let places: [Int]
    let base: FoldableLayer
    let way: FeedForwardWay
    let settings: FoldSettings
    let space: StreamSpace
    /// What the stretch was in the original.
    let past: OriginalStretch

    /// Rounds through all experts: each is fitted given the others.
    static let rounds = 2

    /// An expert of one of `layers`.
    struct Member: Equatable {
        let layer: Int
        let expert: Int
    }

    func fold(_ task: FoldTask, _ patch: inout LayerPatch) throws {
        guard let own = base.experts else { return }
        let said = try routerScores(task)
        let members = way == .chosenExperts ? chosen(said.costs) : kept
        try gather(members, own, task.context, &patch)
        try fitRouter(own, task, wanted(members, said.scores), &patch)
        // What the stream lacks, less what the parts give that were made.
        let rest = try space.copy(task.target)
        rest.subtract(task.stream)
        RowKernels.scale(rest, by: 1 / base.residualScale)
        var context = changed(task.context, patch)
        let routes = try task.waves.map { wave in
            try own.route(try input(task, wave, context), context: context).choices
        }
        var experts = try own.experts.map { try ExpertFit($0, context) }
        for (wave, choices) in zip(task.waves, routes) {
            for (index, expert) in experts.enumerated() where !choices[index].isEmpty {
                let part = try features(expert, choices[index], task, wave, context)
                try expert.add(part, to: rest, choices[index], wave, context, sign: -1)
            }
        }
        if own.shared != nil {
            try foldShared(own, task, rest, &patch)
            context = changed(task.context, patch)
            try takeShared(own, task, context, from: rest)
        }
        for round in 1...Self.rounds {
            for index in experts.indices {
                try fit(&experts[index], index, routes, task, rest, context)
                try task.tell(
                    "expert \(index + 1) of \(experts.count), round \(round)",
                    task.work.expert.total)
            }
        }
        let builder = PatchBuilder(context, base.layer)
        for expert in experts { try builder.set(expert.mlp.down, expert.matrix, in: &patch) }
    }

    // MARK: Which

    private var kept: [Member] {
        let place = layers.firstIndex { $0.prefix == base.prefix } ?? 0
        return (base.experts?.experts ?? []).indices.map { Member(layer: place, expert: $0) }
    }

    /// As many as the kept layer has; its own ones keep their numbers.
    ///
    /// - Parameter costs: of each expert of each layer.
    private func chosen(_ costs: [[Double]]) -> [Member] {
        let all = costs.enumerated().flatMap { layer, costs in
            costs.indices.map { (member: Member(layer: layer, expert: $0), cost: costs[$0]) }
        }
        // A tie goes to the earlier layer and expert.
        let best = all.enumerated().sorted {
            ($0.element.cost, $1.offset) > ($1.element.cost, $0.offset)
        }.prefix(kept.count).map(\.element.member)
        var others = best.filter { !kept.contains($0) }.sorted {
            ($0.layer, $0.expert) < ($1.layer, $1.expert)
        }[...]
        return kept.map { best.contains($0) ? $0 : others.popFirst() ?? $0 }
    }

    /// What the original's routers say of all tokens, [tokens, experts] of each layer, and the sum
    /// of the squares of what each expert adds to the stream.
    private func routerScores(
        _ task: FoldTask
    ) throws -> (scores: [MatrixView], costs: [[Double]]) {
        let context = past.context
        let scores = layers.map { layer in
            MatrixView(rows: task.stream.rows, columns: layer.experts?.experts.count ?? 0)
        }
        var costs = scores.map { [Double](repeating: 0, count: $0.columns) }
        for wave in task.waves {
            let states = try past.states(of: wave, leaving: false)
            for (index, layer) in layers.enumerated() {
                guard let experts = layer.experts else { continue }
                let normal = try context.normalised(
                    states[2 * places[index] + 1], layer.feedForwardNorm)
                let routes = try experts.route(normal, context: context)
                scores[index].rows(wave.tokens).assign(routes.scores)
                guard way == .chosenExperts else { continue }
                for (number, choices) in routes.choices.enumerated() where !choices.isEmpty {
                    let part = context.gather(choices.map(\.token), of: normal)
                    let output = context.scratch.matrix(rows: part.rows, columns: part.columns)
                    try experts.experts[number].run(
                        part, into: output, accumulate: false, context: context)
                    RowKernels.scale(output, rowsBy: choices.map(\.weight))
                    costs[index][number] += output.sumOfSquares
                }
            }
            try task.tell(
                "\(wave.tokens.upperBound) of \(task.stream.rows) tokens",
                task.work.routerScores(of: way) * task.share(of: wave))
        }
        return (scores, costs)
    }

    /// Scores that the new router shall give, [tokens, experts]: what the original's said of the
    /// members; chances of a softmax that are shared by fewer experts add up to 1 again.
    private func wanted(_ members: [Member], _ scores: [MatrixView]) -> MatrixView {
        let result = MatrixView(rows: scores[0].rows, columns: members.count)
        let isSoftmax = base.experts?.routing.scores == .softmax
        for token in 0..<result.rows {
            let said = members.map { scores[$0.layer][token, $0.expert] }
            let sum = isSoftmax ? said.reduce(0, +) : 1
            for (index, score) in said.enumerated() {
                result[token, index] = sum > 0 ? score / sum : 1 / Float(members.count)
            }
        }
        return result
    }

    /// The members' tensors where the kept layer has its experts', behind a norm of gain 1.
    private func gather(
        _ members: [Member], _ own: ExpertsBlueprint, _ context: BlockContext,
        _ patch: inout LayerPatch
    ) throws {
        let builder = PatchBuilder(context, base.layer)
        func set(
            _ projection: ProjectionBlueprint, from other: ProjectionBlueprint,
            behind norm: NormBlueprint?
        ) throws {
            try builder.set(projection, builder.withGains(other, norm), in: &patch)
            try builder.setBias(projection, builder.bias(other, behind: norm), in: &patch)
        }
        let all = layers.compactMap(\.experts)
        for (index, member) in members.enumerated() {
            let (expert, norm) = (
                all[member.layer].experts[member.expert], layers[member.layer].feedForwardNorm
            )
            for (projection, other) in zip(own.experts[index].readers, expert.readers) {
                try set(projection, from: other, behind: norm)
            }
            try set(own.experts[index].down, from: expert.down, behind: nil)
        }
        for reader in (own.shared?.readers ?? []) + [own.sharedGate].compactMap({ $0 }) {
            try set(reader, from: reader, behind: base.feedForwardNorm)
        }
        let rows = MatrixView(rows: members.count, columns: own.router.inputs)
        let biases = MatrixView(rows: 1, columns: members.count)
        for (layer, experts) in all.enumerated() {
            let chosen = members.indices.filter { members[$0].layer == layer }
            guard !chosen.isEmpty else { continue }
            let norm = layers[layer].feedForwardNorm
            let weights = try builder.withGains(experts.router, norm)
            let bias = try builder.bias(experts.router, behind: norm)
            let correction = try experts.routing.correction.map { try context.weights.vector($0) }
            for index in chosen {
                let expert = members[index].expert
                rows.rows(index..<index + 1).assign(weights.rows(expert..<expert + 1))
                if let bias { biases[0, index] = bias[0, expert] }
                if let correction, let name = own.routing.correction {
                    try builder.set(
                        name, at: index, to: correction[0, expert], in: &patch)
                }
            }
        }
        try builder.set(own.router, rows, in: &patch)
        try builder.setBias(own.router, biases, in: &patch)
        builder.neutralise(base.feedForwardNorm, in: &patch)
    }

    // MARK: The router

    private func fitRouter(
        _ own: ExpertsBlueprint, _ task: FoldTask, _ wanted: MatrixView, _ patch: inout LayerPatch
    ) throws {
        let context = changed(task.context, patch)
        let fit = RouterFit(
            scores: own.routing.scores, product: try MatrixProduct(mode: .float32))
        let (weights, bias) = try fit.fit(
            try context.weights.projection(own.router).floats(),
            bias: try context.weights.bias(own.router), waves: task.waves.count
        ) { index in
            let wave = task.waves[index]
            return (try input(task, wave, context), wanted.rows(wave.tokens))
        } tell: {
            try task.tell("router", task.work.routerPass)
        }
        let builder = PatchBuilder(context, base.layer)
        try builder.set(own.router, weights, in: &patch)
        try builder.setBias(own.router, bias, in: &patch)
    }

    // MARK: What all tokens share

    private func foldShared(
        _ own: ExpertsBlueprint, _ task: FoldTask, _ rest: MatrixView, _ patch: inout LayerPatch
    ) throws {
        guard settings.neurons, layers.count > 1, let shared = own.shared,
            shared.projections.allSatisfy({ $0.bias == nil }),
            layers.allSatisfy({ $0.experts?.shared.map { $0.sharesNeurons(with: shared) } == true })
        else { return }
        // As if it were the layer's MLP: the stream it is added to lacks the rest.
        let target = try space.copy(rest)
        RowKernels.scale(target, by: base.residualScale)
        RowKernels.add(target, task.stream)
        let part = FoldTask(
            waves: task.waves, stream: task.stream, target: target, context: task.context,
            work: task.work, tell: task.tell)
        try NeuronFolding(
            layers: layers, base: base, result: base, settings: settings,
            part: { $0.experts?.shared },
            gate: own.sharedGate
        ).fold(part, &patch)
    }

    /// rest -= what the shared part gives.
    private func takeShared(
        _ own: ExpertsBlueprint, _ task: FoldTask, _ context: BlockContext, from rest: MatrixView
    ) throws {
        guard let shared = own.shared else { return }
        for wave in task.waves {
            let normal = try input(task, wave, context)
            let part = context.scratch.matrix(rows: normal.rows, columns: normal.columns)
            try shared.run(normal, into: part, accumulate: false, context: context)
            if let gates = try context.gates(normal, own.sharedGate) {
                RowKernels.scale(part, rowsBy: gates)
            }
            rest.rows(wave.tokens).subtract(part)
        }
    }

    // MARK: Each expert

    /// An expert whose down projection moves, [hidden, neurons].
    private struct ExpertFit {
        let mlp: MLPBlueprint
        var matrix: MatrixView
        let bias: MatrixView?

        init(_ mlp: MLPBlueprint, _ context: BlockContext) throws {
            self.mlp = mlp
            matrix = try context.weights.projection(mlp.down).floats()
            bias = try context.weights.bias(mlp.down)
        }

        /// rest += sign times what the expert gives to its tokens.
        ///
        /// - Parameter features: weighted neurons, a row for each choice.
        func add(
            _ features: MatrixView, to rest: MatrixView,
            _ choices: [ExpertsBlueprint.Routes.Choice],
            _ wave: ForwardPass.Wave, _ context: BlockContext, sign: Float
        ) throws {
            let output = try given(features, context)
            if let bias {
                let weights = MatrixView(
                    rows: choices.count, columns: 1, values: choices.map(\.weight))
                output.assignProduct(weights, bias, accumulate: true)
            }
            RowKernels.scale(output, by: sign)
            for (row, choice) in choices.enumerated() {
                let place = wave.tokens.lowerBound + choice.token
                RowKernels.add(rest.rows(place..<place + 1), output.rows(row..<row + 1))
            }
        }

        /// Without the bias.
        func given(_ features: MatrixView, _ context: BlockContext) throws -> MatrixView {
            let output = context.scratch.matrix(rows: features.rows, columns: matrix.rows)
            try context.product.multiply(
                context.product.factor(features), context.product.factor(matrix),
                transposingRight: true, into: output)
            return output
        }
    }

    private func fit(
        _ expert: inout ExpertFit, _ index: Int, _ routes: [[[ExpertsBlueprint.Routes.Choice]]],
        _ task: FoldTask, _ rest: MatrixView, _ context: BlockContext
    ) throws {
        var sums = GramAccumulator(
            features: expert.mlp.down.inputs, targets: task.stream.columns)
        var parts: [(wave: Int, features: MatrixView)] = []
        for (number, wave) in task.waves.enumerated() where !routes[number][index].isEmpty {
            let choices = routes[number][index]
            let part = try features(expert, choices, task, wave, context).copy()
            // What the others leave.
            let wanted = try expert.given(part, context)
            let tokens = choices.map { wave.tokens.lowerBound + $0.token }
            RowKernels.add(wanted, context.gather(tokens, of: rest))
            try sums.add(
                features: part, targets: wanted,
                to: settings.ridge.part(ofWave: number, of: task.waves.count), by: context.product)
            parts.append((number, part))
        }
        guard !parts.isEmpty else { return }
        let start = expert.matrix.transposedDoubles
        let lambda = settings.ridge.share(of: sums, start: start)
        let (gram, cross) = sums.take()
        let fitted = MatrixView(
            try LeastSquares.ridge(gram: gram, cross: cross, start: start, lambda: lambda)
                .transposed)
        for (number, part) in parts {
            let (choices, wave) = (routes[number][index], task.waves[number])
            try expert.add(part, to: rest, choices, wave, context, sign: 1)
        }
        expert.matrix = fitted
        for (number, part) in parts {
            let (choices, wave) = (routes[number][index], task.waves[number])
            try expert.add(part, to: rest, choices, wave, context, sign: -1)
        }
    }

    /// An expert's neurons of its tokens, times what it is weighted with.
    private func features(
        _ expert: ExpertFit, _ choices: [ExpertsBlueprint.Routes.Choice], _ task: FoldTask,
        _ wave: ForwardPass.Wave, _ context: BlockContext
    ) throws -> MatrixView {
        let part = context.gather(choices.map(\.token), of: task.stream.rows(wave.tokens))
        let neurons = try expert.mlp.neurons(
            try context.normalised(part, base.feedForwardNorm), context: context)
        RowKernels.scale(neurons, rowsBy: choices.map(\.weight))
        return neurons
    }

    // MARK: Reading

    private func input(
        _ task: FoldTask, _ wave: ForwardPass.Wave, _ context: BlockContext
    ) throws -> MatrixView {
        try context.normalised(task.stream.rows(wave.tokens), base.feedForwardNorm)
    }

    /// Reads the new layer's tensors in place of the kept one's.
    private func changed(_ context: BlockContext, _ patch: LayerPatch) -> BlockContext {
        let source = PatchedWeights(context.weights.source)
        source.apply(patch, to: base.layer)
        return BlockContext(
            product: context.product,
            weights: ModelWeights(blueprint: context.weights.blueprint, source: source))
    }
}

extension BlockContext {
    /// What the shared part of each token is multiplied with; nil where nothing gates it.
    func gates(_ x: MatrixView, _ gate: ProjectionBlueprint?) throws -> [Float]? {
        guard let gate else { return nil }
        let gates = scratch.matrix(rows: x.rows, columns: 1)
        try project(x, gate, into: gates)
        RowKernels.activate(gates, .sigmoid)
        return gates.values()
    }
}
