// The pages' routes without sockets, over a queue that was not started: its jobs stay as they are.

import DurableIO
import Foundation
import HTTP
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

struct PageWorld {
    static let ann = Caller(user: 1_001, isAdmin: false)
    static let bob = Caller(user: 1_002, isAdmin: false)
    static let admin = Caller(user: 1_003, isAdmin: true)

    struct Answer {
        let status: Int
        let text: String
        let location: String?
    }

    let daemon: TestDaemon
    let configuration: DaemonConfiguration
    let index: IndexDatabase
    let routes: StatusRoutes
    let clock = ManualClock()

    init(
        isPrivate: Bool = false, configure: (inout DaemonConfiguration) -> Void = { _ in }
    ) throws {
        daemon = try TestDaemon()
        // Who submits must be able to read the model.
        try Syscalls.chmod(daemon.folder.path, 0o711)
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: daemon.state),
            modelRoots: [daemon.state.appending("models")], dataRoots: [],
            worker: daemon.folder.file("worker"))
        configuration.isPrivate = isPrivate
        configuration.clock = clock.daemonClock
        configuration.cacheLimits.freeFloor = 0
        configure(&configuration)
        try configuration.folders.make()
        self.configuration = configuration
        index = try IndexDatabase(path: configuration.folders.index)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let settings = LiveConfiguration(configuration)
        let queue = JobQueue(
            settings: settings, index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        let forecaster = Forecaster(settings)
        let keeper = CacheKeeper(settings, logger: logger)
        let people = People(uptime: configuration.clock.uptime)
        let pages =
            ComparePageRoutes(settings: settings, queue: queue, people: people).all
            + SubmitPageRoutes(settings: settings, queue: queue, forecaster: forecaster).all
            + StorePageRoutes(
                settings: settings, queue: queue, keeper: keeper, people: people
            ).all
        routes = StatusRoutes(
            settings: settings, queue: queue,
            inbox: Inbox(settings: settings, queue: queue, logger: logger),
            forecaster: forecaster,
            others: { pages })
    }

    // MARK: Asking

    func get(_ path: String, by caller: Caller = ann) async throws -> Answer {
        try await ask("GET \(path)", by: caller, body: "")
    }

    /// As a browser sends a form.
    func post(
        _ path: String, _ fields: [(String, String)], by caller: Caller = ann
    ) async throws -> Answer {
        func encoded(_ text: String) -> String {
            text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let body = fields.map { encoded($0) + "=" + encoded($1) }.joined(separator: "&")
        return try await ask("POST \(path)", by: caller, body: body)
    }

    private func ask(_ words: String, by caller: Caller, body: String) async throws -> Answer {
        var reader = RequestReader()
        let text =
            "\(words) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        reader.take(Array(text.utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            Issue.record("no request: \(words)")
            return Answer(status: 0, text: "", location: nil)
        }
        let response = await routes.respond(to: request, from: caller)
        guard case .bytes(let bytes) = response.body else {
            return Answer(status: response.status, text: "", location: nil)
        }
        return Answer(
            status: response.status, text: String(decoding: bytes, as: UTF8.self),
            location: response.headers.first { $0.name == "Location" }?.value)
    }

    // MARK: Jobs that are done

    /// A finished job with results in place.
    /// - Parameters:
    ///   - keys: of the stages that its report names.
    ///   - report: what report.json holds; nil for one that fits the job.
    func addDone(
        _ name: String, by caller: Caller = ann, perplexity: Double = 12, keys: [String] = [],
        report: String? = nil
    ) throws -> String {
        let id = JobIdentifier.make(now: clock.now)
        let manifest = Array(TestDaemon.manifest(name).utf8)
        let record = JobRecord(
            id: id, source: "test", owner: caller.user, submittedAtMilliseconds: clock.now,
            manifestDigest: Digest(of: manifest).hex,
            description: try ManifestParser.parse(bytes: Data(manifest), name: name))
        try JobFolder(configuration.folders.job(id)).accept(manifest: manifest, record: record)
        var (row, _) = try index.insertJob(JobQueue.newRow(record))
        row.state = JobState.done.rawValue
        row.finishedAt = clock.now
        try index.commit([.init(job: row)])
        let folder = results(of: record)
        try FileManager.default.createDirectory(
            atPath: folder.string, withIntermediateDirectories: true)
        let text = report ?? Self.report(name, perplexity: perplexity, keys: keys)
        try daemon.folder.write(text, to: folder.appending("report.json"))
        try daemon.folder.write("", to: folder.appending("DONE"))
        return id
    }

    func results(of record: JobRecord) -> FilePath {
        configuration.folders.results.appending(record.resultsName)
    }

    /// The folder of a job that `addDone` made.
    func results(of id: String, _ name: String, by caller: Caller = ann) -> FilePath {
        configuration.folders.results
            .appending(JobRecord.resultsNames(ofJob: id, name: name, owner: caller.user)[0])
    }

    static func report(_ name: String, perplexity: Double, keys: [String] = []) -> String {
        let stages = keys.map {
            #"{"name":"s","key":"\#($0)","cache":"miss","seconds":1,"detail":""}"#
        }
        return #"""
            {"schema":1,"job":{"name":"\#(name)","model":"demo","note":"\#(name)-note"},
            "model":{"name":"demo","digest":"d","architecture":"a","layers":16,
            "parameters":1000000,"bytes":4000000,"dtype":"bfloat16"},
            "stages":[\#(stages.joined(separator: ","))],"similarity":[],
            "results":[{"id":"reverse-r0.5","method":"reverse","ratio":0.5,"ratio_achieved":0.5,
            "path":"reverse-r0.5","layers":8,"parameters":500000,"bytes":2000000,"plan":[],
            "removed_layers":[],"similarity_before":[],"similarity_after":[],"evaluations":[
            {"task":"perplexity","metric":"perplexity","value":\#(perplexity),"original":10}],
            "seconds":1,"files":[]}],
            "warnings":[],"versions":{"layerfold":"0.1.0"},
            "numerics":{"compute":"f32","kernel_level":"avx2","threads":2},
            "started":"2026-03-02T14:03:11Z","finished":"2026-03-02T14:05:47Z"}
            """#
    }
}
