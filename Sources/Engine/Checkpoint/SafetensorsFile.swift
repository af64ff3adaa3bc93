// One safetensors file: mapped, its header validated, its tensors lent as bytes.

package import DurableIO
import Glibc
package import SystemPackage
package import TensorMath

/// An open, validated safetensors file.
package struct SafetensorsFile: Sendable {
    package let file: MappedFile
    package let header: SafetensorsHeader

    package var path: FilePath { file.path }
    /// File name without folders, as messages show it.
    package var name: String { path.fileName }
    package var tensors: [TensorEntry] { header.tensors }
    package var byteCount: Int { file.byteCount }
    /// Bytes of all tensors.
    var dataByteCount: Int { file.byteCount - header.dataStart }

    /// - root: see `MappedFile.init(_:within:)`.
    package init(_ path: FilePath, within root: FilePath? = nil) throws(CheckpointError) {
        let file: MappedFile
        do {
            file = try MappedFile(path, within: root)
        } catch {
            throw .file(error)
        }
        do {
            header = try file.withBytes { (bytes) throws(SafetensorsFault) in
                try SafetensorsHeader.parse(bytes, fileByteCount: bytes.count)
            }
        } catch {
            throw .safetensors(path: path.string, error)
        }
        self.file = file
    }

    package func tensor(_ name: String) throws(CheckpointError) -> StoredTensor {
        guard let entry = header.tensor(name) else {
            throw .weight(tensor: name, path: path.string, .missing)
        }
        return StoredTensor(entry: entry, file: file)
    }
}

/// A tensor where it lies: what it is, and the mapped file it is part of. A small value that
/// keeps the mapping alive; copying it copies no weights.
package struct StoredTensor: Sendable {
    /// Its name, type and shape as readers see them.
    package let entry: TensorEntry
    package let file: MappedFile
    /// How its values are made; nil: they lie in the file.
    package let coding: (any TensorCoding)?

    init(entry: TensorEntry, file: MappedFile) {
        self.entry = entry
        self.file = file
        coding = nil
    }

    init(name: String, _ dtype: DType, _ shape: [Int], _ coding: any TensorCoding) {
        let codes = coding.parts[0]
        entry = TensorEntry(name: name, dtype: dtype, shape: shape, byteRange: codes.range)
        file = codes.file
        self.coding = coding
    }

    package var name: String { entry.name }
    package var dtype: DType { entry.dtype }
    package var shape: [Int] { entry.shape }
    /// As stored; of codes without their scales.
    package var byteCount: Int { entry.byteCount }

    /// Lends the tensor's bytes: row-major, little-endian, of any alignment; of a coded tensor
    /// its codes.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withBytes(entry.byteRange) { (bytes) throws(Failure) in
            try body(unsafe bytes.bytes)
        }
    }

    /// Lends the tensor's bytes as a pointer, for C that takes any alignment. It must not leave
    /// the closure.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe file.withUnsafeBytes(entry.byteRange, body)
    }

    /// Widens `rows` of the outermost dimension to f32.
    ///
    /// - destination: [rows.count, rowElementCount], row-major, exactly that long.
    /// - Throws: `notAFloat` for every dtype but F32, F16 and BF16.
    package func copyFloats(
        rows: Range<Int>, into destination: inout MutableSpan<Float>
    ) throws(CheckpointError) {
        let format = try floatFormat()
        if let coding {
            decode(rows, coding, into: &destination)
            return Conversion.round(&destination, to: format)
        }
        try file.withBytes(byteRange(rows, format)) { (bytes) throws(CheckpointError) in
            Conversion.widen(unsafe bytes.bytes, from: format, into: &destination)
        }
    }

    /// As above, into memory that a pointer names.
    func copyFloats(
        rows: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        let format = try floatFormat()
        if coding != nil {
            var values = unsafe destination.mutableSpan
            return try copyFloats(rows: rows, into: &values)
        }
        unsafe file.withUnsafeBytes(byteRange(rows, format)) { bytes in
            unsafe Conversion.widen(bytes, from: format, into: destination)
        }
    }

    /// The whole tensor in f32. Allocates: for small tensors and tests.
    package func floats() throws(CheckpointError) -> [Float] {
        var values = [Float](repeating: 0, count: entry.elementCount)
        var span = values.mutableSpan
        try copyFloats(rows: 0..<entry.rowCount, into: &span)
        return values
    }

    /// The arithmetic's name for the dtype; throws `notAFloat` where there is none.
    package func floatFormat() throws(CheckpointError) -> FloatFormat {
        guard let format = dtype.floatFormat else {
            throw .weight(tensor: name, path: file.path.string, .notAFloat(dtype))
        }
        return format
    }

    /// How many of the values are NaN or infinite; 0 for what is no float.
    package var nonFiniteCount: Int {
        guard let format = dtype.floatFormat else { return 0 }
        if let coding {
            var count = FiniteCount()
            forEachPiece(of: coding) { count.add($0) }
            return count.others
        }
        return withBytes { FiniteCount.others(of: $0, in: format) }
    }

    /// Whether two tensors are of one type and shape, stored in one way, and equal byte by byte.
    package func hasContents(of other: StoredTensor) -> Bool {
        guard dtype == other.dtype, shape == other.shape, storedType == other.storedType else {
            return false
        }
        defer {
            adviseDontNeed()
            other.adviseDontNeed()
        }
        return zip(parts, other.parts).allSatisfy { $0.hasBytes(of: $1) }
    }

    package func adviseWillNeed() {
        for part in parts { part.file.adviseWillNeed(part.range) }
    }

    package func adviseDontNeed() {
        for part in parts { part.file.adviseDontNeed(part.range) }
    }

    private func byteRange(_ rows: Range<Int>, _ format: FloatFormat) -> Range<Int> {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= entry.rowCount, "rows lie in the tensor")
        let rowBytes = entry.rowElementCount * format.byteWidth
        let start = entry.byteRange.lowerBound
        return start + rows.lowerBound * rowBytes..<start + rows.upperBound * rowBytes
    }
}

extension StoredBytes {
    fileprivate func hasBytes(of other: StoredBytes) -> Bool {
        guard count == other.count else { return false }
        return unsafe file.withUnsafeBytes(range) { mine in
            unsafe other.file.withUnsafeBytes(other.range) { theirs in
                guard let a = mine.baseAddress, let b = theirs.baseAddress else { return true }
                return unsafe memcmp(a, b, mine.count) == 0
            }
        }
    }
}

extension FilePath {
    /// The last component; the whole path where there is none.
    var fileName: String { lastComponent?.string ?? string }
}
