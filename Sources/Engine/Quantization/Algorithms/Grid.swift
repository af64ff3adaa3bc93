// The grid that a scheme of whole numbers rounds weights to, for matrices as the algorithms hold
// them.

import Schemes
import TensorMath

/// Symmetric whole numbers times a scale for each group of columns of each row.
struct Grid: Sendable {
    let scheme: WeightScheme
    /// What scales are rounded to before they are used: the format they are stored in.
    let scaleFormat: FloatFormat

    /// - Parameter scheme: of whole numbers.
    init(_ scheme: WeightScheme, scaleFormat: FloatFormat) {
        precondition(scheme.kind == .int, "a grid is of whole numbers")
        self.scheme = scheme
        self.scaleFormat = scaleFormat
    }

    var bounds: GridRounding.Bounds {
        GridRounding.Bounds(low: scheme.range.lowerBound, high: scheme.range.upperBound)
    }

    /// Columns of a group in a weight of so many.
    func group(of columns: Int) -> Int { scheme.groupWidth(columns: columns) }

    /// Scales of the largest magnitudes of groups, as they are stored.
    func scales(ofPeaks peaks: MatrixView) -> MatrixView {
        let scales = MatrixView(rows: peaks.rows, columns: peaks.columns)
        Parallel.forEachRun(of: peaks.rows, grain: 64) { rows in
            for row in rows {
                for column in 0..<peaks.columns {
                    scales[row, column] = scheme.scale(
                        largest: peaks[row, column], in: scaleFormat)
                }
            }
        }
        return scales
    }

    /// Scales of a weight [outputs, inputs]: [outputs, groups].
    func scales(of weight: MatrixView) -> MatrixView {
        scales(ofPeaks: GridRounding.peaks(weight, group: group(of: weight.columns)))
    }

    /// The weight as it reads back when each number is rounded by itself; takes its place.
    func roundInPlace(_ weight: MatrixView) { roundInPlace(weight, scales: scales(of: weight)) }

    func roundInPlace(_ weight: MatrixView, scales: MatrixView) {
        let group = group(of: weight.columns)
        GridRounding.round(weight, scales: scales, group: group, to: bounds, into: weight)
        GridRounding.scale(weight, scales: scales, group: group, into: weight)
    }

    /// Each number rounded by itself.
    func nearest(_ weight: MatrixView) -> QuantizedMatrix {
        nearest(weight, scales: scales(of: weight))
    }

    func nearest(_ weight: MatrixView, scales: MatrixView) -> QuantizedMatrix {
        let codes = MatrixView(rows: weight.rows, columns: weight.columns)
        GridRounding.round(
            weight, scales: scales, group: group(of: weight.columns), to: bounds, into: codes)
        return matrix(codes, scales: scales)
    }

    /// - Parameters:
    ///   - codes: whole numbers within the bounds, [outputs, inputs].
    ///   - scales: [outputs, groups].
    func matrix(_ codes: MatrixView, scales: MatrixView) -> QuantizedMatrix {
        QuantizedMatrix(
            rows: codes.rows, columns: codes.columns, scheme: scheme, codes: codes.codes,
            scales: scales.values())
    }

    /// Mean over all outputs of |w| as a share of the largest of its group, for each input: what
    /// AWQ holds against activations.
    ///
    /// - Parameter weights: that read the same inputs, [outputs, inputs] each.
    func shares(of weights: [MatrixView]) -> [Double] {
        let inputs = weights.first?.columns ?? 0
        var sums = [Double](repeating: 0, count: inputs)
        for weight in weights {
            let group = group(of: inputs)
            let peaks = GridRounding.peaks(weight, group: group)
            let inverse = MatrixView(
                rows: peaks.rows, columns: peaks.columns,
                values: peaks.values().map { 1 / ($0 + 1e-6) })
            let relative = MatrixView(rows: weight.rows, columns: inputs)
            GridRounding.scale(weight, scales: inverse, group: group, into: relative)
            GridRounding.addMagnitudes(of: relative, to: &sums)
        }
        let rows = Double(weights.reduce(0) { $0 + $1.rows })
        return sums.map { $0 / rows }
    }
}
