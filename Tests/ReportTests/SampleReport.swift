// Reports for the tests: a realistic one of any depth, and a tiny one for goldens. Figures follow
// formulas (no randomness), in the range of those measured on the demo model.

import JSON

@testable import Report

enum SampleReport {
    /// The demo job: 16 layers, two methods at two ratios.
    static func demo() -> RunReport {
        make(layers: 16, ratios: [0.125, 0.25], methods: ["mka", "reverse"])
    }

    /// A report with every field filled in.
    static func make(
        layers: Int, ratios: [Double], methods: [String], hasTasks: Bool = false,
        measures: [String] = ["npib"]
    ) -> RunReport {
        var similarity = measures.map { measure in
            RunReport.Similarity(
                measure: measure, reading: measure == "npib" ? "paper" : nil,
                layers: (0..<layers).map(String.init),
                matrix: matrix(layers, measure: measure),
                conditionNumbers: measure == "npib"
                    ? (0..<layers).map { 300 + Double($0 * $0) * 11.3 } : [],
                warnings: measure == "npib"
                    ? ["layer \(layers - 1): kernel matrix has condition number 2842.5"] : [])
        }
        var results: [RunReport.Result] = []
        for ratio in ratios {
            for (order, method) in methods.enumerated() {
                var result = self.result(
                    layers: layers, ratio: ratio, method: method, order: order,
                    hasTasks: hasTasks)
                result.similarityBefore = Array(measures.indices)
                result.similarityAfter = [similarity.count]
                similarity.append(
                    RunReport.Similarity(
                        measure: "npib", reading: "paper", of: result.id,
                        layers: (0..<result.layers).map(String.init),
                        matrix: matrix(result.layers, measure: "npib"),
                        conditionNumbers: (0..<result.layers).map { 310 + Double($0) * 9 }))
                results.append(result)
            }
        }
        return RunReport(
            job: job(ratios: ratios, methods: methods), model: model(layers: layers),
            stages: stages(layers), similarity: similarity, results: results,
            warnings: [
                "calibration: 3 of 57 prompts are longer than 512 tokens and were cut"
            ],
            versions: .init(
                layerfold: "0.1.0", swift: "6.3.1", openblas: "0.3.21", onednn: "2.6.3",
                sqlite: "3.40.1", zstd: "1.5.4"),
            numerics: .init(
                compute: "f32", kernelLevel: "avx512", threads: 2, blasCore: "COOPERLAKE",
                cpu: "Intel Xeon Processor (Sapphire Rapids)"),
            started: "2026-03-02T14:03:11Z", finished: "2026-03-02T14:05:47Z")
    }

    static func model(layers: Int) -> RunReport.Model {
        .init(
            name: "demo", digest: String(repeating: "9f3c07d41ab2e568", count: 4),
            architecture: "LlamaForCausalLM", layers: layers,
            parameters: 1_048_832 + layers * 738_304, bytes: 2 * (1_048_832 + layers * 738_304),
            dtype: "bfloat16")
    }

    static func job(ratios: [Double], methods: [String]) -> JSONValue {
        [
            "version": 1, "name": "demo", "model": "models/demo",
            "calibration": [
                "dataset": "text", "path": "models/demo/calibration.txt", "samples": 57,
                "max_tokens": 512, "seed": 1,
            ],
            "analysis": [
                "similarity": "npib", "representation": "last-token", "sigma": 8.0,
                "dimensions": 2, "neighbours": 5, "reading": "paper",
            ],
            "compress": .array(
                methods.map { method in
                    [
                        "method": .string(method), "ratios": .array(ratios.map(JSONValue.real)),
                        "weights": "adaptive", "order": "similarity",
                    ]
                }),
            "evaluate": [["task": "perplexity", "path": "models/demo/heldout.txt", "window": 512]],
            "output": ["dtype": "keep", "shard_bytes": 5_000_000_000],
        ]
    }

    /// Blocks of alike layers, a first layer unlike the others, a little unevenness.
    static func matrix(_ layers: Int, measure: String) -> [[Double]] {
        (0..<layers).map { i in
            (0..<layers).map { j in
                if i == j { return 1 }
                let distance = Double(abs(i - j)) / Double(layers) * 16
                let depth = Double(min(i, j)) / Double(layers)
                let uneven = Double((min(i, j) * 7919 + max(i, j) * 104_729) % 97) / 97 - 0.5
                let slow = measure == "npib" ? 5.0 : 12.0
                let decay = (1 + distance / slow) * (1 + distance / slow)
                return (0.16 + 0.30 * depth + 0.42 / decay + 0.05 * uneven)
                    * (min(i, j) == 0 ? 0.7 : 1)
            }
        }
    }

    private static func result(
        layers: Int, ratio: Double, method: String, order: Int, hasTasks: Bool
    ) -> RunReport.Result {
        let gone = Int((ratio * Double(layers)).rounded())
        let kept = layers - gone
        let id = "\(method)-r\(ratio)"
        let parameters = 1_048_832 + kept * 738_304
        let share = Double(gone) / Double(layers)
        let perplexity = 51.69 * (1 + share * (1.4 + 0.5 * Double(order)) + 3 * share * share)
        var evaluations = [
            RunReport.Evaluation(
                task: "perplexity", metric: "perplexity", value: perplexity,
                stderr: 0.6 + 3 * share, count: 49_152, original: 51.69, originalStderr: 0.6)
        ]
        if hasTasks { evaluations += tasks(share: share, order: order) }
        let plan = method == "mka" ? merges(layers, kept) : drops(layers, kept)
        let used = Set(plan.flatMap(\.from).map(\.layer))
        return .init(
            id: id, method: method, ratio: ratio, ratioAchieved: share, path: id, layers: kept,
            parameters: parameters, bytes: 2 * parameters, plan: plan,
            removedLayers: (0..<layers).filter { !used.contains($0) }, evaluations: evaluations,
            answers: hasTasks ? answers : nil, seconds: 0.41,
            files: [
                .init(
                    name: "model.safetensors", bytes: 2 * parameters,
                    sha256: String(repeating: "0123456789abcdef", count: 4))
            ])
    }

    private static let answers = ["usual", "repetitive"].map { reason in
        RunReport.Answer(
            task: "generation", reason: reason, prompt: "How long is a piece of string?",
            original: "Twice as long as\nfrom its middle to its end.",
            folded: "As long as a piece of string is as long as a piece of string.")
    }

    private static func tasks(share: Double, order: Int) -> [RunReport.Evaluation] {
        let names = ["anatomy", "astronomy", "college physics", "virology"]
        return ["mmlu", "hellaswag", "piqa"].enumerated().map { index, task in
            let original = 0.64 + 0.06 * Double(index)
            let loss = share * (0.2 + 0.4 * Double(index) + 0.1 * Double(order))
            return .init(
                task: task, metric: "accuracy", value: original - loss, stderr: 0.011,
                count: 1838, original: original, originalStderr: 0.0109,
                subjects: task != "mmlu"
                    ? nil
                    : names.enumerated().map { place, name in
                        .init(
                            name: name, value: original - loss * Double(place) / 2,
                            count: 100 + 17 * place, original: original + 0.02 * Double(place))
                    })
        }
    }

    /// Neighbours in the middle merge, pair by pair from the back.
    private static func merges(_ layers: Int, _ kept: Int) -> [RunReport.PlanEntry] {
        let pairs = layers - kept
        let first = layers - 2 * pairs - 1
        var plan: [RunReport.PlanEntry] = []
        var layer = 0
        while layer < layers {
            let isPair = layer >= first && plan.count(where: \.isMerged) < pairs
            if isPair {
                let weight = 0.5 + 0.02 * Double(layer % 7)
                plan.append(
                    .init(
                        into: plan.count,
                        from: [
                            .init(layer: layer, weight: weight),
                            .init(layer: layer + 1, weight: 1 - weight),
                        ]))
            } else {
                plan.append(.init(into: plan.count, from: [.init(layer: layer, weight: 1)]))
            }
            layer += isPair ? 2 : 1
        }
        return plan
    }

    private static func drops(_ layers: Int, _ kept: Int) -> [RunReport.PlanEntry] {
        (0..<kept).map { .init(into: $0, from: [.init(layer: $0, weight: 1)]) }
    }

    private static func stages(_ layers: Int) -> [RunReport.Stage] {
        let rows: [(String, RunReport.Stage.Cache, Double, Int, String)] = [
            ("digest", .hit, 0.01, 1, ""),
            ("tokenise", .hit, 0.02, 2, "57 sequences, 4,312 tokens"),
            ("activations", .hit, 0.01, 3, "57 sequences through \(layers) layers"),
            ("embedding", .miss, 0.34, 90, "\(layers) kernel matrices of 57 × 57"),
            ("similarity", .miss, 1.92, 60, "\(layers * (layers - 1) / 2) pairs"),
            ("merge", .miss, 0.41, 42, "mka, ratio 0.125"),
            ("evaluate", .miss, 83.5, 380, "perplexity, 96 windows of 512 tokens"),
        ]
        return rows.enumerated().map { index, row in
            let digits = "0123456789abcdef"
            let key = String(
                (0..<64).map { place in
                    Array(digits)[(place * 7 + index * 5) % 16]
                })
            return .init(
                name: row.0, key: key, cache: row.1, seconds: row.2,
                peakBytes: row.1 == .hit ? nil : row.3 << 20,
                plannedPeakBytes: row.1 == .hit ? nil : (row.3 * 5 / 4) << 20, detail: row.4)
        }
    }
}
