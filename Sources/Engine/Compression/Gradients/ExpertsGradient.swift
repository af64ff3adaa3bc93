// Back-propagation through a mixture of experts: which experts a token takes is a step function,
// and stays as it is; their weights, what they give and what all tokens share have derivatives.

import Model
import TensorMath

extension ExpertsBlueprint {
    /// What the way back reads of the way forwards.
    struct Trace {
        fileprivate let input: MatrixView
        let routes: Routes
        /// Of each expert that got tokens.
        fileprivate let experts: [Int: Expert]
        fileprivate let shared: Shared?

        fileprivate struct Expert {
            let inner: MLPBlueprint.Trace
            /// [its tokens, hidden], before it is weighted.
            let output: MatrixView
        }

        fileprivate struct Shared {
            let inner: MLPBlueprint.Trace
            /// Before its gate, [tokens, hidden]; nil where there is none.
            let output: MatrixView?
            /// Behind the sigmoid, [tokens, 1].
            let gates: MatrixView?
        }
    }

    /// - Parameters:
    ///   - x: normalised stream, [tokens, hidden]; stays as it is while the trace lives.
    ///   - output: takes what the experts give, as `run` adds it.
    func trace(
        _ x: MatrixView, addingTo output: MatrixView, context: BlockContext
    ) throws -> Trace {
        let routes = try route(x, context: context)
        var traces: [Int: Trace.Expert] = [:]
        for (index, chosen) in routes.choices.enumerated() where !chosen.isEmpty {
            let inner = try experts[index].trace(
                context.gather(chosen.map(\.token), of: x), context: context)
            let result = context.scratch.matrix(rows: chosen.count, columns: x.columns)
            try context.project(inner.neurons, experts[index].down, into: result)
            let weighted = context.scratch.copy(result)
            RowKernels.scale(weighted, rowsBy: chosen.map(\.weight))
            Self.add(weighted, of: chosen, to: output)
            traces[index] = Trace.Expert(inner: inner, output: result)
        }
        return Trace(
            input: x, routes: routes, experts: traces,
            shared: try traceShared(x, addingTo: output, context))
    }

    private func traceShared(
        _ x: MatrixView, addingTo output: MatrixView, _ context: BlockContext
    ) throws -> Trace.Shared? {
        guard let shared else { return nil }
        let inner = try shared.trace(x, context: context)
        guard let sharedGate else {
            try context.project(inner.neurons, shared.down, into: output, accumulate: true)
            return Trace.Shared(inner: inner, output: nil, gates: nil)
        }
        let part = context.scratch.matrix(rows: x.rows, columns: x.columns)
        try context.project(inner.neurons, shared.down, into: part)
        let gates = context.scratch.matrix(rows: x.rows, columns: 1)
        try context.project(x, sharedGate, into: gates)
        RowKernels.activate(gates, .sigmoid)
        let weighted = context.scratch.copy(part)
        RowKernels.scale(weighted, rowsBy: gates.values())
        RowKernels.add(output, weighted)
        return Trace.Shared(inner: inner, output: part, gates: gates)
    }

    /// dL/dx is added to `result`, [tokens, hidden].
    ///
    /// - Parameters:
    ///   - output: dL/d(what the experts give), [tokens, hidden].
    ///   - trace: used up.
    ///   - tensors: takes the gradients of all tensors; nil where none are wanted.
    func pull(
        _ output: MatrixView, through trace: consuming Trace, context: BlockContext,
        tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        let routes = trace.routes
        // dL/d(weight of an expert), where it has the token; then dL/d(score).
        let slopes = context.scratch.zeros(rows: output.rows, columns: experts.count)
        for (index, chosen) in routes.choices.enumerated() {
            guard let part = trace.experts[index] else {
                try experts[index].touch(&tensors, context)
                continue
            }
            let own = context.gather(chosen.map(\.token), of: output)
            for (row, choice) in chosen.enumerated() {
                slopes[choice.token, index] = Float(
                    own.rows(row..<row + 1).dot(part.output.rows(row..<row + 1)))
            }
            RowKernels.scale(own, rowsBy: chosen.map(\.weight))
            let inputs = context.scratch.zeros(rows: chosen.count, columns: output.columns)
            try experts[index].pull(
                own, through: part.inner, context: context, tensors: &tensors, addingTo: inputs)
            Self.add(inputs, of: chosen, to: result)
        }
        pullRoutes(routes, slopes)
        try context.pull(
            router, { context.product.factor(trace.input) }, slopes, &tensors, addingTo: result)
        // It chooses and weighs nothing.
        if let correction = routing.correction { _ = try tensors?.matrix(correction, context) }
        if let part = trace.shared {
            try pullShared(output, part, trace.input, context, &tensors, addingTo: result)
        }
    }

    /// From the slopes of the experts' weights to those of what the router gives, in place.
    private func pullRoutes(_ routes: Routes, _ slopes: MatrixView) {
        var chosen = [[Int]](repeating: [], count: slopes.rows)
        for (expert, choices) in routes.choices.enumerated() {
            for choice in choices { chosen[choice.token].append(expert) }
        }
        for token in 0..<slopes.rows {
            let sum = routes.sums[token]
            var along: Float = 0
            if renormalised, sum > routing.sumMin {
                along = chosen[token].reduce(0) {
                    $0 + slopes[token, $1] * routes.scores[token, $1] / sum
                }
            }
            for expert in chosen[token] {
                slopes[token, expert] = routing.scale * (slopes[token, expert] - along) / sum
            }
        }
        switch routing.scores {
        case .softmax:
            let chances = routes.scores.copy()
            for token in 0..<slopes.rows {
                RowGradients.softmax(
                    chances, slopes: slopes, row: token, columns: 0..<experts.count)
            }
            slopes.assign(chances)
        case .sigmoid:
            for token in 0..<slopes.rows {
                for expert in 0..<experts.count {
                    let score = routes.scores[token, expert]
                    slopes[token, expert] *= score * (1 - score)
                }
            }
        }
    }

    private func pullShared(
        _ output: MatrixView, _ part: consuming Trace.Shared, _ input: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        guard let shared else { return }
        guard let sharedGate, let inner = part.output, let gates = part.gates else {
            return try shared.pull(
                output, through: part.inner, context: context, tensors: &tensors,
                addingTo: result)
        }
        let scaled = context.scratch.copy(output)
        RowKernels.scale(scaled, rowsBy: gates.values())
        let slopes = context.scratch.matrix(rows: output.rows, columns: 1)
        for row in 0..<output.rows {
            let gate = gates[row, 0]
            let along = output.rows(row..<row + 1).dot(inner.rows(row..<row + 1))
            slopes[row, 0] = Float(along) * gate * (1 - gate)
        }
        try context.pull(
            sharedGate, { context.product.factor(input) }, slopes, &tensors, addingTo: result)
        try shared.pull(
            scaled, through: part.inner, context: context, tensors: &tensors, addingTo: result)
    }

    /// output[token] += rows, a row for each choice.
    private static func add(
        _ rows: MatrixView, of chosen: [Routes.Choice], to output: MatrixView
    ) {
        for (row, choice) in chosen.enumerated() {
            RowKernels.add(output.rows(choice.token..<choice.token + 1), rows.rows(row..<row + 1))
        }
    }
}

extension MLPBlueprint {
    /// Gradients of zero where no token came.
    fileprivate func touch(_ tensors: inout TensorGradients?, _ context: BlockContext) throws {
        for projection in projections {
            _ = try tensors?.matrix(projection.tensor, context)
            if let bias = projection.bias { _ = try tensors?.matrix(bias, context) }
        }
    }
}
