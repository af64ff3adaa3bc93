// The header of a safetensors file, parsed and validated in full from bytes nobody trusts.
// Rules: the format description of safetensors 0.8, and stricter where it is silent or lenient
// (repeated keys, a first byte other than "{"). No allocation is larger than a small multiple of
// the header bytes already there.

import JSON

/// One tensor as the header describes it.
package struct TensorEntry: Sendable, Hashable {
    package let name: String
    package let dtype: DType
    /// Row-major, outermost first; empty for a scalar.
    package let shape: [Int]
    /// Where its bytes lie, counted from the start of the file.
    package let byteRange: Range<Int>

    package var elementCount: Int { shape.reduce(1, *) }
    package var byteCount: Int { byteRange.count }
    /// Rows are the outermost dimension; a scalar is one row.
    package var rowCount: Int { shape.first ?? 1 }
    var rowElementCount: Int { shape.dropFirst().reduce(1, *) }
}

package struct SafetensorsHeader: Sendable {
    /// The limit of the reference.
    package static let byteLimit = 100_000_000
    /// Far above the largest known checkpoints (about 100,000 tensors over all shards).
    static let tensorLimit = 1_000_000
    static let rankLimit = 8
    static let nameByteLimit = 1_024

    /// In the order of their bytes.
    package let tensors: [TensorEntry]
    package let metadata: [String: String]
    /// Where the data section begins, counted from the start of the file.
    package let dataStart: Int
    private let places: [ExactString: Int]

    /// The tensor called `name`, compared byte by byte.
    package func tensor(_ name: String) -> TensorEntry? {
        places[ExactString(name)].map { tensors[$0] }
    }

    /// Parses the start of a file of `fileByteCount` bytes. `bytes` holds the whole file, or at
    /// least the 8 bytes of the length and the header.
    package static func parse(
        _ bytes: Span<UInt8>, fileByteCount: Int
    ) throws(SafetensorsFault) -> SafetensorsHeader {
        let headerByteCount = try headerByteCount(bytes, fileByteCount: fileByteCount)
        let header = bytes.extracting(8..<8 + headerByteCount)
        guard headerByteCount > 0, header[0] == UInt8(ascii: "{") else {
            throw .headerNotObject(firstByte: headerByteCount > 0 ? header[0] : nil)
        }
        let dataStart = 8 + headerByteCount
        var reader = SafetensorsHeaderReader(dataStart: dataStart)
        try reader.readAll(header)
        let (tensors, places) = try arranged(
            reader.tensors, dataStart: dataStart, fileByteCount: fileByteCount)
        return SafetensorsHeader(
            tensors: tensors, metadata: reader.metadata, dataStart: dataStart, places: places)
    }

    private static func headerByteCount(
        _ bytes: Span<UInt8>, fileByteCount: Int
    ) throws(SafetensorsFault) -> Int {
        guard fileByteCount > 0 else { throw .fileEmpty }
        guard fileByteCount >= 8, bytes.count >= 8 else {
            throw .fileTooShort(byteCount: fileByteCount)
        }
        var length: UInt64 = 0
        for index in (0..<8).reversed() { length = length << 8 | UInt64(bytes[index]) }
        guard length <= UInt64(byteLimit) else {
            throw .headerTooLarge(byteCount: length, limit: byteLimit)
        }
        guard Int(length) <= min(fileByteCount, bytes.count) - 8 else {
            throw .headerBeyondFile(byteCount: Int(length), fileByteCount: fileByteCount)
        }
        return Int(length)
    }

    /// Sorts by place and proves that the tensors tile the data section exactly.
    private static func arranged(
        _ tensors: [TensorEntry], dataStart: Int, fileByteCount: Int
    ) throws(SafetensorsFault) -> ([TensorEntry], [ExactString: Int]) {
        // Ties are empty tensors, or overlaps that fail below; the name makes the order one.
        let sorted = tensors.sorted { left, right in
            let (a, b) = (left.byteRange, right.byteRange)
            guard a.lowerBound == b.lowerBound else { return a.lowerBound < b.lowerBound }
            guard a.upperBound == b.upperBound else { return a.upperBound < b.upperBound }
            return ExactString.precedes(left.name, right.name)
        }
        var places = [ExactString: Int](minimumCapacity: sorted.count)
        var end = dataStart
        var previous = ""
        for (index, tensor) in sorted.enumerated() {
            let begin = tensor.byteRange.lowerBound
            guard begin <= end else {
                throw .tensor(
                    tensor.name,
                    .hole(expectedBegin: end - dataStart, begin: begin - dataStart))
            }
            guard begin == end else {
                throw .tensor(
                    tensor.name,
                    .overlap(
                        previous: previous, expectedBegin: end - dataStart,
                        begin: begin - dataStart))
            }
            end = tensor.byteRange.upperBound
            guard end <= fileByteCount else {
                throw .tensor(
                    tensor.name,
                    .dataTooShort(end: end - dataStart, available: fileByteCount - dataStart))
            }
            previous = tensor.name
            places[ExactString(tensor.name)] = index
        }
        guard end == fileByteCount else { throw .trailingBytes(count: fileByteCount - end) }
        return (sorted, places)
    }
}
