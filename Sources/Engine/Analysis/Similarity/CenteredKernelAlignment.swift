// `cka`: linear centred kernel alignment (Kornblith et al. 2019, arXiv 1905.00414), and its
// unbiased estimate (Song et al. 2012; Nguyen et al. 2021, arXiv 2010.15327).

import TensorMath

/// S_ij = <K_i, K_j> / (|K_i| |K_j|): K_l the centred Gram matrix of the samples' outputs of layer
/// l. Invariant to rotations and to one factor per layer. `unbiased` replaces centring by
/// U-centring (zero diagonal), which takes out the similarity that few samples in many columns
/// have by chance.
struct CenteredKernelAlignment: SimilarityMeasure {
    let name = "cka"
    let summary = "linear centred kernel alignment of the layers' outputs"
    let source = "Kornblith et al., arXiv 1905.00414; unbiased: arXiv 2010.15327"
    let range = "0 to 1, the diagonal 1; unbiased: may fall slightly below 0"
    let parameterNames = ["unbiased"]

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let shape = try boundaries.validate(
            samplesMin: parameters.unbiased ? 4 : 2,
            reason: parameters.unbiased ? "unbiased cka" : name)
        let inner = try Self.innerProducts(
            boundaries.dropFirst(), count: shape.samples, unbiased: parameters.unbiased)
        let size = inner.rows
        let warnings = (0..<size).filter { inner[$0, $0] <= 0 }.map {
            "layer \($0): its outputs do not vary over the samples; its similarities are set to 0"
        }
        let values = (0..<size * size).map { place -> Double in
            let (row, column) = (place / size, place % size)
            guard row != column else { return 1 }
            guard inner[row, row] > 0, inner[column, column] > 0 else { return 0 }
            return inner[row, column]
                / (inner[row, row].squareRoot() * inner[column, column].squareRoot())
        }
        return SimilarityMatrix(size: size, values: values, warnings: warnings)
    }

    /// <K_i, K_j> for all layers, `[L, L]`.
    ///
    /// The kernels are made a panel of samples at a time, so that memory is bounded.
    /// - Parameter count: of samples.
    private static func innerProducts(
        _ layers: LayerBoundaries, count: Int, unbiased: Bool
    ) throws -> DoubleMatrix {
        let size = layers.count
        let panelRows = max(1, panelDoubles / (size * count))
        var sum = DoubleMatrix(rows: size, columns: size)
        for start in stride(from: 0, to: count, by: panelRows) {
            let samples = start..<min(start + panelRows, count)
            var panel = DoubleMatrix(rows: size, columns: samples.count * count)
            panel.values = try (0..<size).flatMap {
                kernelPanel(try layers.rows($0), samples, unbiased: unbiased)
            }
            sum.addGram(ofRows: panel)
        }
        sum.mirrorUpperTriangle()
        return sum
    }

    /// 128 MB.
    private static let panelDoubles = 1 << 24

    /// Rows `samples` of one layer's (U-)centred kernel.
    private static func kernelPanel(
        _ layer: LayerRows, _ samples: Range<Int>, unbiased: Bool
    ) -> [Double] {
        var centred = layer.doubles
        centred.subtractColumnMeans()
        let part = DoubleMatrix(
            rows: samples.count, columns: centred.columns,
            values: Array(
                centred.values[
                    samples.lowerBound * centred.columns..<samples.upperBound * centred.columns]))
        let kernel = DoubleMatrix.product(part, centred, transposingRight: true).values
        guard unbiased else { return kernel }
        // The rows of a centred kernel add up to zero, so its sums without the diagonal are minus
        // the diagonal, and U-centring needs no more than that.
        let squares = (0..<layer.count).map { row in
            centred.row(row).reduce(0) { $0 + $1 * $1 }
        }
        let n = Double(layer.count)
        let total = squares.reduce(0, +) / ((n - 1) * (n - 2))
        var result = kernel
        for (offset, row) in samples.enumerated() {
            for column in 0..<layer.count {
                let place = offset * layer.count + column
                result[place] =
                    row == column
                    ? 0 : kernel[place] + (squares[row] + squares[column]) / (n - 2) - total
            }
        }
        return result
    }
}
