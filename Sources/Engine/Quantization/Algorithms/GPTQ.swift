// GPTQ (Frantar, Ashkboos, Hoefler, Alistarh 2023, arXiv 2210.17323, algorithm 1): rounds weights
// column by column, and lets the columns behind make up for each error as far as the inputs of
// calibration allow.
//
// Notation: W [outputs, inputs], X [tokens, inputs], H = X'X, U upper with (H + damping)^-1 = U'U.
// Column i leaves e = (w_i - q_i) / U_ii to each row, and w_k -= e U_ik for k > i. Weights are held
// transposed, [inputs, outputs], so that outputs lie side by side.

import Schemes
import TensorMath

/// Rounds one weight with error feedback. Scales are of the weights it starts from, so that an
/// order of columns changes nothing on disk (`static` groups).
struct GPTQ: Sendable {
    let grid: Grid

    /// Outputs worked on together: what is held is bounded, products stay wide enough.
    static let outputsMax = 2048

    /// - Parameters:
    ///   - weight: W, [outputs, inputs], finite.
    ///   - inputs: of the same number of inputs.
    /// - Returns: the codes, and how many rows are better off with each number rounded by itself:
    ///   theirs are those.
    func quantized(
        _ weight: MatrixView, inputs: InputGeometry
    ) -> (matrix: QuantizedMatrix, rowsLeft: Int) {
        precondition(weight.columns == inputs.inputs, "inputs of the weight")
        let scales = grid.scales(of: weight)
        let codes = MatrixView(rows: weight.rows, columns: weight.columns)
        var rowsLeft = 0
        for start in stride(from: 0, to: weight.rows, by: Self.outputsMax) {
            let rows = start..<min(weight.rows, start + Self.outputsMax)
            let found = chosen(weight.rows(rows), scales: scales.rows(rows), inputs)
            codes.rows(rows).assign(found.codes)
            rowsLeft += found.rowsLeft
        }
        return (grid.matrix(codes, scales: scales), rowsLeft)
    }

    /// Codes of some outputs, [outputs, inputs].
    private func chosen(
        _ weight: MatrixView, scales: MatrixView, _ inputs: InputGeometry
    ) -> (codes: MatrixView, rowsLeft: Int) {
        let group = grid.group(of: weight.columns)
        let nearest = MatrixView(rows: weight.rows, columns: weight.columns)
        GridRounding.round(
            weight, scales: scales, group: group, to: grid.bounds, into: nearest)
        let work = weight.transposed.gathered(inputs.order)
        feedBack(
            work, scales: scales.transposed, groups: inputs.order.map { Int32($0 / group) },
            inputs.factor)
        let codes = work.scattered(inputs.order).transposed
        let worse = rowsWorse(codes, than: nearest, weight, scales: scales, group, inputs)
        for row in worse { codes.rows(row..<row + 1).assign(nearest.rows(row..<row + 1)) }
        return (codes, worse.count)
    }

    /// Weights [inputs, outputs] become codes.
    private func feedBack(
        _ work: MatrixView, scales: MatrixView, groups: [Int32], _ factor: MatrixView
    ) {
        let errors = MatrixView(rows: GridRounding.feedbackMax, columns: work.columns)
        for start in stride(from: 0, to: work.rows, by: GridRounding.feedbackMax) {
            let block = start..<min(work.rows, start + GridRounding.feedbackMax)
            let left = errors.rows(0..<block.count)
            let rows = factor.rows(block)
            GridRounding.roundWithFeedback(
                work.rows(block), errors: left, scales: scales, groups: Array(groups[block]),
                factor: rows.columns(block), to: grid.bounds)
            let behind = block.upperBound..<work.rows
            guard !behind.isEmpty else { return }
            work.rows(behind).assignProduct(
                rows.columns(behind), left, transposingLeft: true, scale: -1, accumulate: true)
        }
    }

    /// Rows whose error (q - w) H (q - w)' is above that of `others`.
    private func rowsWorse(
        _ codes: MatrixView, than others: MatrixView, _ weight: MatrixView, scales: MatrixView,
        _ group: Int, _ inputs: InputGeometry
    ) -> [Int] {
        // With a and b the two errors: a H a' - b H b' = (a - b) H (a + b)', of which the first
        // factor is exact.
        let sum = MatrixView(rows: codes.rows, columns: codes.columns)
        let difference = MatrixView(rows: codes.rows, columns: codes.columns)
        GridRounding.scale(codes, scales: scales, group: group, into: sum)
        GridRounding.scale(others, scales: scales, group: group, into: difference)
        difference.subtract(from: sum)
        // sum = a + b = 2 q - 2 w - (a - b).
        sum.subtract(weight)
        RowKernels.scale(sum, by: 2)
        sum.subtract(difference)
        let along = MatrixView(rows: inputs.inputs, columns: codes.rows)
        along.assignProduct(inputs.gram, sum.transposed.gathered(inputs.order))
        let dots = RowKernels.rowDots(
            difference, along.scattered(inputs.order).transposed)
        return dots.indices.filter { !(dots[$0] <= 0) }
    }

    /// Bytes held at most beside a weight of so many outputs and inputs, its inputs' geometry and
    /// the codes.
    static func scratchByteCount(outputs: Int, inputs: Int) -> Int {
        4 * (8 * min(outputs, outputsMax) * inputs + outputs * inputs)
    }

    /// Operations of a weight: the feedback, and the comparison of rows.
    static func operations(outputs: Int, inputs: Int) -> Double {
        3 * Double(outputs) * Double(inputs) * Double(inputs)
    }
}

extension MatrixView {
    /// Becomes `other` less this.
    fileprivate func subtract(from other: MatrixView) {
        subtract(other)
        RowKernels.scale(self, by: -1)
    }
}
