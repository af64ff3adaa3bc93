// What names a quantised model: the model it is made of and its numbers; not what entries are
// called, nor where it lies. And what entries are told before anything is computed.

import Catalogue
import Checkpoint
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

    private static func job(_ entries: String) throws -> JobDescription {
        let text = """
            version: 1
            model: demo
            compress: [{method: reverse, ratios: [0.5]}]
            quantize: [\(entries)]
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "keys")
    }

    private static func key(
        _ entry: String, of identity: String = "model", to folder: String = "a"
    ) throws -> Digest {
        let job = try job(entry)
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
}
