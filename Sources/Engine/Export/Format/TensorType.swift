// How the numbers of a tensor lie in a GGUF file. Source: ggml, ggml-common.h (blocks) and
// `gguf`, constants.py (numbers of types).

/// A type of GGUF tensors. Raw values are the format's.
enum TensorType: UInt32, Sendable {
    case f32 = 0
    case f16 = 1
    case q4 = 2
    case q8 = 8
    case bf16 = 30

    /// Numbers in a row that are written together.
    var blockLength: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4, .q8: 32
        }
    }

    /// Bytes of a block; quantised ones begin with their scale in F16.
    var blockByteCount: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4: 2 + 16
        case .q8: 2 + 32
        }
    }

    /// - Parameter count: whole blocks.
    func byteCount(elements count: Int) -> Int { count / blockLength * blockByteCount }
}
