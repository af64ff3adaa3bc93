// The bytes of an object file: zstd frames, then one skippable frame that says what they are.
// docs/STORE_FORMAT.md describes them field by field. The idea of a seekable zstd file is
// bazel-remote's casblob and zstd's own contrib/seekable_format; this layout is ours.

package import Failures

/// How the raw bytes were arranged before zstd saw them.
package enum ObjectFilter: UInt32, Sendable {
    /// As they are: `zstd -d` gives the object.
    case none = 0
    /// Elements of two bytes: first all low bytes of a frame, then all high bytes.
    case planes2 = 2
    /// Elements of four bytes: four planes per frame.
    case planes4 = 4

    /// Bytes per element.
    var elementBytes: Int { self == .none ? 1 : Int(rawValue) }
}

/// Constants of the format.
enum ObjectFormat {
    static let version: UInt32 = 1
    /// Raw bytes per frame; the last frame holds the rest. Small enough to read one layer's rows
    /// alone, large enough that zstd loses nothing.
    static let frameBytes = 4 << 20
    /// Raw bytes of the largest object. It bounds the frame table, and so what a footer can ask
    /// for.
    static let rawBytesMax = 1 << 40
    static let framesMax = rawBytesMax / frameBytes
    /// One of the sixteen magic numbers that zstd decoders skip (RFC 8878, 3.1.2).
    static let skippableMagic: UInt32 = 0x184D_2A5C
    static let startMagic = Array("LAYRFOLD".utf8)
    static let endMagic = Array("LFO1".utf8)
    /// Footer bytes without the frame table: zstd's 8, head 64, checksum 32, length 4, magic 4.
    static let footerBytesMin = 8 + 64 + 32 + 4 + 4
    /// The last bytes of the file, which tell how long the footer is.
    static let tailBytes = 8

    static func frameCount(rawBytes: Int) -> Int { (rawBytes + frameBytes - 1) / frameBytes }
}

/// Which rule an object file breaks.
package enum ObjectFault: ClassifiedFailure, Equatable, Sendable {
    /// A damaged object is quarantined, and what made it runs again.
    package var failureClass: FailureClass { .transient }

    case tooShort(byteCount: Int)
    case endMagic
    case footerLength(found: Int, fileBytes: Int)
    case startMagic
    case footerChecksum
    case version(found: UInt32)
    case filter(found: UInt32)
    case frameBytes(found: UInt32)
    case rawBytes(found: UInt64)
    case frameCount(found: UInt32, expected: Int)
    case fileBytes(found: Int, expected: Int)
    case name(footer: Digest)
    case frame(index: Int, reason: String)
    case content(found: Digest)
    case unreadable(reason: String)
}

extension ObjectFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooShort(let count): "\(count) bytes are too few for an object file"
        case .endMagic: "the end magic is missing: the file is cut off or is no object"
        case .footerLength(let found, let file):
            "the footer claims \(found) bytes, impossible in a file of \(file)"
        case .startMagic: "the footer does not begin with its magic"
        case .footerChecksum: "the footer does not match its checksum"
        case .version(let found):
            "format version \(found), this program reads \(ObjectFormat.version)"
        case .filter(let found): "unknown filter \(found)"
        case .frameBytes(let found):
            "frames of \(found) raw bytes, expected \(ObjectFormat.frameBytes)"
        case .rawBytes(let found):
            "\(found) raw bytes, more than the \(ObjectFormat.rawBytesMax) allowed"
        case .frameCount(let found, let expected): "\(found) frames, expected \(expected)"
        case .fileBytes(let found, let expected):
            "the file has \(found) bytes, its frame table says \(expected)"
        case .name(let footer): "the footer belongs to object \(footer)"
        case .frame(let index, let reason): "frame \(index): \(reason)"
        case .content(let found): "the content has the SHA-256 \(found)"
        case .unreadable(let reason): reason
        }
    }
}

/// What the footer of an object file says.
package struct ObjectFooter: Equatable, Sendable {
    package let digest: Digest
    package let rawBytes: Int
    package let filter: ObjectFilter
    /// Compressed bytes of each frame, in file order.
    let frames: [UInt32]

    /// Bytes of the whole file.
    package var fileBytes: Int {
        frames.reduce(0) { $0 + Int($1) } + ObjectFormat.footerBytesMin + 4 * frames.count
    }

    /// Raw bytes of frame `index`.
    func rawBytes(ofFrame index: Int) -> Int {
        min(ObjectFormat.frameBytes, rawBytes - index * ObjectFormat.frameBytes)
    }

    /// The skippable frame, ready to be appended.
    var encoded: [UInt8] {
        var payload = ObjectFormat.startMagic
        payload.append(little: ObjectFormat.version)
        payload.append(little: filter.rawValue)
        payload.append(little: UInt32(ObjectFormat.frameBytes))
        payload.append(little: UInt32(frames.count))
        payload.append(little: UInt64(rawBytes))
        payload += digest.bytes
        for bytes in frames { payload.append(little: bytes) }
        payload += Digest(of: payload).bytes
        let length = UInt32(payload.count + ObjectFormat.tailBytes)
        payload.append(little: length)
        payload += ObjectFormat.endMagic
        var output: [UInt8] = []
        output.append(little: ObjectFormat.skippableMagic)
        output.append(little: length)
        return output + payload
    }

    /// The length of the skippable frame, from the last eight bytes of the file.
    /// - Throws: `ObjectFault` if it cannot be; so a hostile length costs no memory.
    static func footerBytes(tail: [UInt8], fileBytes: Int) throws(ObjectFault) -> Int {
        guard tail.count == ObjectFormat.tailBytes else {
            throw .tooShort(byteCount: fileBytes)
        }
        guard tail.suffix(4).elementsEqual(ObjectFormat.endMagic) else { throw .endMagic }
        let found = Int(tail.little(UInt32.self, at: 0)) + 8
        let longest = ObjectFormat.footerBytesMin + 4 * ObjectFormat.framesMax
        guard found >= ObjectFormat.footerBytesMin, found <= min(fileBytes, longest) else {
            throw .footerLength(found: found, fileBytes: fileBytes)
        }
        return found
    }

    /// Parses and checks the skippable frame.
    /// - Parameters:
    ///   - bytes: As many as `footerBytes` said.
    ///   - fileBytes: Size of the whole file.
    init(parsing bytes: [UInt8], fileBytes: Int) throws(ObjectFault) {
        precondition(bytes.count >= ObjectFormat.footerBytesMin)
        guard bytes.little(UInt32.self, at: 0) == ObjectFormat.skippableMagic,
            Int(bytes.little(UInt32.self, at: 4)) == bytes.count - 8,
            bytes[8..<16].elementsEqual(ObjectFormat.startMagic)
        else { throw .startMagic }
        let checksumOffset = bytes.count - ObjectFormat.tailBytes - 32
        guard
            Digest(of: Array(bytes[8..<checksumOffset])).bytes
                == Array(bytes[checksumOffset..<(checksumOffset + 32)])
        else { throw .footerChecksum }
        let version = bytes.little(UInt32.self, at: 16)
        guard version == ObjectFormat.version else { throw .version(found: version) }
        let filterCode = bytes.little(UInt32.self, at: 20)
        guard let filter = ObjectFilter(rawValue: filterCode) else {
            throw .filter(found: filterCode)
        }
        let frameBytes = bytes.little(UInt32.self, at: 24)
        guard frameBytes == ObjectFormat.frameBytes else { throw .frameBytes(found: frameBytes) }
        let raw = bytes.little(UInt64.self, at: 32)
        guard raw <= UInt64(ObjectFormat.rawBytesMax) else { throw .rawBytes(found: raw) }
        let count = bytes.little(UInt32.self, at: 28)
        let expected = ObjectFormat.frameCount(rawBytes: Int(raw))
        guard Int(count) == expected, bytes.count == ObjectFormat.footerBytesMin + 4 * expected,
            let digest = Digest(bytes: bytes[40..<72])
        else { throw .frameCount(found: count, expected: expected) }
        self.digest = digest
        self.filter = filter
        rawBytes = Int(raw)
        frames = (0..<expected).map { bytes.little(UInt32.self, at: 72 + 4 * $0) }
        guard self.fileBytes == fileBytes else {
            throw .fileBytes(found: fileBytes, expected: self.fileBytes)
        }
    }

    init(digest: Digest, rawBytes: Int, filter: ObjectFilter, frames: [UInt32]) {
        self.digest = digest
        self.rawBytes = rawBytes
        self.filter = filter
        self.frames = frames
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    fileprivate func little<Value: FixedWidthInteger>(_: Value.Type, at offset: Int) -> Value {
        var value: Value = 0
        for index in 0..<(Value.bitWidth / 8) {
            value |= Value(truncatingIfNeeded: self[offset + index]) << (8 * index)
        }
        return value
    }
}
