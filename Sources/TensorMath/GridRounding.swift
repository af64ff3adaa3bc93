// Swift face of the rounding kernels: weights to whole numbers times a scale for each group of
// columns, all rows on all cores.

import Kernels

/// Rounding to a grid of whole numbers.
///
/// A group is a run of columns that share a scale in each row; the last may be shorter.
package enum GridRounding {
    /// The whole numbers that codes may be.
    package struct Bounds: Sendable, Equatable {
        package let low: Float
        package let high: Float

        package init(low: Float, high: Float) {
            precondition(-0x1p22 < low && low <= high && high < 0x1p22, "a range of whole numbers")
            self.low = low
            self.high = high
        }

        /// -2^(bits - 1) ... 2^(bits - 1) - 1.
        package init(bits: Int) {
            self.init(low: -Float(1 << (bits - 1)), high: Float(1 << (bits - 1)) - 1)
        }
    }

    private static func forEachRow(
        _ matrix: MatrixView, _ body: @Sendable (_ row: Int) -> Void
    ) {
        Parallel.forEachRun(of: matrix.rows, grain: max(1, 16_384 / max(1, matrix.columns))) {
            for row in $0 { body(row) }
        }
    }

    /// The largest magnitude of each group, [rows, groups].
    package static func peaks(_ weights: MatrixView, group: Int) -> MatrixView {
        precondition(group > 0, "a group has columns")
        let peaks = MatrixView(
            rows: weights.rows, columns: (weights.columns + group - 1) / group)
        forEachRow(weights) { row in
            unsafe kernels_group_peaks(
                weights.pointer(row: row), weights.columns, group, peaks.pointer(row: row))
        }
        return peaks
    }

    /// The code nearest to each weight, ties to even, as floats; `codes` may be `weights`.
    ///
    /// - Parameter scales: [rows, groups], none zero.
    package static func round(
        _ weights: MatrixView, scales: MatrixView, group: Int, to bounds: Bounds,
        into codes: MatrixView
    ) {
        precondition(codes.isShaped(like: weights), "shapes differ")
        requireScales(scales, weights, group)
        forEachRow(weights) { row in
            unsafe kernels_round_to_scales(
                weights.pointer(row: row), scales.pointer(row: row), weights.columns, group,
                bounds.low, bounds.high, codes.pointer(row: row))
        }
    }

    /// Codes times their scales; `weights` may be `codes`.
    package static func scale(
        _ codes: MatrixView, scales: MatrixView, group: Int, into weights: MatrixView
    ) {
        precondition(codes.isShaped(like: weights), "shapes differ")
        requireScales(scales, codes, group)
        forEachRow(codes) { row in
            unsafe kernels_scale_groups(
                codes.pointer(row: row), scales.pointer(row: row), codes.columns, group,
                weights.pointer(row: row))
        }
    }

    private static func requireScales(_ scales: MatrixView, _ weights: MatrixView, _ group: Int) {
        precondition(
            group > 0 && scales.rows == weights.rows
                && scales.columns == (weights.columns + group - 1) / group,
            "a scale for each group")
    }

    /// Inputs that `roundWithFeedback` takes at most.
    package static let feedbackMax = Int(ROUNDING_COLUMNS_MAX)

    /// Rounds inputs one after the other, each leaving its error to those behind it: the inner
    /// loop of GPTQ (arXiv 2210.17323, algorithm 1) over one block of inputs.
    ///
    /// - Parameters:
    ///   - weights: [inputs, outputs], transposed as they are; become codes.
    ///   - errors: [inputs, outputs]; what each input leaves behind, over its diagonal factor.
    ///   - scales: [groups, outputs].
    ///   - groups: row of the scales of each input.
    ///   - factor: [inputs, inputs], upper.
    package static func roundWithFeedback(
        _ weights: MatrixView, errors: MatrixView, scales: MatrixView, groups: [Int32],
        factor: MatrixView, to bounds: Bounds
    ) {
        precondition(
            weights.rows <= feedbackMax && groups.count == weights.rows
                && groups.allSatisfy { $0 >= 0 && $0 < scales.rows }, "a block and its groups")
        precondition(
            errors.isShaped(like: weights) && errors.stride == weights.stride
                && scales.columns == weights.columns && factor.rows == weights.rows
                && factor.columns == weights.rows, "shapes differ")
        guard weights.rows > 0 else { return }
        let width = Int(ROUNDING_OUTPUTS_MAX)
        Parallel.forEach((weights.columns + width - 1) / width) { part in
            let start = part * width
            unsafe kernels_round_with_feedback(
                weights.pointer(row: 0) + start, errors.pointer(row: 0) + start, weights.stride,
                scales.pointer(row: 0) + start, scales.stride, groups, factor.pointer(row: 0),
                factor.stride, bounds.low, bounds.high, weights.rows,
                min(width, weights.columns - start))
        }
    }
}

/// What is remembered of the columns of many rows.
extension GridRounding {
    /// peaks[c] = max(peaks[c], |x[r][c]|) over all rows; peaks [1, columns].
    package static func raise(_ peaks: MatrixView, toMagnitudesOf x: MatrixView) {
        precondition(peaks.rows == 1 && peaks.columns == x.columns, "a peak for each column")
        for row in 0..<x.rows {
            unsafe kernels_raise_to_magnitudes(
                peaks.pointer(row: 0), x.pointer(row: row), x.columns)
        }
    }

    /// sums[c] += |x[r][c]| over all rows.
    package static func addMagnitudes(of x: MatrixView, to sums: inout [Double]) {
        precondition(sums.count == x.columns, "a sum for each column")
        unsafe sums.withUnsafeMutableBufferPointer { sums in
            guard let base = sums.baseAddress else { return }
            for row in 0..<x.rows {
                unsafe kernels_add_magnitudes(base, x.pointer(row: row), x.columns)
            }
        }
    }
}

extension RowKernels {
    /// x[t] /= divisor, column by column; divisor [1, width], nowhere zero.
    package static func divide(_ x: MatrixView, by divisor: MatrixView) {
        precondition(divisor.rows == 1 && divisor.columns == x.columns, "divisor does not match")
        Parallel.forEachRun(of: x.rows, grain: max(1, 16_384 / max(1, x.columns))) { run in
            for row in run {
                unsafe kernels_divide(
                    x.pointer(row: row), divisor.pointer(row: 0), x.columns, x.pointer(row: row))
            }
        }
    }

    /// The sum of x[t] y[t] of each row, as floats multiply and doubles sum.
    package static func rowDots(_ x: MatrixView, _ y: MatrixView) -> [Double] {
        precondition(x.isShaped(like: y), "shapes differ")
        return Parallel.map(x.rows) { row in
            unsafe kernels_dot(x.pointer(row: row), y.pointer(row: row), x.columns)
        }
    }
}

extension MatrixView {
    /// A new matrix of these rows in this order.
    package func gathered(_ order: [Int]) -> MatrixView {
        let result = MatrixView(rows: order.count, columns: columns)
        Parallel.forEachRun(of: order.count, grain: max(1, 16_384 / max(1, columns))) { run in
            for place in run {
                result.rows(place..<place + 1).assign(rows(order[place]..<order[place] + 1))
            }
        }
        return result
    }

    /// A copy whose row `order[p]` is this one's row p: what `gathered` has done is undone.
    package func scattered(_ order: [Int]) -> MatrixView {
        let result = MatrixView(rows: rows, columns: columns)
        for (place, row) in order.enumerated() {
            result.rows(row..<row + 1).assign(rows(place..<place + 1))
        }
        return result
    }

    /// Whole numbers from -128 to 127, row by row.
    package var codes: [Int8] {
        unsafe [Int8](unsafeUninitializedCapacity: rows * columns) { buffer, count in
            for row in 0..<rows {
                let line = unsafe pointer(row: row)
                for column in 0..<columns {
                    unsafe buffer[row * columns + column] = Int8(line[column])
                }
            }
            count = rows * columns
        }
    }
}
