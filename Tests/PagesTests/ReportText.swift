// report.json of a job, as small as it can be.

import Foundation
import Report

enum ReportText {
    /// - Parameters:
    ///   - figures: perplexity by the share of layers removed.
    ///   - word: stands in every text that a job or a model may choose.
    static func report(
        name: String, digest: String = "d1", figures: [(ratio: Double, value: Double)],
        job: [String: Any] = [:], word: String = "plain"
    ) throws -> RunReport {
        var description: [String: Any] = ["name": name, "model": word]
        description.merge(job) { $1 }
        let results = figures.map { ratio, value -> [String: Any] in
            [
                "id": "reverse-r\(ratio)", "method": word, "ratio": ratio,
                "ratio_achieved": ratio, "path": "reverse-r\(ratio)",
                "layers": Int(16 * (1 - ratio)), "parameters": Int(1e6 * (1 - ratio)),
                "bytes": Int(4e6 * (1 - ratio)), "plan": [Any](), "removed_layers": [Any](),
                "similarity_before": [Any](), "similarity_after": [Any](),
                "evaluations": [
                    [
                        "task": "perplexity", "metric": "perplexity", "value": value,
                        "stderr": 0.5, "original": 10.0,
                    ], ["task": word, "metric": "accuracy", "value": 0.5],
                ],
                "seconds": 1.0, "files": [Any](),
            ]
        }
        let report: [String: Any] = [
            "schema": 1, "job": description,
            "model": [
                "name": word, "digest": digest, "architecture": word, "layers": 16,
                "parameters": 1_000_000, "bytes": 4_000_000, "dtype": "bfloat16",
            ],
            "stages": [Any](), "similarity": [Any](), "results": results,
            "warnings": [word], "versions": ["layerfold": word],
            "numerics": ["compute": "f32", "kernel_level": "avx2", "threads": 2],
            "started": "2026-03-02T14:03:11Z", "finished": "2026-03-02T14:05:47Z",
        ]
        let data = try JSONSerialization.data(withJSONObject: report)
        return try RunReport(jsonText: String(decoding: data, as: UTF8.self))
    }
}
