// Where the bytes of a new checkpoint's tensors come from: copied as they are, or produced.

import DurableIO
package import Failures
import JSON
package import TensorMath

/// A source gave another number of bytes than it said.
struct TensorByteCountError: ClassifiedFailure, Equatable, CustomStringConvertible {
    let tensor: String
    let expected: Int
    let found: Int

    var failureClass: FailureClass { .user }

    var description: String {
        "tensor \(quoted(tensor)): expected \(expected) bytes, its source gave \(found)"
    }
}

/// A number of a tensor is too large for the format it is to be stored in.
package struct TensorOverflow: ClassifiedFailure, Equatable, CustomStringConvertible {
    package let tensor: String
    package let dtype: DType
    /// Magnitude of the tensor's largest value.
    package let largest: Float
    let limit: Float

    package var failureClass: FailureClass { .user }

    package var description: String {
        "tensor \(quoted(tensor)): its largest value, \(largest), is beyond what "
            + "\(dtype.configName) holds (\(limit)) and would become an infinity, so that the "
            + "model was not written; write `output: {dtype: "
            + (dtype == .f16 ? "bfloat16" : "float32") + "}`"
    }
}

/// A tensor to be written: what it will be, and where its bytes come from.
package struct OutputTensor {
    package enum Source {
        /// The bytes of a stored tensor, unchanged; the kernel copies them where it can. Of a
        /// coded one its numbers.
        case copy(StoredTensor)
        /// Called once, when it is the tensor's turn; must write exactly the planned bytes.
        case produce((inout TensorSink) throws -> Void)
    }

    package let plan: TensorPlan
    package let source: Source

    /// The stored tensor under another name (or the same).
    package static func copy(_ tensor: StoredTensor, as name: String) -> OutputTensor {
        OutputTensor(
            plan: TensorPlan(name: name, dtype: tensor.dtype, shape: tensor.shape),
            source: .copy(tensor))
    }

    /// A tensor whose bytes `body` writes into the sink, row-major, in pieces of any length.
    package static func produce(
        _ name: String, _ dtype: DType, _ shape: [Int],
        _ body: @escaping (inout TensorSink) throws -> Void
    ) -> OutputTensor {
        OutputTensor(
            plan: TensorPlan(name: name, dtype: dtype, shape: shape), source: .produce(body))
    }
}

/// Takes the bytes of one tensor, in order, and counts them.
package struct TensorSink {
    let plan: TensorPlan
    private(set) var writtenByteCount = 0
    /// Of the floats that were written.
    package private(set) var numbers = FiniteCount()
    private let output: OutputFile

    init(plan: TensorPlan, output: OutputFile) {
        self.plan = plan
        self.output = output
    }

    /// Appends bytes as they are stored.
    /// - Throws: `TensorByteCountError` at the first byte too many, `FileBatchError`.
    package mutating func write(_ bytes: RawSpan) throws {
        guard bytes.byteCount <= plan.byteCount - writtenByteCount else {
            throw TensorByteCountError(
                tensor: plan.name, expected: plan.byteCount,
                found: writtenByteCount + bytes.byteCount)
        }
        try output.append(bytes)
        writtenByteCount += bytes.byteCount
    }

    /// Appends floats, rounded to the tensor's dtype: to nearest, ties to even.
    /// The dtype must be F32, F16 or BF16.
    package mutating func write(floats: Span<Float>) throws {
        guard let format = plan.dtype.floatFormat else {
            preconditionFailure("\(plan.name): \(plan.dtype.rawValue) takes no floats")
        }
        numbers.add(floats)
        var start = 0
        var narrowed: [UInt8] = []
        while start < floats.count {
            let end = min(start + Self.pieceLimit, floats.count)
            let byteCount = (end - start) * format.byteWidth
            if narrowed.count != byteCount { narrowed = .init(repeating: 0, count: byteCount) }
            var elements = narrowed.mutableSpan
            var bytes = unsafe elements.mutableBytes
            Conversion.narrow(floats.extracting(start..<end), to: format, into: &bytes)
            try write(unsafe narrowed.span.bytes)
            start = end
        }
    }

    /// Appends the numbers that codes stand for.
    mutating func write(_ tensor: StoredTensor, _ coding: any TensorCoding) throws {
        try tensor.forEachPiece(of: coding) { try write(floats: $0) }
    }

    /// After the last float.
    /// - Throws: `TensorOverflow` where one was made an infinity.
    func checkRange() throws {
        guard let format = plan.dtype.floatFormat, format.overflows(numbers.largest) else { return }
        throw TensorOverflow(
            tensor: plan.name, dtype: plan.dtype, largest: numbers.largest, limit: format.largest)
    }

    /// Floats narrowed at a time: a piece stays in the cache.
    private static let pieceLimit = 65_536
}
