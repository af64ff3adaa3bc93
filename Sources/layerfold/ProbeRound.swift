// Sends small jobs to nodes and waits for what they see.

import Cluster
import Dispatch
import DurableIO
import Failures
import Foundation
import Jobs
import Synchronization
import SystemPackage

struct ProbeRound {
    let name: String
    let folder: FilePath
    let cluster: ClusterSettings
    let asker: QueueQuestion
    let seconds: Int
    let worker: String
    /// Throws where nobody wants to know any more.
    let stop: () throws -> Void

    private struct Sent {
        let wanted: String
        let id: String
        let answer: FilePath
        let log: FilePath
        let at: Int
        var word = ""
        /// What the node saw, since when that is here, and what of its files is.
        var probe: NodeProbe?
        var seenAt: Int?
        var texts: [String: String] = [:]
    }

    private static let minutes = 10
    /// Between two questions to the queue.
    private static let listSeconds = 15
    private static let logBytesMax = 65_536
    private static let logShownMax = 1_000

    /// - Returns: what could not be sent, and what came of the rest.
    /// - Throws: what `stop` throws, when none of the small jobs is in the queue any more.
    func run(
        _ nodes: [String]
    ) throws -> (sendings: [ClusterFinding], answers: [ProbeAnswer]) {
        do {
            var waiting: [Sent] = []
            var findings: [ClusterFinding] = []
            let wanted: [String?] = nodes.isEmpty ? [nil] : nodes.map { $0 }
            for (index, node) in wanted.enumerated() {
                try stop()
                switch send(node, number: index + 1) {
                case .success(let sent): waiting.append(sent)
                case .failure(let refusal): findings.append(refusal.finding)
                }
            }
            let answers = try answers(of: waiting)
            // One may be there of which no answer came.
            if !findings.isEmpty { takeOut() }
            return (findings, answers)
        } catch {
            Terminal.error("layerfold: stopped; the small jobs are taken out of the queue")
            takeOut()
            throw error
        }
    }

    /// Cancels what the queue has of this check, by name: also what was sent without an answer.
    private func takeOut() {
        let reply = asker.ask(.list)
        guard reply.code == 0, let seen = try? QueueAnswer.parse(reply.output) else {
            return Terminal.error(
                "layerfold: the queue does not answer: look for jobs named `\(tokenPrefix)...` "
                    + "(squeue --me), and cancel them")
        }
        let ids = seen.filter { !$0.word.isOver && $0.token.hasPrefix(tokenPrefix) }.map(\.id)
        if !ids.isEmpty { _ = asker.ask(.cancel(ids: ids)) }
    }

    private var tokenPrefix: String { "\(UnitToken.prefix)\(name)-\(Self.unit)-" }
    private static let unit = "check"

    private struct Refusal: ClassifiedFailure {
        let finding: ClusterFinding
        var failureClass: FailureClass { .user }
    }

    private func send(_ node: String?, number: Int) -> Result<Sent, Refusal> {
        let token = UnitToken(attempt: name, unit: Self.unit, number: number)
        var resources = cluster.resources
        if let node { resources.extra.append("--nodelist=\(node)") }
        let answer = folder.appending("answer-\(number).json")
        let log = folder.appending("log-\(number)")
        let submission = Submission(
            token: token, minutes: Self.minutes,
            memoryBytes: cluster.resources.memoryBytes ?? cluster.memoryClasses.first,
            resources: resources, worker: worker,
            request: folder.appending("request.json").string, outcome: answer.string,
            log: log.string, folder: folder.string)
        let wanted = node ?? "any node"
        let time = NodeProbe.now
        let reply = asker.ask(
            .submit(arguments: submission.arguments, script: submission.probeScript))
        let said: String
        switch SubmitAnswer(reply) {
        case .sent(let id):
            return .success(Sent(wanted: wanted, id: id, answer: answer, log: log, at: time))
        case .unknown(let text), .later(let text), .refused(let text): said = text
        }
        return .failure(
            Refusal(
                finding: ClusterFinding(
                    "\(wanted): a small job", false,
                    "is not taken: \(said); correct `cluster` of the settings")))
    }

    private func answers(of all: [Sent]) throws -> [ProbeAnswer] {
        var (waiting, answers): ([Sent], [ProbeAnswer]) = (all, [])
        let start = ContinuousClock.now
        var nextList = start + .seconds(Self.listSeconds)
        while !waiting.isEmpty, ContinuousClock.now - start < .seconds(seconds) {
            try stop()
            for index in waiting.indices { look(for: &waiting[index]) }
            answers += waiting.takeOut(where: isComplete).map(result)
            if waiting.isEmpty { break }
            if ContinuousClock.now >= nextList {
                listen(&waiting)
                nextList = ContinuousClock.now + .seconds(Self.listSeconds)
            }
            Thread.sleep(forTimeInterval: 0.5)
        }
        if !waiting.isEmpty {
            listen(&waiting)
            _ = asker.ask(.cancel(ids: waiting.map(\.id)))
        }
        return answers + waiting.map(result)
    }

    private func look(for sent: inout Sent) {
        if sent.probe == nil {
            sent.probe = probe(in: sent)
            if sent.probe != nil { sent.seenAt = NodeProbe.now }
        }
        if let probe = sent.probe { sent.texts = HeadTokens.read(probe) }
    }

    /// Whether there is nothing to wait for: files in other folders may be seen later than the
    /// answer, but not for ever.
    private func isComplete(_ sent: Sent) -> Bool {
        guard let probe = sent.probe, let seenAt = sent.seenAt else { return false }
        let isAll = probe.places.allSatisfy { $0.left == nil || sent.texts[$0.path] != nil }
        return isAll || NodeProbe.now - seenAt > Int(cluster.fileSeconds * 1_000)
    }

    private func result(_ sent: Sent) -> ProbeAnswer {
        let text = (try? SmallFile.read(sent.log, bytesMax: Self.logBytesMax)) ?? []
        return ProbeAnswer(
            wanted: sent.wanted, probe: sent.probe, sentAt: sent.at,
            seenAt: sent.seenAt ?? NodeProbe.now, texts: sent.texts, word: sent.word,
            log: String(decoding: text.suffix(Self.logShownMax), as: UTF8.self))
    }

    /// The folder is listed: a file system on the network shows names late to who asks for one.
    private func probe(in sent: Sent) -> NodeProbe? {
        _ = try? DirectoryScan.entries(of: folder)
        guard let bytes = try? SmallFile.read(sent.answer, bytesMax: NodeProbe.bytesMax) else {
            return nil
        }
        return try? JSONDecoder().decode(NodeProbe.self, from: Data(bytes))
    }

    private func listen(_ waiting: inout [Sent]) {
        let reply = asker.ask(.list)
        guard reply.code == 0, let seen = try? QueueAnswer.parse(reply.output) else { return }
        for index in waiting.indices {
            guard let sighting = seen.first(where: { $0.id == waiting[index].id }) else { continue }
            let reason = sighting.reason.isEmpty ? "" : " (\(sighting.reason))"
            waiting[index].word = sighting.word.text + reason
        }
    }
}

extension Array {
    /// Takes out what is done, in its order. Each is asked for once: the answer may depend on the
    /// clock, and what changes between two questions would be neither here nor there.
    mutating func takeOut(where isDone: (Element) -> Bool) -> [Element] {
        var (done, left): ([Element], [Element]) = ([], [])
        for element in self {
            if isDone(element) { done.append(element) } else { left.append(element) }
        }
        self = left
        return done
    }
}

/// Asks the queue as the daemon does, for a verb that waits.
struct QueueQuestion {
    private let cluster: ClusterSettings

    init(_ cluster: ClusterSettings) { self.cluster = cluster }

    /// The main thread waits: it is none of those that tasks share.
    func ask(_ command: QueueCommand) -> CommandReply {
        let asker = cluster.asker
        let answer = Answer()
        let done = DispatchSemaphore(value: 0)
        Task {
            let reply = await asker.ask(command)
            answer.value.withLock { $0 = reply }
            done.signal()
        }
        done.wait()
        return answer.value.withLock { $0 }
    }

    private final class Answer: Sendable {
        let value = Mutex(CommandReply(code: nil))
    }
}
