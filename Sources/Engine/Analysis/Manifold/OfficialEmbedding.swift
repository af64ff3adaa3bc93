// The official MKA code's embedding and its rank normalisation, step for step.

package import TensorMath

/// One layer's embedding as the official pipeline computes it.
package struct OfficialEmbedding: Sendable {
    /// `[n, d]`: singular vectors 1 to d over the zeroth, float32 values. The signs are LAPACK's,
    /// as in the official code.
    package let coordinates: DoubleMatrix
    /// `[n, d]`: each column's ranks over n, 0 to (n - 1) / n.
    package let ranked: DoubleMatrix
    /// Of the normalised kernel, before the small corrections; at most the largest float32.
    let conditionNumber: Double

    /// Embeds the rows that `OfficialRows.selection` names, finite, in `dimensions` coordinates.
    package init(
        rows: LayerRows, dimensions: Int, boundary: Int
    ) throws(AnalysisError) {
        guard dimensions >= 1, dimensions <= 64, rows.count > dimensions else {
            throw .parameterOutOfRange(
                name: "dimensions", value: "\(dimensions)",
                expected: "1 to 64, below the number of samples (\(rows.count))")
        }
        do throws(LinearAlgebraError) {
            var kernel = OfficialKernel(rows: rows).values
            let operation = try DiffusionOperator(
                &kernel, count: rows.count, vectors: dimensions + 1)
            conditionNumber = operation.conditionNumber
            coordinates = Self.ratios(operation.leading, dimensions: dimensions)
        } catch {
            throw .linearAlgebra(boundary: boundary, cause: error)
        }
        var ranks = DoubleMatrix(rows: rows.count, columns: dimensions)
        for column in 0..<dimensions {
            let order = NumPyOrder.sorted(coordinates.column(column))
            for (rank, row) in order.enumerated() {
                ranks[row, column] = Double(rank) / Double(rows.count)
            }
        }
        ranked = ranks
    }

    /// Columns 1 to d over column 0 in float32; what is not finite becomes 0.
    private static func ratios(_ leading: DoubleMatrix, dimensions: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: leading.rows, columns: dimensions)
        for row in 0..<leading.rows {
            let first = Float(leading[row, 0])
            let divisor = first == 0 ? 1e-8 : first
            for column in 0..<dimensions {
                let ratio = Float(leading[row, column + 1]) / divisor
                result[row, column] = ratio.isFinite ? Double(ratio) : 0
            }
        }
        return result
    }
}

/// The leading singular vectors of the normalised kernel.
private struct DiffusionOperator {
    let conditionNumber: Double
    /// `[n, vectors]`.
    let leading: DoubleMatrix

    /// Up to this many rows, the full decomposition of the official code is repeated (its signs
    /// matter to the ties of the ranks); beyond, only the eigenvectors needed are computed.
    private static let fullDecompositionMax = 256

    /// Only an infinite condition number is regularised: eps on the diagonal, eps = 1e-6, 1e-5,
    /// ... added up, at most ten times. Then NaN becomes 0, and entries below 1e-12 become 1e-12.
    init(_ kernel: inout [Float], count: Int, vectors: Int) throws(LinearAlgebraError) {
        var singular = try Self.singularValues(kernel, count)
        var condition = Self.condition(singular.values)
        var ridge: Float = 1e-6
        var attempts = 0
        var changed = false
        while condition.isInfinite, attempts < 10 {
            for row in 0..<count { kernel[row * count + row] += ridge }
            singular = try Self.singularValues(kernel, count)
            condition = Self.condition(singular.values)
            ridge *= 10
            attempts += 1
        }
        conditionNumber = min(condition, Double(Float.greatestFiniteMagnitude))
        for index in kernel.indices where !(kernel[index].magnitude >= 1e-12) {
            kernel[index] = 1e-12
            changed = true
        }
        if changed { singular = try Self.singularValues(kernel, count) }
        var leading = DoubleMatrix(rows: count, columns: vectors)
        for row in 0..<count {
            for column in 0..<vectors { leading[row, column] = singular.left[row, column] }
        }
        self.leading = leading
    }

    /// Singular values descending, and at least the leading left vectors.
    private static func singularValues(
        _ kernel: [Float], _ count: Int
    ) throws(LinearAlgebraError) -> (values: [Double], left: DoubleMatrix) {
        let matrix = DoubleMatrix(
            rows: count, columns: count,
            values: kernel.map { $0.isNaN ? 0 : Double($0) })
        if count <= fullDecompositionMax {
            let full = try matrix.singularValueDecomposition()
            return (full.values, full.left)
        }
        return try leadingByMagnitude(matrix)
    }

    /// Of a symmetric matrix: singular values are the magnitudes of eigenvalues.
    private static func leadingByMagnitude(
        _ matrix: DoubleMatrix
    ) throws(LinearAlgebraError) -> (values: [Double], left: DoubleMatrix) {
        let count = matrix.rows
        let wanted = min(65, count / 2)
        let values = try matrix.symmetricEigenvalues().map(\.magnitude).sorted(by: >)
        let bottom = try matrix.symmetricEigen(0..<wanted)
        let top = try matrix.symmetricEigen(count - wanted..<count)
        let pairs =
            (0..<wanted).map { (bottom.values[$0], bottom.vectors.column($0)) }
            + (0..<wanted).map { (top.values[$0], top.vectors.column($0)) }
        let leading = pairs.sorted { $0.0.magnitude > $1.0.magnitude }.prefix(wanted)
        let rows = leading.flatMap(\.1)
        return (values, DoubleMatrix(rows: wanted, columns: count, values: rows).transposed)
    }

    /// Largest over smallest, both rounded to float32 as the official code's are.
    private static func condition(_ values: [Double]) -> Double {
        guard let largest = values.first, let smallest = values.last else { return 1 }
        return Double(Float(largest) / Float(smallest))
    }
}
