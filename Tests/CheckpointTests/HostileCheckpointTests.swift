// Checkpoints made to break a reader, one folder per fault (Scripts/make_hostile_checkpoints.py):
// each gives its own error, which names the file, and the tensor where one is to blame.

import Foundation
import JSON
import Schemes
import SystemPackage
import TestSupport
import Testing

@testable import Checkpoint

/// A folder below Fixtures/hostile and the error it must give.
struct HostileCase: Sendable, CustomTestStringConvertible {
    let folder: String
    /// The file the message must name.
    let file: String
    /// The tensor the message must name.
    let tensor: String?
    /// The error, given the path of `file`.
    let expected: @Sendable (String) -> CheckpointError

    var testDescription: String { folder }

    /// A fault of model.safetensors (or of a shard) as a whole.
    static func file(
        _ folder: String, _ fault: SafetensorsFault, in file: String = "model.safetensors"
    ) -> HostileCase {
        HostileCase(folder: folder, file: file, tensor: nil) {
            .safetensors(path: $0, fault)
        }
    }

    /// A fault of tensor `a` of model.safetensors, or of another one.
    static func tensor(
        _ folder: String, _ fault: TensorFault, of tensor: String = "a",
        in file: String = "model.safetensors"
    ) -> HostileCase {
        HostileCase(folder: folder, file: file, tensor: tensor) {
            .safetensors(path: $0, .tensor(tensor, fault))
        }
    }

    static func weight(
        _ folder: String, _ tensor: String, _ fault: WeightFault
    ) -> HostileCase {
        HostileCase(folder: folder, file: "model.safetensors", tensor: tensor) {
            .weight(tensor: tensor, path: $0, fault)
        }
    }

    static func index(
        _ folder: String, tensor: String? = nil, _ fault: IndexFault
    ) -> HostileCase {
        HostileCase(folder: folder, file: "model.safetensors.index.json", tensor: tensor) {
            .index(path: $0, fault)
        }
    }

    static func json(
        _ folder: String, in file: String = "config.json", line: Int, column: Int,
        _ fault: JSONFault
    ) -> HostileCase {
        HostileCase(folder: folder, file: file, tensor: nil) {
            .json(path: $0, TextPlace(line: line, column: column), fault)
        }
    }

    static func folder(_ folder: String, _ fault: FolderFault) -> HostileCase {
        HostileCase(folder: folder, file: "", tensor: nil) { .folder(path: $0, fault) }
    }
}

@Suite struct HostileCheckpointTests {
    static let root = FilePath(Places.fixtures.path).appending("hostile")

    static let cases = frameCases + entryCases + shapeCases + placeCases + indexCases + otherCases

    @Test("each hostile checkpoint gives its own error, naming file and tensor", arguments: cases)
    func givesItsError(hostile: HostileCase) throws {
        let folder = Self.root.appending(hostile.folder)
        let path = hostile.file.isEmpty ? folder : folder.appending(hostile.file)
        let expected = hostile.expected(path.string)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder) }
        #expect(error == expected)
        let message = "\(expected)"
        #expect(message.hasPrefix(path.string + ":"))
        #expect(hostile.tensor.map { message.contains("`\($0)`") } ?? true)
    }

    @Test("every fixture has a row, and no two rows expect the same error")
    func rowsAndFixturesAgree() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.string)
        #expect(Set(folders) == Set(Self.cases.map(\.folder)))
        #expect(folders.count == Self.cases.count)
        let errors = Self.cases.map { "\($0.expected("PATH"))" }
        #expect(Set(errors).count > errors.count * 9 / 10)
    }

    @Test("a length field of any size is answered without allocating by it")
    func hugeLengthsCostNothing() {
        for shift in 0..<64 {
            let length = UInt64(1) << shift
            var bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            bytes += Array("{}".utf8)
            if length == 2 {
                // The one true length: two bytes of header, and no data follows.
                #expect(throws: Never.self) {
                    try SafetensorsHeader.parse(bytes.span, fileByteCount: bytes.count)
                }
                continue
            }
            #expect(throws: SafetensorsFault.self) {
                try SafetensorsHeader.parse(bytes.span, fileByteCount: bytes.count)
            }
        }
    }

    @Test("one tensor more than the limit is refused, in seconds")
    func tooManyTensors() throws {
        func header(_ count: Int) -> [UInt8] {
            var json = Array("{".utf8)
            for index in 0..<count {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json += Array("\"\(index)\":{\"dtype\":\"U8\",\"shape\":[0],".utf8)
                json += Array("\"data_offsets\":[0,0]}".utf8)
            }
            json.append(UInt8(ascii: "}"))
            return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
        }
        let limit = SafetensorsHeader.tensorLimit
        let atLimit = header(limit)
        let parsed = try SafetensorsHeader.parse(atLimit.span, fileByteCount: atLimit.count)
        #expect(parsed.tensors.count == limit)
        let beyond = header(limit + 1)
        #expect(throws: SafetensorsFault.tensorsTooMany(limit: limit)) {
            try SafetensorsHeader.parse(beyond.span, fileByteCount: beyond.count)
        }
    }
}

// MARK: The table

extension HostileCheckpointTests {
    static let frameCases: [HostileCase] = [
        .file("empty-file", .fileEmpty),
        .file("short-length", .fileTooShort(byteCount: 7)),
        .file("header-over-limit", .headerTooLarge(byteCount: 100_000_001, limit: 100_000_000)),
        .file("header-length-maximal", .headerTooLarge(byteCount: .max, limit: 100_000_000)),
        .file("header-beyond-file", .headerBeyondFile(byteCount: 1000, fileByteCount: 10)),
        .file("header-of-no-bytes", .headerNotObject(firstByte: nil)),
        .file("header-array", .headerNotObject(firstByte: 0x5B)),
        .file("leading-space", .headerNotObject(firstByte: 0x20)),
        .tensor("cut-json", .notJSON(.unexpectedEnd(offset: 19))),
        .file(
            "missing-comma",
            .headerNotJSON(.unexpected(byte: 0x22, offset: 19, expected: "`,` or `}`"))),
        .file("not-utf8", .headerNotJSON(.notUTF8(offset: 2))),
        .file("nul-padding", .headerPadding(byte: 0, offset: 2)),
        .file("second-object", .headerPadding(byte: 0x7B, offset: 2)),
        .file("lone-surrogate", .headerNotJSON(.loneSurrogate(offset: 2))),
        .file("control-character", .headerNotJSON(.controlCharacter(byte: 0x0A, offset: 3))),
        .file("bad-escape", .headerNotJSON(.badEscape(offset: 3))),
        .file("metadata-not-an-object", .metadataNotObject),
        .file("metadata-number", .metadataNotString(key: "format")),
        .file("metadata-key-repeated", .metadataKeyRepeated(key: "format")),
        .tensor("metadata-repeated", .repeated, of: "__metadata__"),
        .tensor("tensor-repeated", .repeated),
        .tensor("tensor-repeated-escaped", .repeated),
        .file("name-too-long", .nameTooLong(offset: 2, limit: 1024)),
    ]

    static let twoWholeNumbers = "an array of two whole numbers"

    static let entryCases: [HostileCase] = [
        .tensor("entry-not-an-object", .notAnObject),
        .tensor("entry-empty", .keyMissing("dtype")),
        .tensor("dtype-missing", .keyMissing("dtype")),
        .tensor("shape-missing", .keyMissing("shape")),
        .tensor("offsets-missing", .keyMissing("data_offsets")),
        .tensor("entry-key-repeated", .keyRepeated("shape")),
        .tensor("deep-nesting", .notJSON(.tooDeep(offset: 121, limit: 64))),
        .tensor("dtype-number", .value(key: "dtype", expected: "a string")),
        .tensor("dtype-unknown", .dtypeUnknown("F31")),
        .tensor("dtype-lower-case", .dtypeUnknown("f32")),
        .tensor("shape-number", .value(key: "shape", expected: "an array of whole numbers")),
        .tensor("shape-of-strings", .value(key: "shape", expected: "an array of whole numbers")),
        .tensor("shape-null", .value(key: "shape", expected: "an array of whole numbers")),
        .tensor("offsets-number", .value(key: "data_offsets", expected: twoWholeNumbers)),
        .tensor("offsets-one", .value(key: "data_offsets", expected: twoWholeNumbers)),
        .tensor("offsets-three", .value(key: "data_offsets", expected: twoWholeNumbers)),
    ]

    static let shapeCases: [HostileCase] = [
        .tensor("shape-negative", .numberNegative(key: "shape", number: "-1")),
        .tensor("shape-minus-zero", .numberNegative(key: "shape", number: "-0")),
        .tensor("shape-float", .numberNotInteger(key: "shape", number: "1.0")),
        .tensor("shape-exponent", .numberNotInteger(key: "shape", number: "1e0")),
        .tensor("shape-leading-zero", .notJSON(.badNumber(offset: 30))),
        .tensor(
            "shape-beyond-63-bits", .numberTooLarge(key: "shape", number: "9223372036854775808")),
        .tensor("shape-overflow", .shapeOverflow(.f32, shape: [1 << 32, 1 << 32])),
        .tensor("shape-overflow-behind-zero", .shapeOverflow(.f32, shape: [0, 1 << 32, 1 << 32])),
        .tensor("shape-overflow-in-bits", .shapeOverflow(.f32, shape: [1 << 61])),
        .tensor("rank-too-large", .rankTooLarge(limit: 8)),
        .tensor("half-a-byte", .shapeNotWholeBytes(.f4, shape: [3])),
        .tensor("offsets-negative", .numberNegative(key: "data_offsets", number: "-4")),
        .tensor("offsets-float", .numberNotInteger(key: "data_offsets", number: "4.5")),
        .tensor(
            "offsets-beyond-63-bits",
            .numberTooLarge(key: "data_offsets", number: "18446744073709551615")),
        .tensor(
            "offsets-end-overflow",
            .numberTooLarge(key: "data_offsets", number: "9223372036854775807")),
    ]

    static let placeCases: [HostileCase] = [
        .tensor("offsets-reversed", .offsetsReversed(begin: 4, end: 0)),
        .tensor("size-mismatch", .sizeMismatch(.f32, shape: [2], expected: 8, found: 4)),
        .tensor("hole", .hole(expectedBegin: 4, begin: 8), of: "b"),
        .tensor("hole-at-start", .hole(expectedBegin: 0, begin: 4)),
        .tensor("overlap", .overlap(previous: "a", expectedBegin: 4, begin: 2), of: "b"),
        .tensor("same-place", .overlap(previous: "a", expectedBegin: 4, begin: 0), of: "b"),
        .file("trailing-byte", .trailingBytes(count: 1)),
        .file("data-without-tensors", .trailingBytes(count: 4)),
        .tensor("short-data", .dataTooShort(end: 8, available: 7), of: "b"),
        .tensor("truncated-file", .dataTooShort(end: 4, available: 3)),
        .weight("f8-weight", "a", .quantised(.f8E4M3)),
        .weight("packed-weight", "model.layers.0.mlp.up_proj.qweight", .quantised(.i32)),
    ]

    static let first = "model-00001-of-00002.safetensors"
    static let second = "model-00002-of-00002.safetensors"
    static let indexFile = "model.safetensors.index.json"

    static let indexCases: [HostileCase] = [
        .index(
            "index-parent-path", tensor: "b", .shardName(tensor: "b", shard: "../" + second)),
        .index("index-absolute-path", tensor: "b", .shardName(tensor: "b", shard: "/etc/passwd")),
        .index(
            "index-other-format", tensor: "b", .shardName(tensor: "b", shard: "pytorch_model.bin")),
        .index(
            "index-hidden-file", tensor: "b",
            .shardName(tensor: "b", shard: ".hidden.safetensors")),
        .index(
            "index-nul-in-name", tensor: "b", .shardName(tensor: "b", shard: "a\0.safetensors")),
        .index("shard-missing", tensor: "b", .shardMissing(shard: second, tensor: "b")),
        .tensor("shard-truncated", .dataTooShort(end: 4, available: 3), of: "b", in: second),
        .index(
            "tensor-in-two-shards", tensor: "a",
            .tensorInTwoShards(tensor: "a", shards: [first, second])),
        .index("tensor-not-in-shard", tensor: "c", .tensorNotInShard(tensor: "c", shard: second)),
        .index("tensor-in-other-shard", tensor: "a", .tensorNotInShard(tensor: "a", shard: second)),
        .index("index-without-map", .empty),
        .index("index-map-empty", .empty),
        .index("index-array", .value(key: "the index", expected: "an object")),
        .index("index-map-array", .value(key: "weight_map", expected: "an object")),
        .index("index-shard-number", .value(key: "weight_map.a", expected: "a string")),
        .json(
            "index-tensor-repeated", in: indexFile, line: 1, column: 55,
            .repeatedKey("a", offset: 54)),
        .json(
            "index-trailing-text", in: indexFile, line: 6, column: 2,
            .unexpected(byte: 0x7D, offset: 114, expected: "the end")),
        .json(
            "index-deep-nesting", in: indexFile, line: 1, column: 326,
            .tooDeep(offset: 325, limit: 64)),
    ]

    static let otherCases: [HostileCase] = [
        .folder("config-missing", .noConfig),
        .json("config-empty", line: 1, column: 1, .unexpectedEnd(offset: 0)),
        HostileCase(folder: "config-array", file: "config.json", tensor: nil) {
            .config(.notAnObject(file: $0, found: "a list of 0"))
        },
        .json("config-cut", line: 2, column: 21, .unexpectedEnd(offset: 22)),
        .json(
            "config-key-repeated", line: 3, column: 3, .repeatedKey("hidden_size", offset: 24)),
        .json("config-deep-nesting", line: 1, column: 321, .tooDeep(offset: 320, limit: 64)),
        .json(
            "config-trailing-comma", line: 3, column: 1,
            .unexpected(byte: 0x7D, offset: 22, expected: "a string")),
        .json(
            "config-second-object", line: 4, column: 1,
            .unexpected(byte: 0x7B, offset: 28, expected: "the end")),
        .json("config-not-utf8", line: 1, column: 17, .notUTF8(offset: 16)),
        .json(
            "config-bare-word", line: 1, column: 16,
            .unexpected(byte: 0x6C, offset: 15, expected: "a value")),
        .folder(
            "quantised",
            .unreadQuantization(UnreadQuantization(format: "gptq", detail: nil))),
        .folder("no-weights", .noWeights),
        .folder("torch-only", .torchWeights(file: "pytorch_model.bin")),
        .folder("other-name", .unindexedWeights(file: "consolidated.safetensors")),
        .folder("gguf-only", .ggufWeights(file: "model-q4.gguf")),
    ]
}
