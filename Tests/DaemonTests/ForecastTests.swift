// `POST /v1/plan`: worked out by a child process that is bounded in every way, beside the queue.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct ForecastTests {
    private struct Forecast: Decodable {
        struct Stage: Decodable {
            let name: String
            let cached: Bool
        }

        let stages: [Stage]
        let obstacles: [String]

        func names(cached: Bool) -> [String] {
            stages.filter { $0.cached == cached }.map(\.name)
        }
    }

    private static func plan(_ daemon: TestDaemon, _ manifest: String) throws -> Forecast {
        let answer = try daemon.client.plan(manifest: Data(manifest.utf8), name: "x")
        return try JSONDecoder().decode(Forecast.self, from: answer)
    }

    private static func refusal(_ daemon: TestDaemon, _ manifest: String) -> ErrorDocument? {
        do {
            _ = try daemon.client.plan(manifest: Data(manifest.utf8), name: "x")
            return nil
        } catch DaemonClient.ClientError.refused(let document) {
            return document
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    // MARK: The real worker

    private static func manifest(
        model: String = "demo", compress: String = "{method: mka, ratios: [0.25]}"
    ) -> String {
        """
        version: 1
        model: \(model)
        calibration: {dataset: text, path: demo/calibration.txt, samples: 12, max_tokens: 16}
        compress: [\(compress)]
        evaluate: [{task: perplexity, path: demo/heldout.txt, window: 64, limit: 128}]
        """
    }

    @Test func `the worker says what a job would take, or what is wrong with it`() async throws {
        let daemon = try TestDaemon()
        let models = Places.demoModel.deletingLastPathComponent().path
        daemon.arguments = [
            "--worker", TestDaemon.worker.string, "--model-root", models, "--data-root", models,
        ]
        try await daemon.start()
        let forecast = try Self.plan(daemon, Self.manifest())
        #expect(
            forecast.names(cached: false) == [
                "activations", "embedding", "similarity", "evaluate", "plan", "merge",
                "folded-similarity", "evaluate",
            ])
        #expect(forecast.names(cached: true) == ["digest", "tokenise"])
        #expect(forecast.obstacles == [])
        #expect(Self.refusal(daemon, "version: 1\nmodle: m\n")?.manifestError?.line == 2)
        let missing = Self.refusal(daemon, Self.manifest(model: "none"))
        #expect(missing?.code == .notFound)
        // What only who opens the model can know.
        let ratio = Self.refusal(
            daemon, Self.manifest(compress: "{method: mka, ratios: [0.001]}"))
        #expect(ratio?.code == .refused)
        #expect(ratio?.message.contains("16 layers") == true, "\(ratio?.message ?? "")")
        #expect(try daemon.client.jobs().jobs.isEmpty)
        #expect(TestFolder.names(in: daemon.state.appending("results")).isEmpty)
        #expect(TestFolder.names(in: daemon.state.appending("jobs")).isEmpty)
    }

    // MARK: Bounds

    /// Asks on a thread of its own: the answer may never come.
    private static func ask(_ daemon: TestDaemon, _ name: String) {
        let client = daemon.client
        let manifest = Data(TestDaemon.manifest(name).utf8)
        Thread.detachNewThread { _ = try? client.plan(manifest: manifest, name: "x") }
    }

    @Test func `plan and queue do not wait for one another`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("gate-f")
        try await daemon.wait(for: "gate-f", .running)
        #expect(try Self.plan(daemon, TestDaemon.manifest("ok-p")).stages.isEmpty)
        Self.ask(daemon, "hang-p")
        _ = try await daemon.planner(of: "hang-p")
        try daemon.open("gate-f")
        try await daemon.wait(for: "gate-f", .done)
        try daemon.drop("ok-f")
        try await daemon.wait(for: "ok-f", .done)
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func `a plan ends with the daemon`(signal: Int32) async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        Self.ask(daemon, "hang-k")
        let worker = try await daemon.planner(of: "hang-k")
        let process = try #require(daemon.process)
        Glibc.kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(await eventually(within: 10) { !TestDaemon.isAlive(worker) })
    }

    private static func forecaster(
        _ daemon: TestDaemon, _ change: (inout DaemonConfiguration) -> Void = { _ in }
    ) -> Forecaster {
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: daemon.state), modelRoots: [], dataRoots: [],
            worker: daemon.folder.file("worker"))
        configuration.grace = .milliseconds(200)
        change(&configuration)
        return Forecaster(LiveConfiguration(configuration))
    }

    private static func description(_ name: String) throws -> JobDescription {
        try ManifestParser.parse(bytes: Data(TestDaemon.manifest(name).utf8), name: name)
    }

    private static func failure(
        _ forecaster: Forecaster, _ name: String
    ) async throws -> ErrorDocument? {
        do {
            _ = try await forecaster.forecast(description(name))
            return nil
        } catch let error as ErrorDocument {
            return error
        }
    }

    @Test func `one that does not end is killed when its time is over`() async throws {
        let daemon = try TestDaemon()
        let forecaster = Self.forecaster(daemon) { $0.forecastTime = .seconds(1) }
        for name in ["hang-t", "deaf-t"] {
            let failure = try await Self.failure(forecaster, name)
            #expect(failure?.code == .unavailable)
            #expect(failure?.message.contains("longer than 1 s") == true, "\(name)")
            let worker = try await daemon.planner(of: name)
            #expect(await eventually(within: 5) { !TestDaemon.isAlive(worker) })
        }
    }

    @Test func `few at once, and what went wrong is told`() async throws {
        let daemon = try TestDaemon()
        let forecaster = Self.forecaster(daemon)
        let description = try Self.description("hang-n")
        let tasks = (0..<2).map { _ in
            Task { try await forecaster.forecast(description) }
        }
        _ = try await daemon.planner(of: "hang-n", run: 2)
        let third = try await Self.failure(forecaster, "ok-n")
        #expect(third?.code == .unavailable)
        #expect(third?.message.contains("2 other plans") == true)
        _ = try await forecaster.forecast(Self.description("ok-n"), isAhead: true)
        let fourth = try await Self.failure(forecaster, "ok-n")
        #expect(fourth?.message.contains("2 other plans") == true, "it freed no place")
        tasks.forEach { $0.cancel() }
        for task in tasks { _ = await task.result }
        #expect(try await Self.failure(forecaster, "ok-n") == nil)
        #expect(try await Self.failure(forecaster, "user-n")?.message == "no such plan")
        let crash = try await Self.failure(forecaster, "crash-n")
        #expect(crash?.message.contains("last words of crash-n") == true)
        #expect(crash?.code == .unavailable)
    }
}
