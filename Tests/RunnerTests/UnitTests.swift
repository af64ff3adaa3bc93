// Units of work: what they leave in the store is all that the whole job computes, and its results
// are those of one machine.

import Catalogue
import Cluster
import DurableIO
import Failures
import Foundation
import Jobs
import Locations
import Report
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct UnitTests {
    private let folder: TemporaryFolder
    private var results: FilePath { FilePath(folder.path + "/results") }

    init() throws { folder = try TemporaryFolder() }

    private func job() throws -> JobDescription {
        let manifest = """
            version: 1
            model: demo
            calibration: {dataset: text, path: demo/calibration.txt, samples: 12, max_tokens: 16}
            analysis: {compute: f32}
            compress:
            - {method: mka, ratios: [0.25, 0.5]}
            - {method: sleb, ratios: [0.125, 0.25]}
            - {method: reverse, ratios: [0.25], label: back}
            quantize: [{method: rtn, original: true}]
            evaluate: [{task: perplexity, path: demo/heldout.txt, window: 64, limit: 128}]
            """
        return try ManifestParser.parse(bytes: Data(manifest.utf8), name: "units")
    }

    private func runner(
        _ job: JobDescription, state: String, _ scope: UnitScope = .whole,
        pulse: Pulse = Pulse()
    ) throws -> JobRunner {
        try FileManager.default.createDirectory(
            atPath: results.string, withIntermediateDirectories: true)
        let inputs = FilePath(Places.demoModel.deletingLastPathComponent().path)
        return JobRunner(
            job,
            setting: JobSetting(
                store: try ContentStore(state: FilePath(folder.path + "/" + state)),
                models: ModelLocator(from: inputs), data: .anywhere(from: inputs),
                results: results),
            progress: ProgressReporter(listener: { _ in }, stop: {}, pulse: pulse),
            scope: scope)
    }

    /// Of all files that hold weights, by their path.
    private func weights() throws -> [String: String] {
        var found: [String: String] = [:]
        let files = FileManager.default.enumerator(atPath: results.string)
        while let name = files?.nextObject() as? String {
            guard name.hasSuffix(".safetensors") else { continue }
            let bytes = try SmallFile.read(results.appending(name), bytesMax: 1 << 28)
            found[name] = Digest(of: bytes).hex
        }
        return found
    }

    @Test func `after its units the whole job computes nothing that is kept`() throws {
        let job = try job()
        let units = ClusterPlan.units(of: job)
        #expect(units.count == 8, "\(units.map(\.name))")
        for unit in units where unit.scope != .whole {
            try runner(unit.description, state: "cluster", unit.scope).fillCache()
            let left = try FileManager.default.contentsOfDirectory(atPath: results.string)
            #expect(left.isEmpty, "\(unit.name) left \(left)")
        }
        let report = try runner(job, state: "cluster").run()
        let computed = Set(report.stages.filter { $0.cache == .miss }.map(\.name))
        #expect(computed.isSubset(of: ["merge", "quantize"]), "\(computed)")
        let distributed = try weights()

        // The same on one machine, which knows nothing.
        let alone = try runner(job, state: "alone").run()
        #expect(try weights() == distributed && !distributed.isEmpty)
        #expect(report.stages.map(\.key) == alone.stages.map(\.key))
        #expect(report.results.map(\.evaluations) == alone.results.map(\.evaluations))
    }

    @Test func `what was put into the cache is counted, and what was there is not`() throws {
        let shared = try #require(ClusterPlan.units(of: try job()).first)
        func kept() throws -> Int {
            let pulse = Pulse()
            let runner = try runner(
                shared.description, state: "counted", shared.scope, pulse: pulse)
            try runner.fillCache()
            return pulse.kept
        }
        #expect(try kept() > 0)
        #expect(try kept() == 0)
    }

    // MARK: Attempt files

    private func request() throws -> WorkerRequest {
        let state = FilePath(folder.path + "/state")
        let unit = state.appending("jobs/J/units/shared")
        try Syscalls.makeFolders(unit)
        let manifest = "{version: 1, model: demo, compress: [{method: reverse, ratios: [0.5]}]}"
        return WorkerRequest(
            job: "J", attempt: "A", stateDirectory: state.string, jobDirectory: unit.string,
            modelRoots: [Places.demoModel.deletingLastPathComponent().path], dataRoots: [],
            resultsDirectory: unit.appending("partial").string,
            description: try ManifestParser.parse(bytes: Data(manifest.utf8), name: "x"),
            unit: UnitPart(token: "T", scope: .models, program: Product.version))
    }

    private func run(
        _ request: WorkerRequest, stop: @escaping () throws -> Void = {}
    ) throws -> UnitOutcome {
        let part = try #require(request.unit)
        let file = FilePath(request.jobDirectory).appending("outcome-1.json")
        let result = try Worker(request, emit: { _ in }, stop: stop).runUnit(part, to: file)
        let bytes = try SmallFile.read(file, bytesMax: UnitOutcome.bytesMax)
        let outcome = try JSONDecoder().decode(UnitOutcome.self, from: Data(bytes))
        #expect(outcome.result == result && outcome.isSound && outcome.token == "T")
        return outcome
    }

    @Test func `an attempt file says that it is done, and by which numerics`() throws {
        let outcome = try run(request())
        #expect(outcome.result == .succeeded)
        #expect(outcome.numerics?.threads ?? 0 > 0)
        // The index is the daemon's.
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/state/db"))
    }

    @Test func `one that is told to end says so, and another try goes on`() throws {
        #expect(try run(request(), stop: { throw JobStopped() }).result == .stopped)
        #expect(try run(request()).result == .succeeded)
    }

    @Test func `a node with another program refuses, also what it cannot read`() throws {
        // Of a version to come, whose jobs are described in another way.
        let text = #"{"version": 9, "unit": {"token": "T", "program": "0.0.0", "scope": "new"}}"#
        guard case .refused(let refusal)? = UnitRequest(Array(text.utf8)) else {
            Issue.record("it was not refused")
            return
        }
        let file = FilePath(folder.path + "/outcome-1.json")
        try refusal.write(to: file)
        let bytes = try SmallFile.read(file, bytesMax: UnitOutcome.bytesMax)
        let outcome = try JSONDecoder().decode(UnitOutcome.self, from: Data(bytes))
        #expect(outcome == refusal && outcome.isSound && outcome.token == "T")
        #expect(outcome.otherProgram == Product.version)
        #expect(outcome.failure?.failureClass == .user)
        for words in ["0.0.0", Product.version, outcome.host] {
            #expect(outcome.failure?.message.contains(words) == true, "\(words)")
        }
    }

    @Test func `a request of its own program is carried out, and others are none`() throws {
        let asked = try request()
        guard case .work(let work, let part)? = UnitRequest(Array(try JobJSON.encode(asked))) else {
            Issue.record("it was not taken")
            return
        }
        #expect(work == asked && part == asked.unit)
        var other = asked
        other.unit = nil
        #expect(UnitRequest(Array(try JobJSON.encode(other))) == nil)
    }

    @Test func `the last unit's report tells of machines that differed`() throws {
        var request = try request()
        let other = UnitNumerics(
            compute: "float32", kernels: "none", threads: 3, blas: "Z", processor: "P")
        request.unit?.numerics = ["m1": other, "m2": other]
        let remarks = Worker(request, emit: { _ in }, stop: {}).remarks()
        #expect(remarks.count == 1)
        #expect(remarks.first?.hasPrefix("units m1, m2 were computed") == true)
        let own = try #require(try run(request).numerics)
        request.unit?.numerics = ["m1": own]
        #expect(Worker(request, emit: { _ in }, stop: {}).remarks().isEmpty)
    }
}
