// Rotary frequencies and attention factors of every scaling against transformers.

import Checkpoint
import EngineTestSupport
import Foundation
import SystemPackage
import TensorMath
import Testing

@testable import Model

/// transformers computes powers of the base in f32, we in double.
private let frequencyTolerance = 3e-6

@Suite struct RotaryTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let name: String
        let config: Data
        let attentionFactor: Double
        let lengths: [(length: Int, frequencies: [Double])]
        var testDescription: String { name }
    }

    static let goldens: [Golden] = {
        let file = ArchitectureFixtures.folder.appending("rotary.json").string
        guard let data = FileManager.default.contents(atPath: file),
            let list = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        else { return [] }
        return list.compactMap { item in
            guard let name = item["name"] as? String, let config = item["config"],
                let factor = item["attention_factor"] as? Double,
                let lengths = item["lengths"] as? [[String: Any]],
                let bytes = try? JSONSerialization.data(withJSONObject: config)
            else { return nil }
            return Golden(
                name: name, config: bytes, attentionFactor: factor,
                lengths: lengths.map {
                    ($0["length"] as? Int ?? 0, $0["frequencies"] as? [Double] ?? [])
                })
        }
    }()

    static func rotary(_ config: Data) throws -> RotaryBlueprint {
        let bytes = [UInt8](config)
        let config = try ModelConfig.parse(bytes.span, file: "config.json")
        return try #require(try Llama().blueprint(config).rotaries.first)
    }

    @Test("the goldens are there")
    func goldensAreThere() {
        #expect(Self.goldens.count == 19)
        #expect(Self.goldens.allSatisfy { $0.lengths.count == 6 })
    }

    @Test("frequencies and attention factor agree at every length", arguments: goldens)
    func agrees(_ golden: Golden) throws {
        let rotary = try Self.rotary(golden.config)
        #expect(abs(rotary.attentionFactor - golden.attentionFactor) <= 1e-9)
        for (length, expected) in golden.lengths {
            let found = rotary.inverseFrequencies(length: length)
            #expect(found.count == expected.count)
            for (a, b) in zip(found, expected) {
                #expect(abs(a - b) <= frequencyTolerance * b, "length \(length): \(a), not \(b)")
            }
        }
    }

    @Test("tables hold cosine and sine times the factor, position by position")
    func tables() {
        let rotary = RotaryBlueprint(
            width: 4, base: 100,
            scaling: .longrope(
                short: [1, 2], long: [3, 4], originalLength: 8, attentionFactor: 1.5))
        let (cosine, sine) = rotary.tables(
            frequencies: rotary.inverseFrequencies(length: 9), positions: 0..<9)
        for position in 0..<9 {
            for (index, frequency) in [1.0 / 3, 0.1 / 4].enumerated() {
                let angle = Double(position) * frequency
                #expect(abs(Double(cosine[position, index]) - 1.5 * cos(angle)) < 1e-6)
                #expect(abs(Double(sine[position, index]) - 1.5 * sin(angle)) < 1e-6)
            }
        }
    }

    @Test("an unknown or incomplete scaling is refused by name")
    func refusals() throws {
        func parse(_ scaling: String) throws -> RotaryBlueprint {
            try Self.rotary(
                Data(
                    """
                    {"model_type": "llama", "hidden_size": 8, "intermediate_size": 8,
                     "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8,
                     "rope_scaling": \(scaling)}
                    """.utf8))
        }
        #expect(throws: ModelError.self) { try parse(#"{"rope_type": "spiral"}"#) }
        for incomplete in [
            #"{"rope_type": "linear"}"#, #"{"rope_type": "yarn"}"#, #"{"rope_type": "llama3"}"#,
            #"{"rope_type": "longrope", "short_factor": [1, 1, 1, 1]}"#,
        ] {
            #expect(throws: ConfigError.self) { try parse(incomplete) }
        }
    }

    @Test("a list of factors of the wrong length is refused")
    func factorCount() {
        let config = Data(
            """
            {"model_type": "llama", "hidden_size": 8, "intermediate_size": 8,
             "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8,
             "rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1],
             "long_factor": [1, 1], "original_max_position_embeddings": 4}}
            """.utf8)
        #expect(throws: (any Error).self) { try Self.rotary(config) }
    }

    @Test(
        "an original length that no count holds is refused by its key",
        arguments: ["-1", "0", "1e10", "1e300"])
    func originalLength(_ length: String) {
        let factors = #""factor": 4, "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 1]"#
        for scaling in [
            #""rope_type": "yarn", "factor": 4"#, #""rope_type": "yarn", \#(factors)"#,
            #""rope_type": "longrope", \#(factors)"#,
            #""rope_type": "llama3", "factor": 4, "low_freq_factor": 1, "high_freq_factor": 4"#,
        ] {
            let error = #expect(throws: ConfigError.self, "\(scaling)") {
                try ConfigReadingTests.blueprint(
                    "llama",
                    #""rope_scaling": {\#(scaling), "#
                        + #""original_max_position_embeddings": \#(length)}"#)
            }
            #expect(
                error?.description.contains("`rope_scaling.original_max_position_embeddings`")
                    == true)
        }
        // Beside the section it counts as well, and where no scaling reads it, it may be anything.
        #expect(throws: ConfigError.self) {
            try ConfigReadingTests.blueprint(
                "llama",
                #""rope_scaling": {"rope_type": "yarn", "factor": 4}, "#
                    + #""original_max_position_embeddings": \#(length)"#)
        }
        #expect(throws: Never.self) {
            try ConfigReadingTests.blueprint(
                "llama",
                #""rope_scaling": {"rope_type": "linear", "factor": 4, "#
                    + #""original_max_position_embeddings": \#(length)}"#)
        }
    }

    @Test("a part beyond the whole of a head is refused", arguments: ["1e300", "-1e300", "2"])
    func part(_ share: String) {
        #expect(throws: ModelError.self) {
            try ConfigReadingTests.blueprint("phi3", #""partial_rotary_factor": \#(share)"#)
        }
    }
}
