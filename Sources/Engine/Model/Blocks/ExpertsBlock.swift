// A mixture of experts: a router sends each token to some of them; a shared part sees all tokens.

package import TensorMath

extension ExpertsBlueprint {
    /// Which experts take which tokens.
    package struct Routes {
        /// A token of an expert.
        package struct Choice: Sendable {
            package let token: Int
            /// What the expert's output is multiplied with.
            package let weight: Float
        }

        /// Softmax or sigmoid of what the router gives, [tokens, experts].
        package let scores: MatrixView
        /// What the scores of a token's experts are divided by; 1 where they are not.
        package let sums: [Float]
        /// Of each expert, tokens ascending.
        package let choices: [[Choice]]
    }

    /// Tokens per expert with their weights; scores in f32, ties to the lower index (as torch.topk
    /// on a CPU).
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    package func route(_ x: MatrixView, context: BlockContext) throws -> Routes {
        let scores = MatrixView(rows: x.rows, columns: experts.count)
        try context.project(x, router, into: scores)
        return try routes(logits: scores, context: context)
    }

    /// - Parameter scores: what the router gives, [tokens, experts]; becomes the scores.
    package func routes(logits scores: MatrixView, context: BlockContext) throws -> Routes {
        switch routing.scores {
        case .softmax: RowKernels.softmax(scores)
        case .sigmoid: RowKernels.activate(scores, .sigmoid)
        }
        let correction = try routing.correction.map { try context.weights.vector($0).row(0) }
        var sums = [Float](repeating: 1, count: scores.rows)
        var choices = [[Routes.Choice]](repeating: [], count: experts.count)
        for token in 0..<scores.rows {
            let row = scores.row(token)
            let rated = correction.map { zip(row, $0).map { $0 + $1 } } ?? row
            let allowed = routing.groups?.members(rated) ?? Array(row.indices)
            let top = allowed.sorted { (rated[$0], $1) > (rated[$1], $0) }.prefix(expertsPerToken)
            if renormalised {
                sums[token] = max(
                    routing.sumMin, top.reduce(Float(0)) { $0 + row[$1] } + routing.sumOffset)
            }
            for expert in top {
                let share = renormalised ? row[expert] / sums[token] : row[expert]
                choices[expert].append(
                    Routes.Choice(token: token, weight: share * routing.scale))
            }
        }
        return Routes(scores: scores, sums: sums, choices: choices)
    }

    /// Tokens that choose an expert, ascending.
    package func tokens(
        of expert: Int, _ x: MatrixView, context: BlockContext
    ) throws -> [Int] {
        try route(x, context: context).choices[expert].map(\.token)
    }

    /// output += experts(x), each expert on the tokens that chose it, and the shared part on all.
    package func run(_ x: MatrixView, addingTo output: MatrixView, context: BlockContext) throws {
        let choices = try route(x, context: context).choices
        for (expert, chosen) in zip(experts, choices) where !chosen.isEmpty {
            let gathered = context.gather(chosen.map(\.token), of: x)
            let result = context.scratch.matrix(rows: chosen.count, columns: x.columns)
            try expert.run(gathered, into: result, accumulate: false, context: context)
            for (row, choice) in chosen.enumerated() {
                let line = result.rows(row..<row + 1)
                RowKernels.scale(line, by: choice.weight)
                RowKernels.add(output.rows(choice.token..<choice.token + 1), line)
            }
        }
        guard let shared else { return }
        guard let sharedGate else {
            return try shared.run(x, into: output, accumulate: true, context: context)
        }
        let part = context.scratch.matrix(rows: x.rows, columns: x.columns)
        try shared.run(x, into: part, accumulate: false, context: context)
        let gates = MatrixView(rows: x.rows, columns: 1)
        try context.project(x, sharedGate, into: gates)
        RowKernels.activate(gates, .sigmoid)
        RowKernels.scale(part, rowsBy: gates.values())
        RowKernels.add(output, part)
    }
}

extension ExpertGroups {
    /// Experts of the groups whose best two are rated highest together, ascending.
    fileprivate func members(_ rated: [Float]) -> [Int] {
        let size = rated.count / count
        let ratings = (0..<count).map { group in
            rated[group * size..<(group + 1) * size].sorted(by: >).prefix(2).reduce(0, +)
        }
        let chosen = ratings.indices.sorted { (ratings[$0], $1) > (ratings[$1], $0) }
        return chosen.prefix(kept).sorted().flatMap { $0 * size..<($0 + 1) * size }
    }
}
