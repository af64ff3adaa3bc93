// Seeded mutations of valid headers and indexes: the parsers answer every one, with a
// value that holds its promises or with an error that can be printed.

import EngineTestSupport
import TestSupport
import Testing

@testable import Checkpoint

@Suite struct CheckpointFuzzTests {
    static let rounds = 4_000

    @Test("headers", arguments: 0..<8)
    func headers(seed: UInt64) throws {
        var random = SeededBytes(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds {
            let (original, data) = random.element(of: Self.headers)
            let header = Mutation.apply(to: original, words: Self.words, &random)
            var length = header.count
            if random.below(20) == 0 { length += random.below(9) - 4 }
            let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            let bytes = prefix + header + [UInt8](repeating: 0, count: data)
            do {
                let header = try SafetensorsHeader.parse(
                    bytes.span, fileByteCount: bytes.count)
                Self.check(header, fileByteCount: bytes.count)
                accepted += 1
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
        // A fuzzer that never gets past the first check tests nothing else.
        #expect(accepted > Self.rounds / 50)
    }

    @Test("indexes", arguments: 0..<8)
    func indexes(seed: UInt64) throws {
        var random = SeededBytes(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds {
            let bytes = Mutation.apply(
                to: random.element(of: Self.indexes), words: Self.words, &random)
            do {
                let index = try ShardIndex.parse(bytes.span, path: "index")
                for shard in index.shards {
                    #expect(!shard.name.utf8.contains(UInt8(ascii: "/")))
                    #expect(shard.name.hasSuffix(".safetensors"))
                }
                accepted += 1
            } catch {
                #expect("\(error)".hasPrefix("index: "))
            }
        }
        #expect(accepted > Self.rounds / 50)
    }

    /// What every accepted header promises.
    private static func check(_ header: SafetensorsHeader, fileByteCount: Int) {
        var end = header.dataStart
        for tensor in header.tensors {
            #expect(tensor.byteRange.lowerBound == end)
            end = tensor.byteRange.upperBound
            #expect(tensor.elementCount * tensor.dtype.bitWidth == tensor.byteCount * 8)
            #expect(tensor.rowCount * tensor.rowElementCount == tensor.elementCount)
            #expect(header.tensor(tensor.name) == tensor)
        }
        #expect(end == fileByteCount)
    }

    // MARK: Seeds

    /// Words that the readers of these files treat specially, and tensor names.
    private static let words =
        Mutation.words + [
            "\"shape\":[0],", "\"__metadata__\":{},", "\"F4\"", "\"I64\"", "../", "/", "4294967296",
        ]

    /// Header text, and how many bytes of data go with it.
    private static let headers: [([UInt8], Int)] = [
        (Array("{}".utf8), 0),
        (Array("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}   ".utf8), 4),
        (
            Array(
                """
                {"__metadata__":{"format":"pt","k":"v"},\
                "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
                "b.w":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},\
                "c":{"dtype":"F16","shape":[],"data_offsets":[32,34]},\
                "d":{"dtype":"U8","shape":[0,5],"data_offsets":[34,34]}}
                """.utf8), 34
        ),
        (
            Array(
                """
                { "\\u00e9\\n" : { "shape" : [ 1 , 2 ] , "data_offsets" : [ 0 , 2 ] ,
                "dtype" : "I8" , "extra" : { "x" : [ true , null , -1.5e+3 , "s" ] } } }
                """.utf8), 2
        ),
    ]

    private static let indexes: [[UInt8]] = [
        Array(
            """
            {"metadata": {"total_size": 8, "x": [1]}, "weight_map": {
            "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
            """.utf8)
    ]
}
