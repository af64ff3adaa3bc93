// Small arrays as a safetensors file in memory: what the store keeps of an analysis, and what
// Python opens without us.

package import TensorMath

/// Named arrays of one file. Order is the file's business: by dtype, then by name.
package struct TensorArchive: Sendable {
    /// One array with its little-endian bytes.
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var dtype: DType
        package var shape: [Int]
        package var bytes: [UInt8]
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    // MARK: Filling

    package mutating func add(_ name: String, shape: [Int], doubles: [Double]) {
        precondition(doubles.count == shape.reduce(1, *), "values fill the shape")
        add(name, .f64, shape, doubles.flatMap { littleEndian($0.bitPattern) })
    }

    package mutating func add(_ name: String, shape: [Int], integers: [Int32]) {
        precondition(integers.count == shape.reduce(1, *), "values fill the shape")
        add(name, .i32, shape, integers.flatMap { littleEndian($0) })
    }

    /// Whole numbers of eight bits.
    package mutating func add(_ name: String, shape: [Int], codes: [Int8]) {
        precondition(codes.count == shape.reduce(1, *), "values fill the shape")
        add(name, .i8, shape, codes.map { UInt8(bitPattern: $0) })
    }

    /// A matrix of floats, [rows, columns].
    package mutating func add(_ name: String, _ matrix: MatrixView) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * matrix.rows * matrix.columns)
        for row in 0..<matrix.rows { matrix.appendBytes(row: row, to: &bytes) }
        add(name, .f32, [matrix.rows, matrix.columns], bytes)
    }

    private mutating func add(_ name: String, _ dtype: DType, _ shape: [Int], _ bytes: [UInt8]) {
        entries.append(Entry(name: name, dtype: dtype, shape: shape, bytes: bytes))
    }

    // MARK: Bytes

    /// The file.
    package var bytes: [UInt8] {
        let layout = SafetensorsLayout(
            entries.map { TensorPlan(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
        var result = layout.prefix
        result.reserveCapacity(layout.fileByteCount)
        for index in layout.order { result += entries[index].bytes }
        return result
    }

    /// Parses a file; the header is checked in full.
    package init(parsing bytes: [UInt8]) throws(SafetensorsFault) {
        let header = try SafetensorsHeader.parse(bytes.span, fileByteCount: bytes.count)
        entries = header.tensors.map { tensor in
            Entry(
                name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
                bytes: Array(bytes[tensor.byteRange]))
        }
    }

    // MARK: Reading

    package func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    package func doubles(_ name: String) -> [Double]? {
        guard let entry = entry(name), entry.dtype == .f64 else { return nil }
        return entry.words(UInt64.self).map(Double.init(bitPattern:))
    }

    package func integers(_ name: String) -> [Int32]? {
        guard let entry = entry(name), entry.dtype == .i32 else { return nil }
        return entry.words(Int32.self)
    }

    package func codes(_ name: String) -> [Int8]? {
        guard let entry = entry(name), entry.dtype == .i8 else { return nil }
        return entry.bytes.map { Int8(bitPattern: $0) }
    }

    package func matrix(_ name: String) -> MatrixView? {
        guard let entry = entry(name), entry.dtype == .f32, entry.shape.count == 2 else {
            return nil
        }
        return MatrixView(rows: entry.shape[0], columns: entry.shape[1], bytes: entry.bytes)
    }
}

extension TensorArchive.Entry {
    fileprivate func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
        let width = Word.bitWidth / 8
        return stride(from: 0, to: bytes.count, by: width).map { start in
            var word: Word = 0
            for index in (0..<width).reversed() {
                word = word << 8 | Word(truncatingIfNeeded: bytes[start + index])
            }
            return word
        }
    }
}

private func littleEndian(_ word: some FixedWidthInteger) -> [UInt8] {
    (0..<word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
}
