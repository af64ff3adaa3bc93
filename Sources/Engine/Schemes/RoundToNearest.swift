// Round to nearest: each weight to the code next to it, with nothing made up for.

package import Failures
package import TensorMath

/// Numbers that no code can stand for. Whoever knows the tensor's name puts it before the words.
package enum RoundingFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    case notFinite(count: Int)
    case scaleTooLarge(largest: Float, format: FloatFormat)

    package var failureClass: FailureClass { .user }

    /// What helps where a model's format does not reach far enough; `output` says nothing of the
    /// original.
    package static let cure =
        "write `output: {dtype: bfloat16}`, or, if it is of the unfolded model, take "
        + "`original: true` out of the entry"

    package var description: String {
        switch self {
        case .notFinite(let count):
            "\(count) of its values are NaN or infinite, and cannot be quantised"
        case .scaleTooLarge(let largest, let format):
            "the scale of its largest value, \(largest), is beyond what \(format.rawValue) holds: "
                + Self.cure
        }
    }
}

extension QuantizedMatrix {
    /// Scales from the largest magnitude of each group, then the nearest codes.
    ///
    /// - Parameters:
    ///   - matrix: [rows, columns].
    ///   - format: in which scales are stored.
    package init(
        rounding matrix: MatrixView, _ scheme: WeightScheme, scalesIn format: FloatFormat
    ) throws(RoundingFault) {
        let scales = try scheme.scales(of: matrix, in: format)
        self.init(rounding: matrix, scheme, scales: scales)
    }

    /// The nearest codes under given scales, [rows, groups]; all values are numbers.
    package init(rounding matrix: MatrixView, _ scheme: WeightScheme, scales: [Float]) {
        let columns = matrix.columns
        let width = scheme.groupWidth(columns: columns)
        let groups = scheme.groupCount(columns: columns)
        let codes = Parallel.map(matrix.rows) { row in
            matrix.withRow(row) { values in
                var codes = [Int8](repeating: 0, count: columns)
                var target = codes.mutableSpan
                for group in 0..<groups {
                    let scale = scales[row * groups + group]
                    for column in group * width..<(group + 1) * width {
                        target[column] = scheme.code(values[column], scale: scale)
                    }
                }
                return codes
            }
        }
        self.init(
            rows: matrix.rows, columns: columns, scheme: scheme, codes: Array(codes.joined()),
            scales: scales)
    }
}

extension WeightScheme {
    /// Of each group of each row, [rows, groups].
    package func scales(
        of matrix: MatrixView, in format: FloatFormat
    ) throws(RoundingFault) -> [Float] {
        let width = groupWidth(columns: matrix.columns)
        let groups = groupCount(columns: matrix.columns)
        let rows = Parallel.map(matrix.rows) { row in
            matrix.withRow(row) { values in
                var whole = FiniteCount()
                whole.add(values)
                var scales: [Float] = []
                for group in 0..<groups {
                    var part = FiniteCount()
                    part.add(values.extracting(group * width..<(group + 1) * width))
                    scales.append(scale(largest: part.largest, in: format))
                }
                return (scales: scales, numbers: whole)
            }
        }
        let bad = rows.reduce(0) { $0 + $1.numbers.others }
        guard bad == 0 else { throw .notFinite(count: bad) }
        let largest = rows.reduce(0) { max($0, $1.numbers.largest) }
        guard !format.overflows(largest / reach) else {
            throw .scaleTooLarge(largest: largest, format: format)
        }
        return rows.flatMap(\.scales)
    }
}
