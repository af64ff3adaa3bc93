// Where the report's goldens and its schema lie, and the tiny report the goldens are made from.

import Foundation
import JSON
import TestSupport
import Testing

@testable import Report

enum ReportFixtures {
    static let root = Places.root
    static let goldens = Places.fixtures.appending(path: "Report")
    static let schema = root.appending(path: "docs/report.schema.json")

    /// The tree of a JSON text.
    static func value(of text: String) throws -> JSONValue {
        try JSONValue(parsing: text, limits: JSONLimits(bytes: 256 << 20))
    }

    /// Compares `text` with a committed file; with LAYERFOLD_WRITE_GOLDENS=1 writes it instead.
    static func expectGolden(_ text: String, _ name: String) throws {
        let file = goldens.appending(path: name)
        if ProcessInfo.processInfo.environment["LAYERFOLD_WRITE_GOLDENS"] == "1" {
            try Data(text.utf8).write(to: file)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let expected = golden.split(separator: "\n", omittingEmptySubsequences: false)
        let differing = zip(lines, expected).enumerated().first { $0.element.0 != $0.element.1 }
        let line = (differing?.offset ?? min(lines.count, expected.count)) + 1
        #expect(
            text == golden,
            """
            \(name) differs first in line \(line)
            golden: \(differing?.element.1.prefix(300) ?? "(ends)")
            now:    \(differing?.element.0.prefix(300) ?? "(ends)")
            """)
    }

    /// Three layers folded to two, one figure: small enough to read the goldens by eye.
    static func tiny() -> RunReport {
        let digest = String(repeating: "0123456789abcdef", count: 4)
        return RunReport(
            job: [
                "version": 1, "name": "tiny", "model": "models/tiny",
                "analysis": ["similarity": "npib", "sigma": 8.0],
                "compress": [["method": "mka", "ratios": [0.34]]],
            ],
            model: .init(
                name: "tiny", digest: digest, architecture: "LlamaForCausalLM", layers: 3,
                parameters: 1000, bytes: 2000, dtype: "bfloat16"),
            stages: [
                .init(name: "similarity", key: digest, cache: .hit, seconds: 0.5),
                .init(
                    name: "merge", key: digest, cache: .miss, seconds: 75.25,
                    peakBytes: 3 << 20, plannedPeakBytes: 2 << 20, detail: "mka, ratio 0.34",
                    missReason: "ratio was 0.25, is 0.34"),
            ],
            similarity: [
                .init(
                    measure: "npib", reading: "paper", layers: ["0", "1", "2"],
                    matrix: [[1, 0.25, 0.125], [0.25, 1, 0.75], [0.125, 0.75, .nan]],
                    conditionNumbers: [12.5, 2100, 33], warnings: ["layer 1: 2100 > 2000"]),
                .init(
                    measure: "npib", reading: "paper", of: "mka-r0.34", layers: ["0", "1"],
                    matrix: [[1, 0.5], [0.5, 1]]),
            ],
            results: [
                .init(
                    id: "mka-r0.34", method: "mka", ratio: 0.34, ratioAchieved: 1.0 / 3,
                    path: "mka-r0.34", layers: 2, parameters: 700, bytes: 1400,
                    plan: [
                        .init(into: 0, from: [.init(layer: 0, weight: 1)]),
                        .init(
                            into: 1,
                            from: [
                                .init(layer: 1, weight: 0.62), .init(layer: 2, weight: 0.38),
                            ]),
                    ],
                    similarityBefore: [0], similarityAfter: [1],
                    evaluations: [
                        .init(
                            task: "perplexity", metric: "perplexity", value: 87.23,
                            stderr: 1.25, count: 49_152, original: 51.69)
                    ],
                    seconds: 0.125,
                    files: [.init(name: "model.safetensors", bytes: 1400, sha256: digest)])
            ],
            warnings: ["a <warning> & more"],
            versions: .init(layerfold: "0.1.0", swift: "6.3.1"),
            numerics: .init(compute: "f32", kernelLevel: "avx512", threads: 2),
            started: "2026-03-02T14:03:11Z", finished: "2026-03-02T14:05:47Z")
    }
}
