// Where the streams of many tokens lie: in memory, or beyond a size in files without a name, so
// that more tokens do not need more memory. They are read and written in order, a wave at a time.

package import DurableIO
package import SystemPackage

package struct StreamSpace: Sendable, Equatable {
    private let folder: FilePath?
    private let memoryBytesMax: Int

    /// A stream that is larger lies on disk.
    package static let memoryBytesMax = 64 << 20

    /// Everything in memory.
    package static let memory = StreamSpace(folder: nil, memoryBytesMax: .max)

    private init(folder: FilePath?, memoryBytesMax: Int) {
        self.folder = folder
        self.memoryBytesMax = memoryBytesMax
    }

    /// - Parameters:
    ///   - folder: for the files of streams beyond `memoryBytesMax` bytes.
    package init(folder: FilePath, memoryBytesMax: Int = Self.memoryBytesMax) {
        self.init(folder: .some(folder), memoryBytesMax: memoryBytesMax)
    }

    package func isInMemory(byteCount: Int) -> Bool {
        folder == nil || byteCount <= memoryBytesMax
    }

    /// Bytes of memory that a stream of `byteCount` bytes takes.
    package func memoryBytes(_ byteCount: Int) -> Int {
        isInMemory(byteCount: byteCount) ? byteCount : 0
    }

    /// Bytes of disk that it takes.
    package func diskBytes(_ byteCount: Int) -> Int { byteCount - memoryBytes(byteCount) }

    /// A zeroed matrix, [rows, columns].
    /// - Throws: where the disk has no room for it.
    package func matrix(rows: Int, columns: Int) throws(SystemCallError) -> MatrixView {
        let bytes = 4 * rows * columns
        guard let folder, !isInMemory(byteCount: bytes) else {
            return MatrixView(rows: rows, columns: columns)
        }
        return MatrixView(
            storage: FloatBuffer(try ScratchMapping(byteCount: bytes, in: folder)), offset: 0,
            rows: rows, columns: columns, stride: columns)
    }

    package func copy(_ matrix: MatrixView) throws(SystemCallError) -> MatrixView {
        let result = try self.matrix(rows: matrix.rows, columns: matrix.columns)
        result.assign(matrix)
        return result
    }
}
