// What names a quantised model: the model it is made of and its numbers; not what entries are
// called, nor where it lies. And what entries are told before anything is computed.

import Catalogue
import Checkpoint
import Compression
import Foundation
import Jobs
import Model
import Quantization
import Schemes
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct QuantizationKeyTests {
    private static func model() throws -> Model {
        try Model(try Checkpoint(FilePath(Places.demoModel.path)))
    }

    private static func job(
        _ entries: String, shardBytes: Int = 5_000_000_000
    ) throws -> JobDescription {
        let text = """
            version: 1
            model: demo
            compress: [{method: reverse, ratios: [0.5]}]
            quantize: [\(entries)]
            output: {shard_bytes: \(shardBytes)}
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "keys")
    }

    private static func key(
        _ entry: String, of identity: String = "model", to folder: String = "a",
        shardBytes: Int = 5_000_000_000
    ) throws -> Digest {
        let job = try job(entry, shardBytes: shardBytes)
        let source = Subject(
            model: try model(), identity: Digest(of: identity), label: "mka-r0.25")
        let request = try #require(try QuantizationRequest.all(of: job, source.model).first)
        return try QuantizeStage(
            source, request.scheme, codes: nil, output: job.output, to: FilePath(folder),
            label: folder
        ).key.digest
    }

    @Test func `keys hold model and scheme, and nothing else`() throws {
        let usual = try Self.key("{method: rtn, group: 32}")
        let others = [
            try Self.key("{method: rtn, group: 64}"), try Self.key("{method: rtn, bits: 8}"),
            try Self.key("{method: rtn, group: channel}"), try Self.key("{method: fp8}"),
            try Self.key("{method: rtn, group: 32}", of: "another"),
        ]
        #expect(Set(others + [usual]).count == 6)
        #expect(
            try Self.key("{method: rtn, group: 32, label: mine, original: true}", to: "b")
                == usual)
        // Nor do figures depend on the number of files.
        #expect(try Self.key("{method: rtn, group: 32}", shardBytes: 1_048_576) == usual)
    }

    @Test func `a group that was found is told, and one that does not fit refused`() throws {
        let model = try Self.model()
        let narrow = QuantizableWeights(model.blueprint).tensors.contains {
            $0.shape[1] % 128 != 0
        }
        let found = try QuantizationRequest.all(of: Self.job("{method: rtn}"), model)
        #expect(found[0].notes.isEmpty == !narrow)
        #expect(throws: QuantizationRefusal.self) {
            try QuantizationRequest.all(of: Self.job("{method: rtn, group: 7}"), model)
        }
    }

    @Test("a group that narrowed MLPs may not be whole groups of is refused before all else")
    func narrowed() throws {
        // Widths of 18, 21 and 24: groups of 3 fill their rows, and none of 1,408 columns.
        let folder = Places.fixtures.appending(path: "arch/seed_oss-plain").path
        let model = try Model(try Checkpoint(FilePath(folder)))
        func requests(_ group: String, narrow: Bool) throws -> Int {
            let text = """
                version: 1
                model: demo
                calibration: {dataset: text, path: a.txt, samples: 8, max_tokens: 16}
                compress: [{method: fold, narrow: \(narrow), size: 0.5}]
                quantize: [{method: rtn, group: \(group)}]
                """
            let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "narrow")
            do {
                return try QuantizationRequest.all(of: job, model).count
            } catch NarrowingError.group(let found, let entry) {
                #expect(found == 3 && entry == job.quantizationNames[0])
                return 0
            }
        }
        #expect(try requests("3", narrow: true) == 0)
        #expect(try requests("3", narrow: false) == 1)
        #expect(try requests("channel", narrow: true) == 1)
        #expect(try requests("1", narrow: true) == 1)
    }
}
