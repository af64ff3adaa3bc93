// Where everything goes in a GGUF file: header, metadata, the list of tensors, then their data,
// each at a multiple of 32 bytes. Source: ggml, docs/gguf.md (version 3).

/// What the file's list says of a tensor.
struct TensorInfo: Sendable, Equatable {
    let name: String
    let type: TensorType
    /// Outermost dimension first; the file has them the other way round.
    let shape: [Int]

    var elementCount: Int { shape.reduce(1, *) }
    /// Without padding.
    var byteCount: Int { type.byteCount(elements: elementCount) }
}

struct FileLayout: Sendable {
    private static let magic = Array("GGUF".utf8)
    private static let version: UInt32 = 3
    /// Of tensors in the file, where the metadata does not say otherwise.
    private static let alignment = 32

    /// Everything before the first tensor's data, padded.
    let prefix: [UInt8]
    /// Of the whole file.
    let byteCount: Int

    /// - Parameters:
    ///   - metadata: in the order of the file, each name once.
    ///   - tensors: in the order of their data, each name once.
    init(metadata: [(name: String, value: MetadataValue)], tensors: [TensorInfo]) {
        precondition(Set(metadata.map(\.name)).count == metadata.count, "each name once")
        precondition(Set(tensors.map(\.name)).count == tensors.count, "each tensor once")
        var bytes = Self.magic
        bytes.append(number: Self.version)
        bytes.append(number: UInt64(tensors.count))
        bytes.append(number: UInt64(metadata.count))
        for (name, value) in metadata {
            bytes.append(counted: Array(name.utf8))
            value.append(to: &bytes)
        }
        var offset = 0
        for tensor in tensors {
            bytes.append(counted: Array(tensor.name.utf8))
            bytes.append(number: UInt32(tensor.shape.count))
            for side in tensor.shape.reversed() { bytes.append(number: UInt64(side)) }
            bytes.append(number: tensor.type.rawValue)
            bytes.append(number: UInt64(offset))
            offset += tensor.byteCount + Self.padding(behind: tensor.byteCount)
        }
        bytes += [UInt8](repeating: 0, count: Self.padding(behind: bytes.count))
        prefix = bytes
        byteCount = bytes.count + offset
    }

    /// Zeros between the end of `byteCount` bytes and what comes next.
    static func padding(behind byteCount: Int) -> Int {
        (alignment - byteCount % alignment) % alignment
    }
}
