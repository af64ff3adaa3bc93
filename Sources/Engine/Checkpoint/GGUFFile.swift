// One GGUF file: mapped, its header validated, its metadata and tensors by name.

import DurableIO
import SystemPackage
import TensorMath

/// A tensor where it lies.
struct GGUFTensor: Sendable {
    let name: String
    let type: GGUFType
    /// Outermost dimension first; the file has them the other way round.
    let shape: [Int]
    let bytes: StoredBytes

    /// Of a row, in numbers.
    var width: Int { shape.last ?? 1 }
    var rowCount: Int { shape.dropLast().reduce(1, *) }
}

struct GGUFFile: Sendable {
    let file: MappedFile
    let metadata: [String: GGUFValue]
    /// In the order of their data.
    let tensors: [GGUFTensor]
    private let places: [String: Int]

    static func isNamed(_ path: FilePath) -> Bool {
        path.extension?.lowercased() == "gguf"
    }

    /// - Parameter root: see `MappedFile.init(_:within:)`.
    init(_ path: FilePath, within root: FilePath?) throws(CheckpointError) {
        let file: MappedFile
        do {
            file = try MappedFile(path, within: root)
        } catch {
            throw .file(error)
        }
        self.file = file
        do {
            let header = try file.withBytes { (bytes) throws(GGUFFault) in
                try Header(unsafe bytes.bytes)
            }
            metadata = header.metadata
            tensors = try header.tensors(in: file)
        } catch {
            throw .gguf(path: path.string, error)
        }
        places = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map { ($0.element.name, $0.offset) })
    }

    func tensor(_ name: String) -> GGUFTensor? { places[name].map { tensors[$0] } }

    // MARK: Lists

    /// All texts of a list; nil where the key is not there.
    func texts(_ key: String) throws(GGUFFault) -> [String]? {
        try values(key, "a list of texts") { if case .text(let text) = $0 { text } else { nil } }
    }

    func integers(_ key: String) throws(GGUFFault) -> [Int]? {
        try values(key, "a list of whole numbers") {
            if case .integer(let value) = $0 { value } else { nil }
        }
    }

    func flags(_ key: String) throws(GGUFFault) -> [Bool]? {
        try values(key, "a list of yes and no") {
            if case .flag(let value) = $0 { value } else { nil }
        }
    }

    private func values<Value>(
        _ key: String, _ expected: String, _ read: (GGUFValue) -> Value?
    ) throws(GGUFFault) -> [Value]? {
        guard let value = metadata[key] else { return nil }
        guard case .list(let list) = value else {
            throw .key(key, expected: expected, found: value.shown)
        }
        return try file.withBytes { (bytes) throws(GGUFFault) in
            let bytes = unsafe bytes.bytes
            var reader = GGUFReader(at: list.range.lowerBound)
            var values: [Value] = []
            values.reserveCapacity(list.count)
            for _ in 0..<list.count {
                let element = try reader.plain(list.type, key, bytes)
                guard let value = read(element) else {
                    throw .key(key, expected: expected, found: element.shown)
                }
                values.append(value)
            }
            return values
        }
    }
}

/// Everything before the data.
private struct Header {
    private(set) var metadata: [String: GGUFValue] = [:]
    private var infos: [Info] = []
    private let dataStart: Int
    private let alignment: Int

    private struct Info {
        let name: String
        let type: GGUFType
        let shape: [Int]
        let byteCount: Int
        let offset: Int
    }

    init(_ bytes: RawSpan) throws(GGUFFault) {
        let magic = (0..<min(4, bytes.byteCount)).map {
            unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
        }
        guard magic == Array("GGUF".utf8) else { throw .notGGUF(found: magic) }
        var reader = GGUFReader(at: 4)
        let version = try reader.number(UInt32.self, bytes, "the version")
        guard version == 2 || version == 3 else { throw .version(version) }
        let tensorCount = try reader.count(bytes, "tensors", limit: GGUFReader.Limit.tensors)
        let valueCount = try reader.count(bytes, "keys", limit: GGUFReader.Limit.values)
        for _ in 0..<valueCount {
            let key = try reader.text(bytes, "a key", limit: GGUFReader.Limit.keyBytes)
            let value = try reader.value(key, bytes)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw .repeated(what: "key", name: key)
            }
        }
        alignment = try Self.alignment(metadata["general.alignment"])
        var names: Set<String> = []
        for _ in 0..<tensorCount {
            let info = try Self.info(&reader, bytes, alignment)
            guard names.insert(info.name).inserted else {
                throw .repeated(what: "tensor", name: info.name)
            }
            infos.append(info)
        }
        dataStart = (reader.offset + alignment - 1) / alignment * alignment
    }

    private static func alignment(_ value: GGUFValue?) throws(GGUFFault) -> Int {
        guard let value else { return 32 }
        guard case .integer(let alignment) = value, alignment % 8 == 0,
            (8...65_536).contains(alignment)
        else { throw .alignment(value.shown) }
        return alignment
    }

    private static func info(
        _ reader: inout GGUFReader, _ bytes: RawSpan, _ alignment: Int
    ) throws(GGUFFault) -> Info {
        let name = try reader.text(
            bytes, "the name of a tensor", limit: GGUFReader.Limit.nameBytes)
        let rank = try reader.number(UInt32.self, bytes, "the dimensions of a tensor")
        guard (1...4).contains(rank) else { throw .tensor(name, .rank(rank)) }
        var sides: [UInt64] = []
        for _ in 0..<rank {
            sides.insert(try reader.number(UInt64.self, bytes, "a dimension"), at: 0)
        }
        let number = try reader.number(UInt32.self, bytes, "the type of a tensor")
        let offset = try reader.number(UInt64.self, bytes, "the place of a tensor")
        do {
            let type = try GGUFType(number: number)
            var count = 1
            for side in sides {
                let (product, overflow) = count.multipliedReportingOverflow(
                    by: Int(exactly: side) ?? 0)
                guard !overflow, product > 0, product < Int.max / 16 else {
                    throw GGUFTensorFault.shape(sides)
                }
                count = product
            }
            let width = Int(sides[sides.count - 1])
            guard width % type.blockLength == 0 else {
                throw GGUFTensorFault.rows(
                    type: type.name, width: width, block: type.blockLength)
            }
            guard offset % UInt64(alignment) == 0, let start = Int(exactly: offset) else {
                throw GGUFTensorFault.offset(offset, alignment: alignment)
            }
            return Info(
                name: name, type: type, shape: sides.map { Int($0) },
                byteCount: count / type.blockLength * type.blockByteCount, offset: start)
        } catch let fault as GGUFTensorFault {
            throw .tensor(name, fault)
        } catch { preconditionFailure("no other error is thrown: \(error)") }
    }

    /// Proves that each tensor has bytes of its own.
    func tensors(in file: MappedFile) throws(GGUFFault) -> [GGUFTensor] {
        let sorted = infos.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) }
        let available = max(0, file.byteCount - dataStart)
        var end = 0
        var previous = ""
        var tensors: [GGUFTensor] = []
        for info in sorted {
            guard info.offset >= end else {
                throw .tensor(
                    info.name, .overlap(previous: previous, expected: end, found: info.offset))
            }
            guard info.byteCount <= available, info.offset <= available - info.byteCount else {
                let (wanted, overflow) = info.offset.addingReportingOverflow(info.byteCount)
                throw .tensor(
                    info.name, .cutOff(end: overflow ? .max : wanted, available: available))
            }
            end = info.offset + info.byteCount
            previous = info.name
            let start = dataStart + info.offset
            tensors.append(
                GGUFTensor(
                    name: info.name, type: info.type, shape: info.shape,
                    bytes: StoredBytes(file: file, range: start..<start + info.byteCount)))
        }
        // Padding behind the last tensor may be there, and may be left out.
        guard available - end < alignment else {
            throw .trailingBytes(offset: dataStart + end, count: available - end)
        }
        return tensors
    }
}

extension GGUFReader {
    fileprivate mutating func count(
        _ bytes: RawSpan, _ what: String, limit: Int
    ) throws(GGUFFault) -> Int {
        let count = try number(UInt64.self, bytes, "the number of \(what)")
        guard count <= UInt64(limit) else {
            throw .tooMany(what: what, count: count, limit: limit)
        }
        return Int(count)
    }
}
