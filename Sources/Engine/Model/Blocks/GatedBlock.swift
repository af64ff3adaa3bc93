// The gated feed-forward block and its mixture-of-experts form.

package import TensorMath

extension GatedBlueprint {
    /// Neuron outputs activation(gate x) * up x, [tokens, neurons]: the input of `down`.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    package func neurons(_ x: MatrixView, context: BlockContext) throws -> MatrixView {
        let gates = context.scratch.matrix(rows: x.rows, columns: gate.rows.count)
        let ups = context.scratch.matrix(rows: x.rows, columns: up.rows.count)
        try context.project(x, gate, into: gates)
        try context.project(x, up, into: ups)
        switch activation {
        case .silu: RowKernels.siluMultiply(gates, ups)
        case .geluTanh: RowKernels.geluMultiply(gates, ups)
        }
        return gates
    }

    package func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, context: BlockContext
    ) throws {
        let neurons = try neurons(x, context: context)
        try context.project(neurons, down, into: output, accumulate: accumulate)
    }
}

extension ExpertsBlueprint {
    /// A token's choice: expert and weight.
    struct Choice {
        let token: Int
        let weight: Float
    }

    /// Tokens per expert with their weights: softmax over all experts in f32, the top ones kept
    /// (ties to the lower index, as torch.topk on a CPU).
    func route(_ x: MatrixView, context: BlockContext) throws -> [[Choice]] {
        let scores = MatrixView(rows: x.rows, columns: experts.count)
        try context.project(x, router, into: scores)
        RowKernels.softmax(scores)
        var choices = [[Choice]](repeating: [], count: experts.count)
        for token in 0..<x.rows {
            let row = scores.row(token)
            let order = row.indices.sorted { (row[$0], $1) > (row[$1], $0) }
            let top = order.prefix(expertsPerToken)
            let sum = top.reduce(Float(0)) { $0 + row[$1] }
            for expert in top {
                let weight = renormalised ? row[expert] / sum : row[expert]
                choices[expert].append(Choice(token: token, weight: weight))
            }
        }
        return choices
    }

    /// Tokens that choose an expert, ascending.
    package func tokens(
        of expert: Int, _ x: MatrixView, context: BlockContext
    ) throws -> [Int] {
        try route(x, context: context)[expert].map(\.token)
    }

    /// output += experts(x), each expert on the tokens that chose it.
    package func run(_ x: MatrixView, addingTo output: MatrixView, context: BlockContext) throws {
        for (expert, chosen) in zip(experts, try route(x, context: context)) where !chosen.isEmpty {
            let gathered = context.gather(chosen.map(\.token), of: x)
            let result = context.scratch.matrix(rows: chosen.count, columns: x.columns)
            try expert.run(gathered, into: result, accumulate: false, context: context)
            for (row, choice) in chosen.enumerated() {
                let line = result.rows(row..<row + 1)
                RowKernels.scale(line, by: choice.weight)
                RowKernels.add(output.rows(choice.token..<choice.token + 1), line)
            }
        }
    }
}
