// The worker within its process: signs of life, and what it does where folders vanish under it.

import DurableIO
import Failures
import Foundation
import JSON
import Jobs
import Locations
import Model
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct WorkerTests {
    private let folder: TemporaryFolder
    private var state: FilePath { FilePath(folder.path + "/state") }
    private var results: FilePath { FilePath(folder.path + "/results/.x.partial") }

    init() throws { folder = try TemporaryFolder() }

    private func request() throws -> WorkerRequest {
        let manifest = "{version: 1, model: demo, compress: [{method: reverse, ratios: [0.5]}]}"
        let job = state.appending("jobs")
        try Syscalls.makeFolders(job)
        return WorkerRequest(
            job: "J", attempt: "A", stateDirectory: state.string, jobDirectory: job.string,
            modelRoots: [Places.demoModel.deletingLastPathComponent().path], dataRoots: [],
            resultsDirectory: results.string,
            description: try ManifestParser.parse(bytes: Data(manifest.utf8), name: "x"))
    }

    /// What the worker says, and what is done when it says something.
    private final class Ear: Sendable {
        let lines = Mutex<[ProgressLine]>([])
        let body: @Sendable (ProgressLine) -> Void

        init(_ body: @escaping @Sendable (ProgressLine) -> Void = { _ in }) { self.body = body }

        func hear(_ line: ProgressLine) {
            lines.withLock { $0.append(line) }
            body(line)
        }

        var warnings: [String] {
            lines.withLock { $0 }.compactMap {
                if case .warning(let text) = $0 { text } else { nil }
            }
        }

        var failures: [String] {
            lines.withLock { $0 }.compactMap {
                if case .failed(let failureClass, let text) = $0 {
                    "\(failureClass): \(text)"
                } else {
                    nil
                }
            }
        }
    }

    private func run(_ ear: Ear) throws -> WorkerOutcome.Result {
        try Worker(request(), emit: { ear.hear($0) }, stop: {}).run()
    }

    @Test("folders that somebody removes while the job runs are made anew, and it begins again")
    func vanished() throws {
        let isDone = Mutex(false)
        let (state, results) = (state, results)
        let ear = Ear { line in
            guard case .stageFinished = line, !isDone.withLock({ $0 }) else { return }
            isDone.withLock { $0 = true }
            for path in [state.appending("store"), results.removingLastComponent()] {
                try? FileManager.default.removeItem(atPath: path.string)
            }
        }
        #expect(try run(ear) == .succeeded, "\(ear.failures)")
        #expect(ear.warnings.count == 1)
        #expect(ear.warnings.first?.contains("`\(results)`") == true, "\(ear.warnings)")
        #expect(FileManager.default.fileExists(atPath: results.appending("report.json").string))
    }

    @Test("what the attempt was expected to take lies in the job's folder, stage by stage")
    func keepsPlan() throws {
        let ear = Ear()
        #expect(try run(ear) == .succeeded, "\(ear.failures)")
        let file = state.appending("jobs").appending(WorkerRequest.planFileName)
        let plan = try JSONDecoder().decode(
            JobForecast.self, from: try Data(contentsOf: URL(filePath: file.string)))
        let finished = ear.lines.withLock { $0 }.compactMap { line in
            if case .stageFinished(let stage, _, _, _) = line { stage } else { nil }
        }
        #expect(plan.stages.map(\.name).contains("merge") && finished.contains("merge"))
    }

    @Test("one that removes them each time makes a failure that may pass, and is told of")
    func keepsVanishing() throws {
        let results = results
        let ear = Ear { line in
            guard case .stageFinished = line else { return }
            try? FileManager.default.removeItem(atPath: results.string)
        }
        #expect(try run(ear) == .failed)
        #expect(ear.failures.first?.hasPrefix("transient: somebody removed `\(results)`") == true)
        #expect(ear.warnings.count == 2)
    }

    @Test("a single folder of the store that is gone is made anew when the store is opened")
    func storeFolder() throws {
        _ = try ContentStore(state: state)
        #expect(ContentStore.missingFolders(state: state).isEmpty)
        let shard = state.appending("store/obj/7f")
        for path in [shard, state.appending("store/act")] {
            try FileManager.default.removeItem(atPath: path.string)
        }
        #expect(
            ContentStore.missingFolders(state: state)
                == ["`\(state.appending("store/act"))`", "`\(shard)`"])
        let store = try ContentStore(state: state)
        #expect(ContentStore.missingFolders(state: state).isEmpty)
        for number in UInt8.min...UInt8.max { _ = try store.put([number]) }
        try FileManager.default.removeItem(atPath: state.appending("store").string)
        #expect(
            ContentStore.missingFolders(state: state) == ["`\(state.appending("store"))`"])
    }

    /// A stage whose object is collected before it is recorded, the first time.
    private struct Raced: Stage {
        let name = "raced"
        let inputs: StageInputs = []
        let params: KeyJSON = ["a": .integer(1)]
        let detail = ""
        let work = Work.none
        let body: (Digest) throws -> Void

        func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
            try body(try outputs.put("x", [1]))
        }
        func decode(_ stored: StageResult) throws -> [UInt8] { try stored.bytes("x") }
        func assumed(_ unknown: StageResult) throws -> [UInt8] { [] }
    }

    @Test("what a collector takes before it is recorded, or between its finding and its reading")
    func collected() throws {
        let store = try ContentStore(state: state)
        try FreshFolder.make(results)
        let progress = ProgressReporter(listener: { _ in }, stop: {})
        let runner = JobRunner(
            try request().description,
            setting: JobSetting(
                store: store, models: ModelLocator(from: "/"), data: .anywhere(from: "/"),
                results: results),
            progress: progress)
        func remove(_ digest: Digest) throws {
            let hex = digest.hex
            try FileManager.default.removeItem(
                atPath: state.appending("store/obj/\(hex.prefix(2))/\(hex).zst").string)
        }
        var count = 0
        let stage = Raced { digest in
            count += 1
            if count == 1 { try remove(digest) }
        }
        let value = try runner.retrying {
            let cache = StageCache(store: store, progress: progress)
            let value = try cache.run(stage)
            guard count == 2 else { return value }
            // Found, and then gone: a hit whose object cannot be read is computed again.
            count = 3
            try remove(Digest(of: [1]))
            return try StageResult(
                stage.name, stage.key,
                [ActionOutput(role: "x", digest: Digest(of: [1]), byteCount: 1)], isHit: true,
                store: store
            ).bytes("x")
        }
        #expect(value == [1])
        #expect(count == 4, "computed twice more than once: \(count)")
        // What is taken every time ends as a failure that may pass.
        let error = #expect(throws: StoreError.self) {
            try runner.retrying {
                let cache = StageCache(store: store, progress: progress)
                guard case .hit = try store.lookup(stage.key) else {
                    return try cache.run(Raced { try remove($0) })
                }
                try remove(Digest(of: [1]))
                return try cache.run(Raced { try remove($0) })
            }
        }
        #expect(error?.failureClass == .transient)
    }

    // MARK: Signs of life

    /// Beats of a heart while `body` runs on this thread, until `count` came.
    private func beats(
        _ count: Int, _ pulse: Pulse, while body: () -> Void = {}
    ) -> [Heartbeat] {
        let condition = NSCondition()
        let heard = Mutex<[Heartbeat]>([])
        let heart = Heart(pulse, every: 0.01) { line in
            guard case .heartbeat(let beat) = line else { return }
            heard.withLock { $0.append(beat) }
            condition.lock()
            condition.signal()
            condition.unlock()
        }
        defer { heart.stop() }
        body()
        condition.lock()
        defer { condition.unlock() }
        while heard.withLock({ $0.count }) < count { condition.wait() }
        return heard.withLock { $0 }
    }

    @Test("beats go on while the work hangs, and show it")
    func hanging() {
        let pulse = Pulse()
        let progress = ProgressReporter(listener: { _ in }, stop: {}, pulse: pulse)
        progress.begin(stage: "merge")
        let all = beats(20, pulse)
        #expect(Set(all.map(\.moves)).count == 1)
        #expect(all.allSatisfy { $0.stage == "merge" && $0.plannedSeconds == nil })
        #expect(all.allSatisfy { $0.peakBytes > 0 })
    }

    @Test("every look and every step counts, of the stage with its plan")
    func moving() throws {
        let pulse = Pulse()
        let progress = ProgressReporter(listener: { _ in }, stop: {}, pulse: pulse)
        progress.expect(TimeLeft([(name: "merge", seconds: 12)]))
        progress.begin(stage: "merge")
        let before = pulse.beat()
        #expect(before.plannedSeconds == 12)
        try progress.checkpoint()
        progress.progress(done: 1, total: 100, unit: "tensors", detail: "")
        progress.progress(done: 2, total: 100, unit: "tensors", detail: "")
        #expect(pulse.beat().moves == before.moves + 3)
        progress.end(
            stage: "merge", isHit: false,
            StageCost(seconds: 1, processorSeconds: 1, peakBytes: 1, anonymousPeakBytes: 1))
        #expect(pulse.beat().stage == nil)
        #expect(pulse.beat().moves == before.moves + 4)
    }

    @Test("processor time of watching is told apart from that of work")
    func watching() {
        let before = ProcessorTime.ofWatchers
        var sum = 0.0
        ProcessorTime.watching { for number in 1...3_000_000 { sum += 1 / Double(number) } }
        #expect(sum > 10 && ProcessorTime.ofWatchers > before)
    }

    @Test("bytes of disks are read from the kernel's account")
    func transferred() {
        let account = "rchar: 10\nwchar: 20\nread_bytes: 300\nwrite_bytes: 4000\nnoise\n"
        #expect(Transfer.bytes(of: account) == 4_300)
        #expect(Transfer.bytes(of: "") == 0)
    }
}
