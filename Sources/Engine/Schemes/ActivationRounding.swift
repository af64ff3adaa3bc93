// Activations as a runtime of eight-bit products sees them: each token rounded with a scale of its
// own, found from its largest magnitude (compressed-tensors, strategy `token`, dynamic).

package import TensorMath

extension ActivationScheme {
    /// Writes `matrix` into `target` as it reads back after rounding; both [tokens, width].
    package func round(_ matrix: MatrixView, into target: MatrixView) {
        precondition(matrix.isShaped(like: target), "shapes differ")
        Parallel.forEachRun(of: matrix.rows, grain: max(1, 16_384 / max(1, matrix.columns))) {
            for row in $0 {
                matrix.withRow(row) { values in
                    target.withMutableRow(row) { rounded in round(values, into: &rounded) }
                }
            }
        }
    }

    /// One token.
    func round(_ values: Span<Float>, into rounded: inout MutableSpan<Float>) {
        var numbers = FiniteCount()
        numbers.add(values)
        // As absmax / absmax: a token that overflows is no number behind the rounding either.
        guard self == .none || numbers.others == 0 else {
            for index in values.indices { rounded[index] = .nan }
            return
        }
        switch self {
        case .none:
            for index in values.indices { rounded[index] = values[index] }
        case .int8Token:
            let scale = Self.scale(numbers.largest / 127.5)
            for index in values.indices {
                let bounded = min(max(values[index] / scale, -128), 127)
                rounded[index] = NearestInteger.of(bounded) * scale
            }
        case .fp8Token:
            let scale = Self.scale(numbers.largest / E4M3.largest)
            for index in values.indices {
                rounded[index] = E4M3.rounded(values[index] / scale) * scale
            }
        }
    }

    /// A token of zeros is divided by something all the same.
    private static func scale(_ scale: Float) -> Float { scale == 0 ? .ulpOfOne : scale }
}
