// Squared Euclidean distances between all rows of a layer, by matrix products.

import TensorMath

extension LayerRows {
    /// |x_i - x_j|² for all pairs of rows: `[count, count]`, symmetric, zero diagonal.
    ///
    /// |x_i|² + |x_j|² - 2 x_i·x_j on rows centred on their mean, in double, column panel by
    /// column panel (scratch: `count` x 1,024 doubles). Cancellation: the product form is off by
    /// about √width · 1.1e-16 · (|x_i|² + |x_j|²), at worst `width` times 2.2e-16 of it; where the
    /// squared distance is below a thousandth of |x_i|² + |x_j|², it is computed again from the
    /// differences. So every entry is right to 2e-9 relative at width 8,192 at worst; 1e-11 is
    /// usual.
    func squaredDistances() -> DoubleMatrix {
        var gram = DoubleMatrix(rows: count, columns: count)
        let means = columnMeans()
        for start in stride(from: 0, to: width, by: Self.panelWidth) {
            let end = min(start + Self.panelWidth, width)
            gram.addGram(ofRows: centredPanel(columns: start..<end, means: means))
        }
        return distances(fromGram: gram)
    }

    private static let panelWidth = 1024
    /// Below this share of |x_i|² + |x_j|² the product form has lost three digits.
    private static let cancellationShare = 1e-3

    func columnMeans() -> [Double] {
        var sums = [Double](repeating: 0, count: width)
        let span = values.span
        var target = sums.mutableSpan
        for row in 0..<count {
            for column in 0..<width { target[column] += Double(span[row * width + column]) }
        }
        return sums.map { $0 / Double(max(count, 1)) }
    }

    private func centredPanel(columns: Range<Int>, means: [Double]) -> DoubleMatrix {
        var panel = [Double](repeating: 0, count: count * columns.count)
        let span = values.span
        let shift = means.span
        var target = panel.mutableSpan
        var place = 0
        for row in 0..<count {
            for column in columns {
                target[place] = Double(span[row * width + column]) - shift[column]
                place += 1
            }
        }
        return DoubleMatrix(rows: count, columns: columns.count, values: panel)
    }

    /// `gram` holds x_i·x_j of the centred rows in its upper triangle.
    private func distances(fromGram gram: DoubleMatrix) -> DoubleMatrix {
        let norms = (0..<count).map { gram[$0, $0] }
        let rows = Parallel.map(count) { row in
            (row..<count).map { other -> Double in
                guard other != row else { return 0 }
                let scale = norms[row] + norms[other]
                let squared = scale - 2 * gram[row, other]
                // Also taken when the scale is zero: all rows equal.
                return squared > Self.cancellationShare * scale
                    ? squared : exactSquaredDistance(row, other)
            }
        }
        var result = [Double](repeating: 0, count: count * count)
        for (row, entries) in rows.enumerated() {
            for (offset, entry) in entries.enumerated() {
                result[row * count + row + offset] = entry
                result[(row + offset) * count + row] = entry
            }
        }
        return DoubleMatrix(rows: count, columns: count, values: result)
    }

    private func exactSquaredDistance(_ first: Int, _ second: Int) -> Double {
        let span = values.span
        var sum = 0.0
        for column in 0..<width {
            let difference =
                Double(span[first * width + column]) - Double(span[second * width + column])
            sum += difference * difference
        }
        return sum
    }
}
