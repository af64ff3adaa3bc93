// Clipping (AWQ's auto_clip): smaller scales for groups whose largest weights cost less than the
// coarse grid that they force upon the others.

import TensorMath

/// What the inputs of each group have in common: X_g' X_g, [group, group], of each run of columns.
struct GroupGrams {
    private(set) var grams: [MatrixView] = []
    let group: Int

    init(inputs: Int, group: Int) {
        self.group = group
        grams = stride(from: 0, to: inputs, by: group).map {
            let width = min(group, inputs - $0)
            return MatrixView(rows: width, columns: width)
        }
    }

    /// Whether sums were made of numbers alone.
    var isFinite: Bool {
        grams.allSatisfy { gram in (0..<gram.rows).allSatisfy { gram[$0, $0].isFinite } }
    }

    /// - Parameter inputs: [tokens, inputs].
    func add(_ inputs: MatrixView) {
        for (index, gram) in grams.enumerated() {
            let columns = inputs.columns(range(index, of: inputs.columns))
            gram.assignProduct(columns, columns, transposingLeft: true, accumulate: true)
        }
    }

    func range(_ index: Int, of inputs: Int) -> Range<Int> {
        index * group..<min(inputs, (index + 1) * group)
    }

    static func byteCount(inputs: Int, group: Int) -> Int { 4 * inputs * min(group, inputs) }
}

enum Clipping {
    /// Scales as shares of those by the largest magnitude: 1, 0.95, ... 0.55.
    static let shares = (0..<10).map { 1 - Float($0) / 20 }

    /// The scales, [outputs, groups], whose errors count least on the inputs: for each output and
    /// group the share with the least (q - w) G (q - w)', G the group's gram; the first of equals.
    static func scales(
        of weight: MatrixView, _ grid: Grid, inputs: GroupGrams
    ) -> MatrixView {
        let group = grid.group(of: weight.columns)
        precondition(group == inputs.group, "inputs by the groups of the weight")
        let peaks = GridRounding.peaks(weight, group: group)
        let result = MatrixView(rows: peaks.rows, columns: peaks.columns)
        for (index, gram) in inputs.grams.enumerated() {
            let columns = weight.columns(inputs.range(index, of: weight.columns))
            let best = best(columns, peaks: peaks.columns(index..<index + 1), grid, gram)
            result.columns(index..<index + 1).assign(best)
        }
        return result
    }

    /// Of one group, [outputs, 1].
    private static func best(
        _ weight: MatrixView, peaks: MatrixView, _ grid: Grid, _ gram: MatrixView
    ) -> MatrixView {
        let best = MatrixView(rows: weight.rows, columns: 1)
        var least = [Double](repeating: .infinity, count: weight.rows)
        let error = MatrixView(rows: weight.rows, columns: weight.columns)
        let along = MatrixView(rows: weight.rows, columns: weight.columns)
        for share in shares {
            let shrunk = MatrixView(rows: peaks.rows, columns: 1)
            shrunk.assign(peaks)
            RowKernels.scale(shrunk, by: share)
            let scales = grid.scales(ofPeaks: shrunk)
            error.assign(weight)
            grid.roundInPlace(error, scales: scales)
            error.subtract(weight)
            along.assignProduct(error, gram)
            for (row, cost) in RowKernels.rowDots(error, along).enumerated()
            where cost < least[row] {
                least[row] = cost
                best[row, 0] = scales[row, 0]
            }
        }
        return best
    }
}
