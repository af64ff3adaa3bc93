// Every similarity measure in a job, with the built program as a real process.

import Foundation
import TestSupport
import Testing

@Suite("measures in jobs", .serialized)
struct MeasureJobTests {
    /// The original's matrix under a measure; `compress` may bring another with it.
    private static func matrix(
        _ measure: String, analysis: String, compress: String = "{method: mka, ratios: [0.125]}"
    ) throws -> [[Double]] {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("{compute: f32}", with: "{compute: f32, \(analysis)}")
            .replacing("{method: mka, ratios: [0.125]}", with: compress)
        try Data(text.utf8).write(to: URL(filePath: job))
        let output = folder.path + "/out"
        let outcome = try layerfold("run", job, "--state", folder.path + "/s", "--output", output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(
                with: try Data(contentsOf: URL(filePath: output + "/tiny-1/report.json")))
                as? [String: Any])
        let found = try #require(report["similarity"] as? [[String: Any]]).first {
            $0["measure"] as? String == measure && $0["of"] as? String == "original"
        }
        return try #require(found?["matrix"] as? [[Double]])
    }

    @Test(
        "a job measures by every measure, and by the parameters it gives",
        arguments: [
            ("cosine", nil), ("euclidean", nil), ("block-influence", nil), ("angular", nil),
            ("mahalanobis", "ridge: 2"), ("cka", "unbiased: true"), ("tsne", "seed: 2"),
            ("autoencoder", "code_width: 3"),
        ] as [(String, String?)])
    func measures(name: String, parameter: String?) throws {
        let usual = try Self.matrix(name, analysis: "similarity: \(name)")
        #expect(usual.count == 16 && usual.allSatisfy { $0.count == 16 })
        if let parameter {
            let other = try Self.matrix(name, analysis: "similarity: \(name), \(parameter)")
            #expect(other != usual)
        }
    }

    @Test(
        "a method with a measure of its own brings it with it",
        arguments: [
            ("shortgpt", "block-influence"), ("angular", "angular"),
            ("mka, measure: euclidean, label: near", "euclidean"),
        ])
    func ownMeasure(method: String, measure: String) throws {
        let own = try Self.matrix(
            measure, analysis: "similarity: cosine",
            compress: "{method: \(method), ratios: [0.125]}")
        #expect(own == (try Self.matrix(measure, analysis: "similarity: \(measure)")))
    }
}
