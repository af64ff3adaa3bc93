// model.safetensors.index.json: which tensor lies in which shard. Read token by token, because
// its size is not that of a config.

import JSON
import OrderedCollections

/// A parsed index. Names are checked, files are not yet opened.
package struct ShardIndex {
    /// Shard names, sorted, each with one of its tensors for messages.
    package private(set) var shards: [(name: String, tensor: String)] = []
    /// Tensor to place in `shards`.
    private(set) var weightMap: OrderedDictionary<ExactString, Int> = [:]
    /// As spelled; nil where the index has none.
    private(set) var totalSize: String?

    /// `path` is the index file's, for messages.
    package static func parse(
        _ bytes: Span<UInt8>, path: String
    ) throws(CheckpointError) -> ShardIndex {
        var reader = ShardIndexReader(path: path)
        do {
            try reader.readAll(bytes)
        } catch let error as CheckpointError {
            throw error
        } catch let fault as JSONFault {
            throw .json(path: path, .of(offset: fault.offset, in: bytes), fault)
        } catch {
            preconditionFailure("the reader throws no other error: \(error)")
        }
        guard !reader.weightMap.isEmpty else { throw .index(path: path, .empty) }
        return ShardIndex(reader)
    }

    private init(_ reader: ShardIndexReader) {
        let order = reader.shards.indices.sorted {
            ExactString.precedes(reader.shards[$0].name, reader.shards[$1].name)
        }
        var places = [Int](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { places[index] = place }
        shards = order.map { reader.shards[$0] }
        weightMap = reader.weightMap.mapValues { places[$0] }
        totalSize = reader.totalSize
    }

    /// A plain name of a safetensors file: nothing that leads out of the folder.
    static func isPlainShardName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".") && name.utf8.count <= 255
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}

private struct ShardIndexReader {
    let path: String
    var shards: [(name: String, tensor: String)] = []
    var weightMap: OrderedDictionary<ExactString, Int> = [:]
    var totalSize: String?
    private var scanner = JSONScanner()
    private var shardPlaces: [String: Int] = [:]

    init(path: String) { self.path = path }

    mutating func readAll(_ bytes: Span<UInt8>) throws {
        try readObject(bytes, whole: "the index") { reader, key in
            switch key {
            case "metadata":
                try reader.readObject(bytes, whole: key) { reader, key in
                    try reader.readMetadata(key, bytes)
                }
            case "weight_map":
                try reader.readObject(bytes, whole: key) { reader, tensor in
                    try reader.readMapping(tensor, bytes)
                }
            default:
                try reader.scanner.skipValue(bytes)
            }
        }
        guard scanner.isAtEnd(bytes) else {
            throw JSONFault.unexpected(
                byte: bytes[scanner.offset], offset: scanner.offset, expected: "the end")
        }
    }

    /// Reads an object, handing each key to `member`, which must consume the value.
    private mutating func readObject(
        _ bytes: Span<UInt8>, whole name: String,
        member: (inout ShardIndexReader, String) throws -> Void
    ) throws {
        guard try scanner.consumeIf("{", bytes) else {
            throw CheckpointError.index(path: path, .value(key: name, expected: "an object"))
        }
        if try scanner.consumeIf("}", bytes) { return }
        var keys: Set<ExactString> = []
        repeat {
            _ = try scanner.next(bytes)
            let offset = scanner.offset
            let key = try scanner.string(bytes, byteLimit: SafetensorsHeader.nameByteLimit)
            try scanner.consume(":", bytes)
            guard keys.insert(ExactString(key)).inserted else {
                throw JSONFault.repeatedKey(key, offset: offset)
            }
            try member(&self, key)
        } while try scanner.continues(until: "}", bytes)
    }

    private mutating func readMetadata(_ key: String, _ bytes: Span<UInt8>) throws {
        guard key == "total_size", JSONScanner.beginsNumber(try scanner.next(bytes)) else {
            return try scanner.skipValue(bytes)
        }
        totalSize = try scanner.number(bytes)
    }

    private mutating func readMapping(_ tensor: String, _ bytes: Span<UInt8>) throws {
        guard try scanner.next(bytes) == UInt8(ascii: "\"") else {
            throw CheckpointError.index(
                path: path, .value(key: "weight_map." + tensor, expected: "a string"))
        }
        guard weightMap.count < SafetensorsHeader.tensorLimit else {
            throw CheckpointError.index(
                path: path, .tooManyTensors(limit: SafetensorsHeader.tensorLimit))
        }
        let shard = try scanner.string(bytes, byteLimit: SafetensorsHeader.nameByteLimit)
        guard ShardIndex.isPlainShardName(shard) else {
            throw CheckpointError.index(
                path: path, .shardName(tensor: tensor, shard: shard))
        }
        if let place = shardPlaces[shard] {
            weightMap[ExactString(tensor)] = place
            return
        }
        guard shards.count < CheckpointFolder.shardLimit else {
            throw CheckpointError.index(
                path: path, .tooManyShards(limit: CheckpointFolder.shardLimit))
        }
        shardPlaces[shard] = shards.count
        weightMap[ExactString(tensor)] = shards.count
        shards.append((shard, tensor))
    }
}
