// One tensor into a GGUF file, in pieces of rows: read, put in order and encoded on all cores,
// then written one behind the other.

import Checkpoint
import DurableIO
import TensorMath

struct TensorWriting {
    /// Numbers that one core has under work (1 MiB in float32).
    private static let pieceLength = 1 << 18
    /// Pieces that are encoded before any of them is written.
    private static var piecesAtOnce: Int { 2 * Parallel.threadCount }

    /// Bytes that are looked at before they are copied.
    private static let copiedByteCount = 64 << 20

    /// Bytes of all pieces under work: as read, in order, and encoded.
    static var peakByteCount: Int { piecesAtOnce * pieceLength * 12 }

    private let tensor: PlannedTensor
    private let info: TensorInfo
    private let checkpoint: Checkpoint

    init(_ tensor: PlannedTensor, _ info: TensorInfo, of checkpoint: Checkpoint) {
        self.tensor = tensor
        self.info = info
        self.checkpoint = checkpoint
    }

    /// Appends the tensor and the zeros behind it.
    /// - Parameter progress: called after every few pieces; what it throws ends the write.
    func write(to file: OutputFile, progress: () throws -> Void) throws {
        switch tensor.source {
        case .values(let values):
            try append(TensorPiece(values, as: info.type), to: file)
        case .stored(let parts, let offset):
            for part in parts { try write(part, offset: offset, to: file, progress) }
        }
        let padding = [UInt8](repeating: 0, count: FileLayout.padding(behind: info.byteCount))
        try file.append(unsafe padding.span.bytes)
    }

    private func write(
        _ part: StoredRows, offset: Float, to file: OutputFile, _ progress: () throws -> Void
    ) throws {
        let stored = try checkpoint.tensor(part.tensor)
        stored.adviseWillNeed()
        defer { stored.adviseDontNeed() }
        if let (range, format) = part.plainBytes(of: stored, as: info.type, offset: offset) {
            return try copy(range, of: stored.file, in: format, to: file, progress)
        }
        let width = stored.entry.elementCount / max(1, stored.entry.rowCount)
        // Whole heads, and whole blocks where rows are numbers.
        let unit = part.headWidth ?? (width == 1 ? info.type.blockLength : 1)
        let step = max(1, Self.pieceLength / (width * unit)) * unit
        let pieces = stride(from: 0, to: part.rows.count, by: step).map {
            $0..<min(part.rows.count, $0 + step)
        }
        let type = info.type
        for first in stride(from: 0, to: pieces.count, by: Self.piecesAtOnce) {
            let batch = pieces[first..<min(pieces.count, first + Self.piecesAtOnce)]
            let encoded = Parallel.map(batch.count) { index in
                Result {
                    let values = try part.values(batch[first + index], of: stored, offset: offset)
                    return TensorPiece(values, as: type)
                }
            }
            for piece in encoded { try append(try piece.get(), to: file) }
            try progress()
        }
    }

    /// Numbers that are written as they are stored.
    private func copy(
        _ range: Range<Int>, of source: MappedFile, in format: FloatFormat, to file: OutputFile,
        _ progress: () throws -> Void
    ) throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.copiedByteCount)
        {
            let piece = start..<min(range.upperBound, start + Self.copiedByteCount)
            let others = source.withBytes(piece) {
                FiniteCount.others(of: unsafe $0.bytes, in: format)
            }
            guard others == 0 else { throw notFinite(others) }
            try file.append(source, piece) { _ in try progress() }
        }
    }

    private func append(_ piece: TensorPiece, to file: OutputFile) throws {
        guard piece.numbers.others == 0 else { throw notFinite(piece.numbers.others) }
        guard !info.type.overflows(piece.numbers.largest) else {
            throw tooLarge(piece.numbers.largest)
        }
        try file.append(unsafe piece.bytes.span.bytes)
    }

    private func notFinite(_ count: Int) -> ExportRefusal {
        ExportRefusal(
            subject: "tensor \(info.name)", reason: "\(count) of its numbers are NaN or infinite",
            cure: "use weights that are numbers")
    }

    private func tooLarge(_ largest: Float) -> ExportRefusal {
        let isBeyondAll = TensorType.bf16.overflows(largest)
        return ExportRefusal(
            subject: "tensor \(info.name)",
            reason: "its largest number, \(largest), is beyond what "
                + (isBeyondAll ? "any type of weights in this format holds" : "the type holds"),
            cure: isBeyondAll ? ExportRefusal.leaveOut : "ask for the type bf16")
    }
}

/// Numbers of a tensor as they are written.
private struct TensorPiece: Sendable {
    let bytes: [UInt8]
    let numbers: FiniteCount

    init(_ values: [Float], as type: TensorType) {
        var numbers = FiniteCount()
        numbers.add(values.span)
        self.numbers = numbers
        let isWritten = numbers.others == 0 && !type.overflows(numbers.largest)
        bytes = isWritten ? type.encode(values) : []
    }
}

extension TensorType {
    /// Whether a number of this magnitude becomes an infinity, or its block's scale does.
    fileprivate func overflows(_ magnitude: Float) -> Bool {
        switch self {
        case .f32: false
        case .bf16: FloatFormat.bf16.overflows(magnitude)
        case .f16: FloatFormat.f16.overflows(magnitude)
        case .q8: FloatFormat.f16.overflows(magnitude / 127)
        case .q4: FloatFormat.f16.overflows(magnitude / 8)
        }
    }
}

extension StoredRows {
    /// Where the rows lie in the file of a tensor that has them as they are to be written, and in
    /// which numbers; nil where they are to be changed.
    fileprivate func plainBytes(
        of stored: StoredTensor, as type: TensorType, offset: Float
    ) -> (range: Range<Int>, format: FloatFormat)? {
        let same: FloatFormat? =
            switch type {
            case .f32: .f32
            case .f16: .f16
            case .bf16: .bf16
            case .q4, .q8: nil
            }
        guard let same, stored.dtype.floatFormat == same, stored.coding == nil, headWidth == nil,
            factor == 1, offset == 0
        else { return nil }
        let rowBytes = stored.byteCount / max(1, stored.entry.rowCount)
        let start = stored.entry.byteRange.lowerBound
        return (start + rows.lowerBound * rowBytes..<start + rows.upperBound * rowBytes, same)
    }

    /// Rows `range` of the new order, in float32.
    fileprivate func values(
        _ range: Range<Int>, of stored: StoredTensor, offset: Float
    ) throws -> [Float] {
        let width = stored.entry.elementCount / max(1, stored.entry.rowCount)
        var read = [Float](repeating: 0, count: range.count * width)
        var span = read.mutableSpan
        let first = rows.lowerBound + range.lowerBound
        try stored.copyFloats(rows: first..<first + range.count, into: &span)
        guard headWidth != nil || factor != 1 || offset != 0 else { return read }
        var ordered: [Float] = []
        ordered.reserveCapacity(read.count)
        for row in 0..<range.count {
            let start = source(of: row) * width
            for value in read[start..<start + width] { ordered.append(value * factor + offset) }
        }
        return ordered
    }
}
