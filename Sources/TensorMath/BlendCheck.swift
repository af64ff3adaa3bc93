// The check that proves a stored blend: recomputed in double, on all cores, in pieces that stay in
// the cache.

import Synchronization

extension Blend {
    /// The largest |stored - sum_i weights[i] * matrices[i]| (the sum in double), as a share of
    /// what rounding may do: half a unit in the last place of the stored format, and in f32 those
    /// of each weight, of each product and of the running sum. At most 1 for what `rows`
    /// computed; infinite where one of the two is a number and the other is not.
    ///
    /// - Parameter matrices: of the stored one's shape, any formats.
    package static func largestError(
        of stored: WeightMatrix, against matrices: [WeightMatrix], weights: [Double]
    ) -> Double {
        precondition(matrices.count == weights.count, "a weight for each")
        precondition(
            matrices.allSatisfy { $0.rows == stored.rows && $0.columns == stored.columns },
            "shapes differ")
        let largest = Mutex(0.0)
        Parallel.forEachRun(of: stored.rows * stored.columns, grain: BlendCheck.pieceCount) { run in
            var check = BlendCheck(stored: stored, matrices: matrices, weights: weights)
            let found = check.largestError(run)
            largest.withLock { $0 = max($0, found) }
        }
        return largest.withLock { $0 }
    }
}

/// The check of one thread, with the buffers that it keeps.
private struct BlendCheck {
    /// Elements at a time: 160 KiB of buffers.
    static let pieceCount = 8192

    private let stored: WeightMatrix
    private let matrices: [WeightMatrix]
    private let weights: [Double]
    private let floats = FloatBuffer(count: pieceCount)
    private var sums = [Double](repeating: 0, count: pieceCount)
    /// Sums of the magnitudes of the terms.
    private var sizes = [Double](repeating: 0, count: pieceCount)

    init(stored: WeightMatrix, matrices: [WeightMatrix], weights: [Double]) {
        self.stored = stored
        self.matrices = matrices
        self.weights = weights
    }

    mutating func largestError(_ run: Range<Int>) -> Double {
        var largest = 0.0
        for start in stride(from: run.lowerBound, to: run.upperBound, by: Self.pieceCount) {
            let piece = start..<min(run.upperBound, start + Self.pieceCount)
            addUp(piece)
            largest = max(largest, compared(piece))
        }
        return largest
    }

    /// The shares of these elements, in the order of the shares.
    private mutating func addUp(_ piece: Range<Int>) {
        let share = unsafe floats.pointer(at: 0)
        for (place, (matrix, weight)) in zip(matrices, weights).enumerated() {
            matrix.widen(piece, into: floats)
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe sizes.withUnsafeMutableBufferPointer { sizes in
                    for index in 0..<piece.count {
                        let term = unsafe weight * Double(share[index])
                        unsafe sums[index] = place == 0 ? term : sums[index] + term
                        unsafe sizes[index] = place == 0 ? abs(term) : sizes[index] + abs(term)
                    }
                }
            }
        }
    }

    private func compared(_ piece: Range<Int>) -> Double {
        stored.widen(piece, into: floats)
        let found = unsafe floats.pointer(at: 0)
        let least = stored.format.leastNormal
        // Half the distance of neighbours at 1.
        let half = Double(
            sign: .plus, exponent: -stored.format.significandBits - 1, significand: 1)
        // A weight, its product, and every sum that the product is part of.
        let roundings = Double(matrices.count + 1) * 0x1p-24
        return unsafe sums.withUnsafeBufferPointer { sums in
            unsafe sizes.withUnsafeBufferPointer { sizes in
                var largest = 0.0
                for index in 0..<piece.count {
                    let sum = unsafe sums[index]
                    let value = unsafe Double(found[index])
                    // `max` passes over a NaN, which is the worst of errors.
                    guard sum.isFinite, value.isFinite else {
                        if value.isNaN != sum.isNaN || !sum.isNaN && value != sum {
                            return .infinity
                        }
                        continue
                    }
                    // The exponent alone: the power of two at or below the magnitude.
                    let power = Double(
                        bitPattern: max(abs(sum), least).bitPattern & 0x7FF0_0000_0000_0000)
                    let allowed = unsafe half * power + roundings * max(sizes[index], least)
                    largest = max(largest, abs(value - sum) / allowed)
                }
                return largest
            }
        }
    }
}

extension WeightMatrix {
    /// Widens the elements `range`, counted row by row, to the first floats of `target`.
    fileprivate func widen(_ range: Range<Int>, into target: FloatBuffer) {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows * columns, "no such element")
        precondition(range.count <= target.count, "the buffer is too short")
        let width = format.byteWidth
        unsafe Conversion.widen(
            UnsafeRawBufferPointer(
                start: base + range.lowerBound * width, count: range.count * width),
            from: format,
            into: UnsafeMutableBufferPointer(start: target.pointer(at: 0), count: range.count))
    }
}
