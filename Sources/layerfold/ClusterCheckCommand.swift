// `layerfold cluster check`: whether jobs can run at the cluster, and what is to be mended.

import ArgumentParser
import Cluster
import DurableIO
import Failures
import Foundation
import Jobs
import Runner
import SystemPackage

struct ClusterCheckCommand: ComputingCommand {
    static let startsPrograms = true
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Prove that jobs can run at the cluster.",
        discussion: """
            Asks the queue, sends a small job for each --node (or one, for any node), and compares \
            what it saw with what this machine sees: programs, folders, users, clocks. Run it on \
            the daemon's machine, as the daemon's user.
            """)

    @Option(help: "Settings file of the daemon (YAML).")
    var config = "/etc/layerfold/layerfoldd.yaml"
    @Option(help: "The daemon's state folder. Default: as in the settings.") var state: String?
    @Option(name: .customLong("node"), help: "A node by the queue's name; repeatable.")
    var nodes: [String] = []
    @Option(help: "Seconds that the small jobs may take, waiting included.") var seconds = 300
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (10...86_400).contains(seconds) else {
            throw ValidationError("--seconds is a number from 10 to 86400")
        }
        for node in nodes {
            guard node.first != "-", !node.isEmpty, !node.contains(where: \.isWhitespace) else {
                throw ValidationError("--node is a name of the queue's, such as n12")
            }
        }
    }

    func run() throws {
        let settings = try settings()
        guard let cluster = settings.cluster else {
            throw Failure(.refused, "`\(config)`: has no `cluster`: add it (docs/CLUSTER.md)")
        }
        let place = FilePath(state ?? settings.stateDirectory ?? StatePlace.usual)
        let asker = QueueQuestion(cluster)
        var findings = [owner(place), index(place), answer(asker)]
        if findings.allSatisfy(\.isGood) {
            findings += try probe(place, settings, cluster, asker)
        }
        if json {
            try Terminal.json(findings)
        } else {
            Terminal.table(
                findings.map { [$0.isGood ? "ok" : "!!", $0.what, $0.detail] }, hasHeader: false)
        }
        guard findings.allSatisfy(\.isGood) else {
            throw Failure(.integrity, "jobs cannot run at the cluster as it is")
        }
    }

    private func settings() throws -> ServerSettings {
        do {
            return try ServerSettings.parse(bytes: try NamedFile.read(config))
        } catch let error as ManifestError {
            throw Failure(.usage, "`\(config)`: \(error)")
        }
    }

    // MARK: The head

    private func owner(_ place: FilePath) -> ClusterFinding {
        guard let status = (try? Syscalls.stat(place)) ?? nil else {
            return ClusterFinding("state folder", false, "`\(place)` is not there")
        }
        let isOwn = status.owner == geteuid()
        return ClusterFinding(
            "state folder", isOwn,
            isOwn
                ? "`\(place)`"
                : "`\(place)` belongs to user \(status.owner), and this is \(geteuid()): run this "
                    + "check as the daemon's user")
    }

    private func index(_ place: FilePath) -> ClusterFinding {
        let folder = place.appending("db")
        let network = FileSystemKind.networkName(at: folder)
        return ClusterFinding(
            "index", network == nil,
            network.map {
                "`\(folder)` lies on \($0): mount a disk of the head's own there, since SQLite "
                    + "needs locks that a network does not keep"
            } ?? "`\(folder)`, on a disk of the head's own")
    }

    private func answer(_ asker: QueueQuestion) -> ClusterFinding {
        let reply = asker.ask(.list)
        guard reply.code == 0 else {
            let said = reply.errors.isEmpty ? "it gave no answer" : reply.errors
            return ClusterFinding("queue", false, "`cluster: list` failed: \(said)")
        }
        do {
            let count = try QueueAnswer.parse(reply.output).count
            return ClusterFinding("queue", true, "answers; \(count) units of this user")
        } catch {
            return ClusterFinding("queue", false, "`cluster: list`: \(error)")
        }
    }

    // MARK: The nodes

    private func probe(
        _ place: FilePath, _ settings: ServerSettings, _ cluster: ClusterSettings,
        _ asker: QueueQuestion
    ) throws -> [ClusterFinding] {
        let name = UUID().uuidString.filter(\.isHexDigit).lowercased().prefix(12)
        let folder = place.appending("cluster-check-\(name)")
        try Syscalls.makeFolders(folder, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let text = "\(name), by the head\n"
        try DurableText.write(text, to: folder.appending("message"))
        let request = ProbeRequest(
            token: "\(name)", read: (settings.modelRoots ?? []) + (settings.dataRoots ?? []),
            written: ["store", "jobs", "results"].map { place.appending($0).string },
            message: folder.appending("message").string)
        try DurableText.write(
            String(decoding: try JobJSON.encodePretty(request), as: UTF8.self),
            to: folder.appending("request.json"))
        let tokens = HeadTokens(check: request.token, folders: request.written)
        defer { tokens.remove() }
        let signal = StopSignal()
        let round = ProbeRound(
            name: "\(name)", folder: folder, cluster: cluster, asker: asker, seconds: seconds,
            worker: try worker(settings, cluster), stop: { try signal.check() })
        let (sendings, answers) = try round.run(nodes)
        let verdict = ClusterVerdict(
            head: NodeProbe(looking: request, isHead: true), message: text,
            tokens: tokens.texts, settings: cluster)
        return sendings + verdict.findings(answers)
    }

    /// As the nodes see it.
    private func worker(_ settings: ServerSettings, _ cluster: ClusterSettings) throws -> String {
        try cluster.nodeWorker ?? settings.worker
            ?? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
