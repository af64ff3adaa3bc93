// A stage's version tells of its results: where equal inputs give other bytes than the committed
// ones, or other keys, a version was not raised.

import Foundation
import TestSupport
import Testing

/// A job through nearly every stage, under pinned numerics, and what its stages leave in the store.
@Suite struct StageGoldenTests {
    /// By key: what the stage is, and what came out.
    private struct Goldens: Codable, Equatable {
        /// Of the libraries that the last bits come from.
        var libraries: [String: String]
        /// `<stage>/<version> <key>` to the digest of the outputs, shortened.
        var actions: [String: String]
    }

    private static let file = Places.fixtures.appending(path: "stages.json")

    private static let manifest = """
        version: 1
        name: stages
        model: demo
        calibration: {dataset: text, path: demo/calibration.txt, samples: 16, max_tokens: 32}
        analysis: {compute: f32, similarity: npib, sigma: median}
        compare:
          measures: [cka, mahalanobis]
          sets:
            - {name: one, dataset: text, path: demo/calibration.txt, samples: 24, max_tokens: 24}
            - {name: two, dataset: text, path: demo/heldout.txt, samples: 24, max_tokens: 24}
          splits: 2
        compress:
          - {method: mka, ratios: [0.125]}
          - {method: mka, label: learned, weights: gradient, steps: 2, ratios: [0.125]}
          - {method: mka, label: aligned, align: both, ratios: [0.125]}
          - {method: shortgpt, ratios: [0.25]}
          - {method: angular, ratios: [0.25]}
          - {method: reverse, ratios: [0.25]}
          - {method: sleb, search_samples: 4, ratios: [0.125]}
          - {method: laco, ratios: [0.125]}
          - {method: come, ratios: [0.125]}
          - {method: replaceme, ratios: [0.125]}
          - {method: fold, search_samples: 8, tuning_steps: 2, ratios: [0.125]}
          - {method: fold, label: by-loss, select: loss, search_samples: 4, tuning_steps: 0, ratios: [0.125]}
          - {method: sparsegpt, ratios: [0.5]}
        evaluate:
          - {task: perplexity, path: demo/heldout.txt, window: 64, limit: 256}
          - {task: divergence, path: demo/heldout.txt, window: 64, limit: 256}
          - {task: piqa, path: piqa.jsonl, limit: 6}
        """

    private static let pinned = [
        "KERNELS_LEVEL": "1", "OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2",
        "DNNL_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE",
    ]

    @Test("equal keys give equal bytes, and keys are what they were")
    func unchanged() throws {
        let (found, processor) = try Self.run()
        if ProcessInfo.processInfo.environment["LAYERFOLD_UPDATE_STAGES"] == "1" {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(found).write(to: Self.file)
            return
        }
        let known = try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: Self.file))
        guard known.libraries == found.libraries, processor else {
            print("skipped: the committed bytes are of \(known.libraries) and AVX2 kernels")
            return
        }
        let changed = found.actions.filter { known.actions[$0.key] ?? $0.value != $0.value }
        #expect(
            changed.isEmpty,
            "these give other bytes: raise the stage's version, see CONTRIBUTING.md")
        #expect(
            Set(found.actions.keys) == Set(known.actions.keys),
            """
            keys differ: caches of the build before are lost. Where that is meant: \
            LAYERFOLD_UPDATE_STAGES=1 ./test --filter StageGoldenTests
            """)
    }

    /// What the job leaves, and whether the processor has the pinned kernels.
    private static func run() throws -> (Goldens, Bool) {
        let (folder, _) = try Workshop.make()
        try FileManager.default.copyItem(
            at: Places.root.appending(path: "inbox-example/questions/piqa.jsonl"),
            to: folder.url.appending(path: "piqa.jsonl"))
        let job = folder.url.appending(path: "stages.yaml")
        try Data(manifest.utf8).write(to: job)
        let state = folder.path + "/state"
        let outcome = try layerfold(
            [
                "run", job.path, "--state", state, "--output", folder.path + "/results",
            ], environment: pinned)
        #expect(outcome.status == 0, "\(outcome.errors.suffix(2_000))")
        let report = try #require(
            try JSONSerialization.jsonObject(
                with: Data(
                    contentsOf: folder.url.appending(path: "results/stages-1/report.json")))
                as? [String: Any])
        let versions = report["versions"] as? [String: String] ?? [:]
        let numerics = report["numerics"] as? [String: Any] ?? [:]
        var goldens = Goldens(
            libraries: versions.filter { ["openblas", "onednn"].contains($0.key) }, actions: [:])
        for name in Workshop.names(state + "/store/act") {
            for action in Workshop.names(state + "/store/act/" + name) {
                let path = state + "/store/act/" + name + "/" + action
                let entry = try JSONDecoder().decode(
                    StoredAction.self, from: Data(contentsOf: URL(filePath: path)))
                // The files' identities are in its key.
                guard entry.action.stage != "digest" else { continue }
                let outputs = entry.outputs.map { "\($0.role) \($0.sha256)" }.sorted()
                goldens.actions[
                    "\(entry.action.stage)/\(entry.action.version) \(entry.key.prefix(16))"] =
                    outputs.isEmpty ? "" : fingerprint(outputs.joined(separator: "\n"))
            }
        }
        return (goldens, "\(numerics["kernel_level"] ?? "")".lowercased().contains("avx2"))
    }

    private struct StoredAction: Decodable {
        struct Action: Decodable {
            let stage: String
            let version: Int

            enum CodingKeys: String, CodingKey {
                case stage
                case version = "stage_version"
            }
        }
        struct Output: Decodable {
            let role: String
            let sha256: String
        }
        let action: Action
        let key: String
        let outputs: [Output]
    }

    /// FNV-1a, 64 bits: enough to see that digests differ.
    private static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
