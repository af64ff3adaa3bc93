// `mahalanobis`: distances between layers' outputs, measured in the spread of the samples.

import TensorMath

/// S_ij = 1 / (1 + d_ij / m): d_ij the mean over samples of sqrt(δᵀ Σ⁻¹ δ), δ = x_i - x_j, x_l the
/// output of layer l; m the mean of d over different layers.
///
/// Σ is the covariance of the samples within a layer, pooled over all layers (divisor: all rows),
/// plus `ridge` times its mean diagonal on the diagonal: with fewer samples than columns it would
/// be singular. Memory: three matrices of width² doubles, and four of all layers' outputs: the
/// distances of all pairs are taken from outputs that one factorisation has weighted.
struct MahalanobisSimilarity: SimilarityMeasure {
    let name = "mahalanobis"
    let summary = "distance of the layers' outputs in units of the samples' spread"
    let source = "MKA, arXiv 2406.16330, Figure 5"
    let range = "0 to 1, the diagonal 1; one half at the average distance"
    let parameterNames = ["ridge"]

    func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int {
        let squares = 24 * shape.width * shape.width
        // Outputs, transposed, solved, and turned back; before, a layer centred and transposed.
        let outputs = 4 * max(1, shape.layers) * shape.layerDoubles
        let packing = Double(DoubleMatrix.packingByteCount(columns: Int(shape.width)))
        return BoundaryShape.bytes(max(squares + outputs + packing, SampleAverages.bytes(shape)))
    }

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let shape = try boundaries.validate(samplesMin: 2, reason: name)
        guard parameters.ridge > 0, parameters.ridge.isFinite else {
            throw AnalysisError.parameterOutOfRange(
                name: "ridge", value: "\(parameters.ridge)", expected: "a number above 0")
        }
        let outputs = boundaries.dropFirst()
        let covariance = try Self.pooledCovariance(outputs, shape, ridge: parameters.ridge)
        guard let covariance else {
            return DistanceSimilarity.matrix(
                try SampleAverages.mean(of: outputs, centred: true) { $0.distance },
                warnings: [
                    "all samples are equal in every layer: there is no spread to measure with, "
                        + "the plain distance is used"
                ])
        }
        let stacked = DoubleMatrix(
            rows: outputs.count * shape.samples, columns: shape.width,
            values: try (0..<outputs.count).flatMap {
                try outputs.rows($0).values.lazy.map(Double.init)
            })
        do throws(LinearAlgebraError) {
            return DistanceSimilarity.matrix(
                try Self.distances(stacked, layers: outputs.count, covariance))
        } catch {
            throw AnalysisError.linearAlgebra(boundary: boundaries.count - 1, cause: error)
        }
    }

    /// `[width, width]`, or nil where nothing varies.
    private static func pooledCovariance(
        _ layers: LayerBoundaries, _ shape: (samples: Int, width: Int), ridge: Double
    ) throws -> DoubleMatrix? {
        let width = shape.width
        var sum = DoubleMatrix(rows: width, columns: width)
        for layer in 0..<layers.count {
            var centred = try layers.rows(layer).doubles
            centred.subtractColumnMeans()
            sum.addGram(ofRows: centred.transposed)
        }
        sum.mirrorUpperTriangle()
        let divisor = Double(layers.count * shape.samples)
        sum.values = sum.values.map { $0 / divisor }
        let meanDiagonal = (0..<width).reduce(0) { $0 + sum[$1, $1] } / Double(width)
        guard meanDiagonal > 0 else { return nil }
        for index in 0..<width { sum[index, index] += ridge * meanDiagonal }
        return sum
    }

    /// - Parameter stacked: the outputs of one layer below those of the other.
    private static func distances(
        _ stacked: DoubleMatrix, layers size: Int, _ covariance: DoubleMatrix
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        let (count, width) = (stacked.rows / size, stacked.columns)
        // weighted[r, :] = Σ⁻¹ x_r
        let weighted = try covariance.solvePositiveDefinite(stacked.transposed).transposed
        let matrix = SimilarityMatrix.symmetric(size: size) { first, second in
            guard first != second else { return 0 }
            var sum = 0.0
            let rows = stacked.values.span
            let images = weighted.values.span
            for sample in 0..<count {
                let left = (first * count + sample) * width
                let right = (second * count + sample) * width
                var square = 0.0
                for column in 0..<width {
                    square +=
                        (rows[left + column] - rows[right + column])
                        * (images[left + column] - images[right + column])
                }
                sum += max(0, square).squareRoot()
            }
            return sum / Double(count)
        }
        return DoubleMatrix(rows: size, columns: size, values: matrix.values)
    }
}

extension LayerRows {
    /// The rows in double precision, `[count, width]`.
    var doubles: DoubleMatrix {
        DoubleMatrix(rows: count, columns: width, values: values.map(Double.init))
    }
}
