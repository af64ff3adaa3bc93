// `autoencoder`: layers compared by the codes that a small autoencoder, trained on all layers'
// outputs together, gives to the same sample.

import TensorMath

/// S_ij = mean over samples of cos(c_i, c_j): c_l the code of the sample's output of layer l.
///
/// The code is tanh(W x + b) of `codeWidth` numbers, decoded linearly; one network for all layers,
/// trained by `steps` full-batch Adam steps on up to 4,096 evenly spaced rows of all layers, from a
/// seeded start. Rows are centred on the mean of all rows and divided by their root mean square.
struct Autoencoder: SimilarityMeasure {
    let name = "autoencoder"
    let summary = "cosine of the codes of a small autoencoder over all layers' outputs"
    let source = "MKA, arXiv 2406.16330, Figure 5 (architecture not given there)"
    let range = "-1 to 1, the diagonal 1"
    let parameterNames = ["code_width", "steps", "seed"]

    private static let trainingRowsMax = 4096

    /// While it trains, the rows of that as read, centred and scaled; then a layer's in double,
    /// normalised and copied; all codes, the network, and what Adam keeps of it.
    func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int {
        let code = Double(max(0, parameters.codeWidth))
        let rows = min(Double(Self.trainingRowsMax), shape.layers * shape.samples)
        let training = 8 * rows * (4 * shape.width + 8 * code)
        let codes = shape.layers * shape.samples * code * 12
        let network = 16 * 8 * shape.width * code
        let encoding = 3 * shape.layerDoubles + 16 * shape.samples * code
        return BoundaryShape.bytes(
            training + codes + network + encoding + SampleAverages.bytes(shape))
    }

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let shape = try boundaries.validate(samplesMin: 1, reason: name)
        let limits = [
            ("code_width", parameters.codeWidth, 1...shape.width),
            ("steps", parameters.steps, 1...1_000_000),
        ]
        for (name, value, allowed) in limits where !allowed.contains(value) {
            throw AnalysisError.parameterOutOfRange(
                name: name, value: "\(value)",
                expected: "\(allowed.lowerBound) to \(allowed.upperBound)")
        }
        let outputs = boundaries.dropFirst()
        let (training, mean, scale) = try Self.trainingRows(outputs, shape)
        guard scale > 0 else {
            return SimilarityMatrix(
                size: outputs.count,
                values: Array(repeating: 1, count: outputs.count * outputs.count),
                warnings: ["all outputs of all layers are equal; every similarity is 1"])
        }
        var network = TanhAutoencoder(
            width: shape.width, codeWidth: parameters.codeWidth, seed: parameters.seed)
        let loss = network.train(on: training, steps: parameters.steps)
        let trained = network
        let codes = try (0..<outputs.count).map { layer -> LayerRows in
            let rows = try outputs.rows(layer).doubles
            let code = trained.encode(Self.normalised(rows, mean: mean, scale: scale))
            return LayerRows(
                count: code.rows, width: code.columns, values: code.values.map { Float($0) })
        }
        let cosines = try SampleAverages.mean(of: LayerBoundaries(codes), centred: false) {
            $0.cosine(undefined: 0)
        }
        return SimilarityMatrix(
            size: outputs.count, values: cosines.values,
            warnings: ["the autoencoder's codes leave \(loss) of the outputs' variance unexplained"]
        )
    }

    /// Evenly spaced rows of all layers, normalised, and what normalises them.
    private static func trainingRows(
        _ layers: LayerBoundaries, _ shape: (samples: Int, width: Int)
    ) throws -> (rows: DoubleMatrix, mean: [Double], scale: Double) {
        let (count, width) = shape
        let total = layers.count * count
        let spacing = (total + trainingRowsMax - 1) / trainingRowsMax
        let picked = Array(stride(from: 0, to: total, by: spacing))
        var rows = DoubleMatrix(rows: picked.count, columns: width)
        rows.values = try (0..<layers.count).flatMap { layer in
            let values = try layers.rows(layer).values
            return picked.filter { $0 / count == layer }.flatMap { index in
                let start = index % count * width
                return values[start..<start + width].map(Double.init)
            }
        }
        var centred = rows
        centred.subtractColumnMeans()
        let mean = zip(rows.row(0), centred.row(0)).map { $0 - $1 }
        let square = centred.values.reduce(0) { $0 + $1 * $1 } / Double(centred.values.count)
        let scale = square.squareRoot()
        if scale > 0 { centred.values = centred.values.map { $0 / scale } }
        return (centred, mean, scale)
    }

    private static func normalised(
        _ rows: DoubleMatrix, mean: [Double], scale: Double
    ) -> DoubleMatrix {
        var result = rows.values
        for place in result.indices {
            result[place] = (result[place] - mean[place % rows.columns]) / scale
        }
        return DoubleMatrix(rows: rows.rows, columns: rows.columns, values: result)
    }
}
