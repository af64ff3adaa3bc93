// `layerfold notify send`: takes the letters of the daemon, which has no network, out of the house.

import ArgumentParser
import Catalogue
import DurableIO
import Failures
import Foundation
import Jobs
import Letters
import Report
import Synchronization
import SystemPackage

struct NotifySendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send the letters that wait, for the unit that does so.",
        discussion: """
            Each is tried three times: at once, a minute later, ten minutes later. Ends when none \
            waits. Without --config mail and webhooks on the public net are allowed.
            """)

    @Option(help: "The daemon's settings file.") var config: String?
    @Option(help: "The daemon's state folder. Default: as the settings say.") var state: String?
    @Flag(help: "Go on for ever, where no unit starts this for each letter.") var follow = false

    private static let settingsBytesMax = 65_536

    func run() throws {
        let settings = try config.map(Self.settings)
        var notify = settings?.notify ?? NotifySettings()
        if settings == nil { notify.rule = .anything }
        let place = NamedFile.expanded(state ?? settings?.stateDirectory ?? StatePlace.usual)
        try StateOwner.expectOwn(place)
        let folder = place.appending("notify")
        let carrier = Carrier(
            settings: notify, agent: "layerfold/\(Product.version)",
            now: { Int(Date().timeIntervalSince1970 * 1_000) }, userName: UserName.known,
            secret: { try WishBook(folder).page(of: $0)?.secret },
            figures: { $0.results.flatMap(Self.figures) })
        let follows = follow
        let counts = try Waiting.value {
            var round = PostRound(
                LetterBox(folder), carrier,
                pause: { try await Task.sleep(for: .milliseconds($0)) }, note: Terminal.error)
            try await round.run(follows: follows)
            return round.counts
        }
        Terminal.error("\(counts.sent) letters sent, \(counts.failed) not to be sent")
    }

    private static func settings(_ path: String) throws -> ServerSettings {
        do {
            let bytes = try SmallFile.read(
                following: NamedFile.expanded(path), bytesMax: settingsBytesMax)
            return try ServerSettings.parse(bytes: Data(bytes))
        } catch {
            throw Failure(.refused, "settings file `\(path)`: \(FaultText.describe(error))")
        }
    }

    // MARK: Figures

    private static let reportBytesMax = 64 << 20
    private static let modelsMax = 8

    /// Nil where the report is not there any more, or cannot be read: the letter goes without.
    private static func figures(in results: String) -> LetterFigures? {
        let path = FilePath(results).appending("report.json")
        guard let bytes = try? SmallFile.read(path, bytesMax: reportBytesMax),
            let report = try? RunReport(jsonText: String(decoding: bytes, as: UTF8.self))
        else { return nil }
        let models = report.results.prefix(modelsMax).map { result in
            LetterFigures.Model(
                id: result.id, layers: result.layers, parameters: result.parameters,
                bytes: result.bytes,
                figures: result.evaluations.prefix(modelsMax).map { evaluation in
                    .init(
                        name: ReportMetric(task: evaluation.task, metric: evaluation.metric).title,
                        value: evaluation.value, original: evaluation.original)
                })
        }
        let rows = ReportText.rows(report).prefix(3 * modelsMax)
        return LetterFigures(
            models: models, lines: TextTable(rows: Array(rows), hasHeader: true).lines(width: nil))
    }
}

/// Work of tasks, for verbs that are none.
enum Waiting {
    static func value<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        let box = Box<Value>()
        Task {
            do {
                let value = try await body()
                box.result.withLock { $0 = .success(value) }
            } catch {
                box.result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else {
            preconditionFailure("the task has ended")
        }
        return try result.get()
    }

    private final class Box<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }
}
