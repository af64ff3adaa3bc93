// The daemon behind a state folder, its answers as exit codes, and patience while it restarts.

import ArgumentParser
import Client
import Foundation
import Jobs
import SystemPackage

/// Options of every verb that talks to the daemon.
struct DaemonPlace: ParsableArguments {
    @OptionGroup var place: StatePlace
    @Option(help: "The daemon's socket; <state>/run/layerfoldd.sock where left out.")
    var socket: String?

    var access: DaemonAccess { DaemonAccess(state: place.state, socket: socket) }
    var client: DaemonClient { access.client }

    func ask<Answer>(
        about file: String? = nil, _ body: (DaemonClient) throws -> Answer
    ) throws -> Answer {
        try access.ask(about: file, body)
    }
}

struct DaemonAccess {
    let state: String
    let client: DaemonClient

    init(state: String, socket: String?) {
        self.state = state
        client = DaemonClient(
            socket: NamedFile.expanded(socket ?? state + "/run/layerfoldd.sock").string)
    }

    /// Runs an exchange; the daemon's answers become exit codes.
    /// - Parameter file: what was sent; the daemon does not know its name, and errors of it say it.
    func ask<Answer>(
        about file: String? = nil, _ body: (DaemonClient) throws -> Answer
    ) throws -> Answer {
        do {
            return try body(client)
        } catch DaemonClient.ClientError.refused(let document) {
            let words = file.map { "\($0): \(document.message)" } ?? document.message
            switch document.code {
            case .notFound: throw Failure(.notFound, words)
            case .manifest, .refused, .tooLarge: throw Failure(.refused, words)
            case .unavailable: throw Failure(.unreachable, document.message)
            case .forbidden, .unknownCaller: throw Failure(.refused, document.message)
            }
        } catch let error as DaemonClient.ClientError {
            throw Failure(.unreachable, "\(error)")
        }
    }

    /// The jobs that are meant, each once.
    func ids(of words: [String]) throws -> [String] {
        try Self.ids(of: words) { try ask { try $0.jobs() } }
    }

    /// - Parameter list: is asked where a word is no whole id.
    static func ids(of words: [String], _ list: () throws -> JobList) throws -> [String] {
        var ids: [String] = []
        var jobs: [JobHandle]?
        for word in words {
            let id: String
            if let whole = JobReference.whole(word) {
                id = whole
            } else {
                let known =
                    try jobs ?? list().jobs.map { JobHandle(id: $0.id, name: $0.name) }
                jobs = known
                id = try JobReference.find(word, among: known).id
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }
}

/// How long a daemon that is away is waited for.
struct PatienceOption: ParsableArguments {
    @Option(help: "Seconds to wait for a daemon that is away, as while it restarts.")
    var patience = 60.0

    /// A year: clocks and durations hold it, which trap where a number is too large for them.
    private static let secondsMax = 31_536_000

    func validate() throws {
        guard (0...Double(Self.secondsMax)).contains(patience) else {
            throw ValidationError(
                "--patience \(patience): expected seconds, from 0 to \(Self.secondsMax)")
        }
    }
}

/// Asks again and again where the daemon is away, and says so at once.
final class PatientDaemon {
    static let pollSeconds = 0.2

    private let daemon: DaemonAccess
    private let patience: Duration
    private var awaySince: ContinuousClock.Instant?

    init(_ daemon: DaemonAccess, _ option: PatienceOption) {
        self.daemon = daemon
        patience = .seconds(option.patience)
    }

    func ask<Answer>(_ body: (DaemonClient) throws -> Answer) throws -> Answer {
        while true {
            do {
                let answer = try daemon.ask(body)
                if awaySince != nil { Terminal.error("layerfold: layerfoldd answers again") }
                awaySince = nil
                return answer
            } catch let failure as Failure where failure.status == .unreachable {
                let since = awaySince ?? .now
                guard .now - since < patience else { throw failure }
                if awaySince == nil {
                    Terminal.error("layerfold: \(failure.message); waiting for it")
                }
                awaySince = since
                Self.pause()
            }
        }
    }

    func ids(of words: [String]) throws -> [String] {
        try DaemonAccess.ids(of: words) { try ask { try $0.jobs() } }
    }

    static func pause() { Thread.sleep(forTimeInterval: pollSeconds) }
}
