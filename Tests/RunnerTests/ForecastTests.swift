// A job is planned by its own stages: what the forecast lists is what the run then computes.

import Foundation
import Jobs
import Locations
import Model
import Report
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct ForecastTests {
    private struct Line: Hashable, CustomStringConvertible {
        let name: String
        let detail: String

        var description: String { "\(name): \(detail)" }
        /// Figures decide how often some stretches more are measured: pairs of all 16 layers come
        /// first.
        var isFurtherRound: Bool { name == "run-costs" && !detail.hasPrefix("15 ") }
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A runner that nothing but the folder's store is known to.
    private func runner(_ compress: String) throws -> JobRunner {
        let results = folder.path + "/results"
        try FileManager.default.createDirectory(
            atPath: results, withIntermediateDirectories: true)
        let inputs = FilePath(Places.demoModel.deletingLastPathComponent().path)
        let manifest = """
            version: 1
            model: demo
            calibration: {dataset: text, path: demo/calibration.txt, samples: 12, max_tokens: 16}
            analysis: {compute: f32}
            compress:
            \(compress)
            evaluate: [{task: perplexity, path: demo/heldout.txt, window: 64, limit: 128}]
            """
        return JobRunner(
            try ManifestParser.parse(bytes: Data(manifest.utf8), name: "forecast"),
            setting: JobSetting(
                store: try ContentStore(state: FilePath(folder.path + "/state")),
                models: ModelLocator(from: inputs),
                data: .anywhere(from: inputs), results: FilePath(results)),
            progress: ProgressReporter(listener: { _ in }, stop: {}))
    }

    private static func computed(_ forecast: JobForecast) -> [Line] {
        forecast.stages.filter { !$0.isCached }.map { Line(name: $0.name, detail: $0.detail) }
    }

    private static func computed(_ report: RunReport) -> [Line] {
        report.stages.filter { $0.cache == .miss }.map { Line(name: $0.name, detail: $0.detail) }
    }

    @Test(
        "several entries are computed as planned, in this order",
        arguments: [
            """
            - {method: mka, measure: npib, ratios: [0.25]}
            - {method: mka, measure: cosine, label: mka-cosine, ratios: [0.25]}
            - {method: mka, measure: cka, label: mka-cka, ratios: [0.25]}
            - {method: reverse, ratios: [0.25, 0.5]}
            """,
            """
            - {method: sleb, search_samples: 2, ratios: [0.125]}
            - {method: come, ratios: [0.125]}
            - {method: reverse, ratios: [0.125]}
            """,
            """
            - {method: fold, search_samples: 2, tuning_steps: 0, ratios: [0.125, 0.25]}
            - {method: fold, lambda: 0.5, search_samples: 2, tuning_steps: 0, label: half,
               ratios: [0.25]}
            """,
            """
            - {method: mka, ratios: [0.25]}
            - {method: mka, pairs: any, label: any, ratios: [0.25]}
            - {method: mka, align: activations, label: aligned, ratios: [0.25]}
            - {method: replaceme, ratios: [0.125, 0.25]}
            """,
            """
            - {method: mka, size: 20M}
            - {method: fold, search_samples: 2, tuning_steps: 0, parameters: 0.9}
            - {method: reverse, kv: 0.75}
            """,
        ])
    func runFollowsPlan(compress: String) throws {
        let planned = try Self.computed(runner(compress).forecast())
        let run = try Self.computed(runner(compress).run())
        #expect(
            planned.filter { !$0.isFurtherRound } == run.filter { !$0.isFurtherRound },
            "planned \(planned)\nrun \(run)")
        // What is there afterwards is all but the models' files, which no cache holds.
        let after = try Self.computed(runner(compress).forecast())
        #expect(after.allSatisfy { $0.name == "merge" }, "\(after)")
        #expect(after.count == run.count { $0.name == "merge" })
    }

    @Test(
        "what a job writes is held against the disks that it goes to",
        arguments: [
            // Models of 4 GiB, 1 GiB in the store and 1 GiB that is there for a while.
            (devices: (1, 2), free: (3, 5), words: []),
            (devices: (1, 2), free: (1, 5), words: ["2048 MiB to /state, and 1024 MiB"]),
            (devices: (1, 2), free: (3, 3), words: ["4096 MiB to /results, and 3072 MiB"]),
            (devices: (1, 1), free: (5, 5), words: ["up to 6144 MiB, and 5120 MiB are free"]),
            (devices: (1, 1), free: (7, 7), words: []),
        ] as [(devices: (UInt64, UInt64), free: (Int, Int), words: [String])])
    func disks(devices: (UInt64, UInt64), free: (Int, Int), words: [String]) {
        func stage(_ name: String, _ written: Int, scratch: Int = 0) -> PlannedStage {
            PlannedStage(
                name: name, kind: name, detail: "", isHit: false,
                work: Work(written: Double(written << 30)), peakBytes: nil,
                scratchBytes: scratch << 30, writesResults: name == "merge")
        }
        let forecast = JobForecast(
            [stage("activations", 1), stage("weights", 0, scratch: 1), stage("merge", 4)],
            rates: Rates(), memory: nil,
            room: JobRoom(
                state: JobRoom.Place(
                    folder: "/state", device: devices.0, freeBytes: free.0 << 30),
                results: JobRoom.Place(
                    folder: "/results", device: devices.1, freeBytes: free.1 << 30)))
        #expect(forecast.diskBytes == 6 << 30)
        #expect(forecast.obstacles.count == words.count, "\(forecast.obstacles)")
        for (obstacle, text) in zip(forecast.obstacles, words) {
            #expect(obstacle.contains(text), "\(obstacle)")
        }
    }
}
