// Where the tensors of a quantised model come from: computed as they are asked for, or kept.

package import Model
package import Schemes
package import TensorMath

/// What becomes of a model's tensors, by their names in it. Asked in the order of the file, and of
/// one tensor more than once.
package protocol QuantizedTensors {
    /// The codes and scales of a weight `P.weight`.
    func matrix(_ weight: String) throws -> QuantizedMatrix
    /// The scales of it alone, [rows, groups].
    func scales(_ weight: String) throws -> [Float]
    /// A dense tensor that changed on the way, such as a norm; nil: it stays.
    func dense(_ tensor: String) throws -> MatrixView?
    /// Bytes that are held beside the tensor that is asked for.
    var heldByteCount: Int { get }
}

extension QuantizedTensors {
    package var heldByteCount: Int { 0 }
    package func scales(_ weight: String) throws -> [Float] { try matrix(weight).scales }
    package func dense(_ tensor: String) throws -> MatrixView? { nil }
}

/// Each weight rounded to nearest, when it is asked for.
package struct RoundedTensors: QuantizedTensors {
    private let source: any WeightSource
    private let scheme: WeightScheme

    package init(_ source: any WeightSource, _ scheme: WeightScheme) {
        self.source = source
        self.scheme = scheme
    }

    package func matrix(_ weight: String) throws -> QuantizedMatrix {
        try read(weight) {
            try QuantizedMatrix(rounding: $0.floats(), scheme, scalesIn: $0.format)
        }
    }

    package func scales(_ weight: String) throws -> [Float] {
        try read(weight) { try scheme.scales(of: $0.floats(), in: $0.format) }
    }

    private func read<Result>(
        _ weight: String, _ body: (WeightMatrix) throws -> Result
    ) throws -> Result {
        defer { source.release([weight]) }
        do { return try body(try source.weight(weight)) } catch let fault as RoundingFault {
            throw QuantizationRefusal.tensor(weight, fault)
        }
    }
}
