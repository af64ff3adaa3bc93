// GGUF files made to break a reader: each gives one error that names the file and the place.

import Checkpoint
import EngineTestSupport
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct GGUFFileTests {
    /// Bytes of a file, put together piece by piece.
    private struct Bytes {
        var all: [UInt8] = []

        mutating func number<Number: FixedWidthInteger>(_ value: Number) {
            for index in 0..<Number.bitWidth / 8 {
                all.append(UInt8(truncatingIfNeeded: value >> Number(8 * index)))
            }
        }

        mutating func text(_ value: String) {
            number(UInt64(value.utf8.count))
            all += Array(value.utf8)
        }

        mutating func key(_ name: String, text value: String) {
            text(name)
            number(UInt32(8))
            text(value)
        }

        mutating func key(_ name: String, count value: UInt32) {
            text(name)
            number(UInt32(4))
            number(value)
        }

        mutating func key(_ name: String, wide value: UInt64) {
            text(name)
            number(UInt32(10))
            number(value)
        }

        mutating func key(_ name: String, float value: Float) {
            text(name)
            number(UInt32(6))
            number(value.bitPattern)
        }

        mutating func tensor(_ name: String, _ shape: [UInt64], _ type: UInt32, at: UInt64) {
            text(name)
            number(UInt32(shape.count))
            for side in shape.reversed() { number(side) }
            number(type)
            number(at)
        }

        mutating func pad() { while all.count % 32 != 0 { all.append(0) } }
    }

    /// A header of some keys and tensors with so many bytes of data.
    private static func file(
        version: UInt32 = 3, keys: UInt64 = 0, tensors: UInt64 = 0, data: Int = 0,
        _ fill: (inout Bytes) -> Void = { _ in }
    ) -> [UInt8] {
        var bytes = Bytes(all: Array("GGUF".utf8))
        bytes.number(version)
        bytes.number(tensors)
        bytes.number(keys)
        fill(&bytes)
        bytes.pad()
        return bytes.all + [UInt8](repeating: 0, count: data)
    }

    private static func refusal(_ bytes: [UInt8]) -> String {
        do {
            let scratch = try CheckpointScratch()
            let path = try scratch.write(bytes, "model.gguf")
            do {
                _ = try Checkpoint(path)
                return "opened"
            } catch {
                let text = "\(error)"
                #expect(text.hasPrefix(path.string + ": "), "\(text)")
                return text
            }
        } catch { return "\(error)" }
    }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let bytes: [UInt8]
        let words: [String]

        init(_ description: String, _ words: String..., bytes: [UInt8]) {
            self.description = description
            self.words = words
            self.bytes = bytes
        }
    }

    static let cases: [Case] = [
        Case("empty", "four letters GGUF", "found nothing", bytes: []),
        Case("other", "found [80, 75, 3, 4]", bytes: [80, 75, 3, 4, 0, 0, 0, 0]),
        Case("short", "byte 4: the version reaches", bytes: Array("GGUF".utf8)),
        Case("old", "byte 4: version 1, expected 2 or 3", bytes: file(version: 1)),
        Case("big-endian", "big-endian", "gguf_convert_endian.py", bytes: file(version: 3 << 24)),
        Case("keys", "\(UInt64.max) keys, more than", bytes: file(keys: .max)),
        Case("tensors", "\(UInt64.max) tensors, more than", bytes: file(tensors: .max)),
        Case("no keys", "reaches beyond the end of the file", bytes: file(keys: 5)),
        Case(
            "long key", "bytes of a key, more than the limit",
            bytes: file(keys: 1) { $0.number(UInt64.max) }),
        Case(
            "no UTF-8", "a key is no UTF-8",
            bytes: file(keys: 1) {
                $0.number(UInt64(2))
                $0.all += [0xC0, 0xAF]
            }),
        Case(
            "twice", "key `a` appears twice",
            bytes: file(keys: 2) {
                $0.key("a", count: 1)
                $0.key("a", count: 1)
            }),
        Case(
            "value", "key `a`: a value of type 99",
            bytes: file(keys: 1) {
                $0.text("a")
                $0.number(UInt32(99))
            }),
        Case(
            "list", "values of `a`, more than the limit",
            bytes: file(keys: 1) {
                $0.text("a")
                $0.number(UInt32(9))
                $0.number(UInt32(4))
                $0.number(UInt64.max)
            }),
        Case(
            "cut list", "the list of `a` reaches beyond the end",
            bytes: file(keys: 1) {
                $0.text("a")
                $0.number(UInt32(9))
                $0.number(UInt32(4))
                $0.number(UInt64(1_000_000))
            }),
        Case(
            "nested", "key `a`: a list of lists",
            bytes: file(keys: 1) {
                $0.text("a")
                $0.number(UInt32(9))
                $0.number(UInt32(9))
                $0.number(UInt64(1))
            }),
        Case(
            "alignment", "`general.alignment`: expected a multiple of 8", "found 3",
            bytes: file(keys: 1) { $0.key("general.alignment", count: 3) }),
        Case(
            "rank", "tensor `t`: 9 dimensions",
            bytes: file(tensors: 1) {
                $0.text("t")
                $0.number(UInt32(9))
            }),
        Case(
            "zero", "tensor `t`: the size of [0]",
            bytes: file(tensors: 1) { $0.tensor("t", [0], 0, at: 0) }),
        Case(
            "overflow", "tensor `t`: the size of",
            bytes: file(tensors: 1) { $0.tensor("t", [1 << 40, 1 << 40], 0, at: 0) }),
        Case(
            "type", "tensor `t`: its type is IQ4_XS", "Q4_K, Q6_K",
            bytes: file(tensors: 1) { $0.tensor("t", [256], 23, at: 0) }),
        Case(
            "unknown type", "its type is number 77",
            bytes: file(tensors: 1) { $0.tensor("t", [256], 77, at: 0) }),
        Case(
            "rows", "rows of 48 numbers in Q8_0, whose blocks have 32",
            bytes: file(tensors: 1) { $0.tensor("t", [2, 48], 8, at: 0) }),
        Case(
            "offset", "begins at 8, expected a multiple of 32",
            bytes: file(tensors: 1) { $0.tensor("t", [4], 0, at: 8) }),
        Case(
            "cut off", "tensor `t`: ends at 64, but the file holds 32 bytes",
            bytes: file(tensors: 1, data: 32) { $0.tensor("t", [16], 0, at: 0) }),
        Case(
            "far", "tensor `t`: ends at",
            bytes: file(tensors: 1, data: 32) { $0.tensor("t", [16], 0, at: 1 << 62) }),
        Case(
            "overlap", "tensor `u`: begins at 32, inside `t`, which ends at 64",
            bytes: file(tensors: 2, data: 128) {
                $0.tensor("t", [16], 0, at: 0)
                $0.tensor("u", [8], 0, at: 32)
            }),
        Case(
            "twice a tensor", "tensor `t` appears twice",
            bytes: file(tensors: 2, data: 64) {
                $0.tensor("t", [8], 0, at: 0)
                $0.tensor("t", [8], 0, at: 32)
            }),
        Case("trailing", "96 bytes behind the last tensor", bytes: file(data: 96)),
        Case("no architecture", "`general.architecture`: `nothing`", bytes: file()),
        Case(
            "architecture", "`bert` is not read from GGUF", "llama, qwen2",
            bytes: file(keys: 1) { $0.key("general.architecture", text: "bert") }),
        Case(
            "type of a key", "key `general.architecture`: expected a text, found 3",
            bytes: file(keys: 1) { $0.key("general.architecture", count: 3) }),
        Case(
            "part", "one of 4 parts", "llama-gguf-split --merge",
            bytes: file(keys: 2) {
                $0.key("general.architecture", text: "llama")
                $0.key("split.count", count: 4)
            }),
        Case(
            "missing key", "key `llama.attention.head_count`: expected a whole number above 0",
            bytes: file(keys: 1) { $0.key("general.architecture", text: "llama") }),
    ]

    @Test(arguments: cases)
    func everyFaultIsToldWithItsPlace(_ test: Case) {
        let text = Self.refusal(test.bytes)
        for word in test.words { #expect(text.contains(word), "\(text)") }
    }

    @Test func noDamageIsAnythingButAnError() {
        let whole = Self.file(keys: 3, tensors: 2, data: 128) {
            $0.key("general.architecture", text: "llama")
            $0.key("llama.block_count", count: 1)
            $0.key("tokenizer.ggml.model", text: "gpt2")
            $0.tensor("token_embd.weight", [2, 8], 0, at: 0)
            $0.tensor("output_norm.weight", [8], 0, at: 64)
        }
        var random = SeededBytes(seed: 17)
        for _ in 0..<2000 {
            let bytes = Mutation.apply(to: whole, words: ["GGUF", "\0\0\0\0", "\u{FF}"], &random)
            #expect(Self.refusal(bytes) != "")
        }
        for count in 0..<whole.count { #expect(Self.refusal(Array(whole[..<count])) != "opened") }
    }

    @Test("more layers than any model has are refused before a list of them is made")
    func layers() {
        let bytes = Self.file(keys: 4, tensors: 1, data: 64) {
            $0.key("general.architecture", text: "gemma3")
            $0.key("gemma3.attention.head_count", count: 1)
            $0.key("gemma3.embedding_length", count: 4)
            $0.key("gemma3.block_count", count: .max)
            $0.tensor("token_embd.weight", [4, 4], 0, at: 0)
        }
        let text = Self.refusal(bytes)
        #expect(text.contains("`gemma3.block_count`") && text.contains("at most 4096"), "\(text)")
        #expect(text.contains("4294967295"), "\(text)")
    }

    // MARK: Of a model

    /// A model of one layer and its embedding. Names without the architecture's.
    private static func model(
        _ architecture: String = "qwen2", _ numbers: [String: UInt64] = [:],
        floats: [String: Float] = [:], scaling: String? = nil, experts: UInt64? = nil
    ) -> [UInt8] {
        let own: [String: UInt64] = [
            "attention.head_count": 4, "embedding_length": 8, "block_count": 1,
            "context_length": 64, "feed_forward_length": 8,
        ]
        let all = own.merging(numbers) { $1 }
        return file(
            keys: UInt64(1 + all.count + floats.count + (scaling == nil ? 0 : 1)),
            tensors: experts == nil ? 1 : 2, data: 128 + 4 * Int(experts ?? 0)
        ) {
            $0.key("general.architecture", text: architecture)
            for (name, value) in all { $0.key("\(architecture).\(name)", wide: value) }
            for (name, value) in floats { $0.key("\(architecture).\(name)", float: value) }
            if let scaling { $0.key("\(architecture).rope.scaling.type", text: scaling) }
            $0.tensor("token_embd.weight", [4, 8], 0, at: 0)
            if let experts { $0.tensor("blk.0.ffn_up_exps.weight", [experts, 1, 1], 0, at: 128) }
        }
    }

    @Test(
        "a number whose products are none is refused by its key",
        arguments: [
            "attention.head_count", "attention.head_count_kv", "attention.key_length",
            "attention.value_length", "rope.dimension_count", "embedding_length",
            "feed_forward_length",
        ])
    func products(key: String) {
        #expect(Self.refusal(Self.model()) == "opened")
        for value in [1 << 62, .max, 0, 1 << 24 + 1] as [UInt64] {
            let text = Self.refusal(Self.model("qwen2", [key: value]))
            #expect(text.contains("key `qwen2.\(key)`: expected a whole number above 0"), "\(text)")
            #expect(text.contains("at most 16777216"), "\(text)")
        }
    }

    @Test("more experts than any layer has are refused before tensors are made of them")
    func experts() {
        let numbers: [String: UInt64] = ["expert_count": 8, "expert_used_count": 2]
        #expect(Self.refusal(Self.model("llama", numbers, experts: 4096)) == "opened")
        let text = Self.refusal(Self.model("llama", numbers, experts: 4097))
        #expect(
            text.contains("`blk.0.ffn_up_exps.weight`: expected at most 4096 experts, found 4097"),
            "\(text)")
        let wide = numbers.merging(["expert_feed_forward_length": 1 << 62]) { $1 }
        #expect(Self.refusal(Self.model("llama", wide)).contains("expert_feed_forward_length"))
    }

    private static func scaling(
        _ type: String?, _ floats: [String: Float], _ numbers: [String: UInt64] = [:]
    ) throws -> ModelConfig? {
        let scratch = try CheckpointScratch()
        let bytes = model("qwen2", numbers, floats: floats, scaling: type)
        let checkpoint = try Checkpoint(try scratch.write(bytes, "model.gguf"))
        return try checkpoint.config.sectionIfPresent("rope_scaling")
    }

    @Test("a factor scales as in llama.cpp: linear without a type, never with `none` or as 0")
    func factors() throws {
        for name in ["rope.scaling.factor", "rope.scale_linear"] {
            for type in [nil, "linear"] {
                let found = try #require(try Self.scaling(type, [name: 4]))
                #expect(try found.string("rope_type") == "linear")
                #expect(try found.double("factor") == 4)
                #expect(try Self.scaling(type, [name: 0]) == nil)
                #expect(try Self.scaling(type, [name: 1]) == nil)
                #expect(throws: CheckpointError.self) { try Self.scaling(type, [name: -2]) }
            }
            #expect(try Self.scaling("none", [name: 4]) == nil)
        }
        #expect(try Self.scaling(nil, [:]) == nil)
        let length: [String: UInt64] = ["rope.scaling.original_context_length": 32]
        for factor in [0, -2] as [Float] {
            #expect(throws: CheckpointError.self) {
                try Self.scaling("yarn", ["rope.scaling.factor": factor], length)
            }
        }
    }

    @Test(
        "a `yarn` that llama.cpp multiplies or mixes otherwise is refused",
        arguments: ["attn_factor", "yarn_attn_factor", "yarn_ext_factor"])
    func ownYarn(key: String) throws {
        func scaling(_ value: Float) throws -> ModelConfig? {
            try Self.scaling(
                "yarn", ["rope.scaling.factor": 4, "rope.scaling.\(key)": value],
                ["rope.scaling.original_context_length": 32])
        }
        #expect(try scaling(1)?.string("rope_type") == "yarn")
        let error = #expect(throws: CheckpointError.self) { try scaling(0.5) }
        #expect(error?.description.contains("`rope.scaling.\(key)` of 0.5") == true)
        if key == "yarn_ext_factor" {
            #expect(try scaling(-1) != nil)
        } else {
            #expect(throws: CheckpointError.self) { try scaling(-1) }
        }
    }

    @Test func aFolderThatHoldsOnlyAFileOfGGUFSaysHowToNameIt() throws {
        let scratch = try CheckpointScratch()
        try scratch.write(Array("{}".utf8), "config.json")
        try scratch.write(Self.file(), "tiny.gguf")
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(scratch.path) }
        #expect(error?.description.contains("give that file itself as the model") == true)
    }
}
