// `layerfold cluster check`: what head and node leave for each other, and what is left of them.

import Cluster
import DurableIO
import Foundation
import Jobs
import Runner
import SystemPackage
import TestSupport
import Testing

@testable import layerfold

@Suite struct ClusterProbeTests {
    private let folder: TemporaryFolder
    private var home: FilePath { FilePath(folder.path) }
    private var shared: String { home.appending("shared").string }

    init() throws {
        folder = try TemporaryFolder()
        try Syscalls.makeFolders(home.appending("shared"), mode: 0o700)
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.url.appending(path: name))
    }

    private func request() throws -> ProbeRequest {
        try write("m", to: "message")
        return ProbeRequest(
            token: "c1", read: [home.string], written: [shared],
            message: home.appending("message").string)
    }

    private func names() throws -> [String] {
        try DirectoryScan.entries(of: FilePath(shared)).map(\.name.string)
    }

    @Test func `each side reads what the other wrote, and nothing stays`() throws {
        let tokens = HeadTokens(check: "c1", folders: [shared])
        let probe = NodeProbe(looking: try request())
        let place = try #require(probe.places.last)
        #expect(place.found == tokens.texts[shared] && place.found != nil)
        #expect(HeadTokens.read(probe) == [shared: try #require(place.left).text])
        #expect(probe.places.first?.left == nil, "what is only read is not written")
        // Texts that cannot be guessed: another check has others.
        #expect(HeadTokens(check: "c1", folders: [shared]).texts != tokens.texts)
        #expect(try names().count == 2)
        tokens.remove()
        #expect(try names().isEmpty)
    }

    @Test func `a node leaves nothing where nobody waits for it`() throws {
        var request = try request()
        request.message = home.appending("gone").string
        let probe = NodeProbe(looking: request)
        #expect(probe.places.allSatisfy { $0.left == nil && $0.problem == nil })
        #expect(try names().isEmpty)
        #expect(NodeProbe(looking: try self.request(), isHead: true).places.last?.left == nil)
        #expect(try names().isEmpty)
    }

    @Test func `the head moves a folder as results are moved, and tells where it cannot`() throws {
        let request = try request()
        func look(_ plan: FaultPlan) -> NodeProbe.Place? {
            FaultPlan.$current.withValue(plan) {
                NodeProbe(looking: request, isHead: true).places.last
            }
        }
        let network = FaultPlan(hasExclusiveRenames: false)
        #expect(look(network)?.problem == nil)
        #expect(network.refusedRenames == 1, "a node moves none, the head does")
        // The first rename is of the file that it writes.
        let closed = FaultPlan(.error(.notPermitted), atCall: 2, among: [.rename])
        #expect(look(closed)?.problem?.contains("rename failed") == true)
        #expect(try names().isEmpty)
        // What one left that was killed goes with the rest.
        let left = FilePath(shared).appending(FolderTokens.headFolder(of: "c1", by: "x"))
        try Syscalls.mkdir(left)
        try write("", to: "shared/\(left.lastComponent?.string ?? "")/contents")
        HeadTokens(check: "c1", folders: [shared]).remove()
        #expect(try names().isEmpty)
    }

    /// A queue that takes all and lists what it has.
    private func queue() throws -> ClusterSettings {
        try write(
            """
            #!/bin/sh
            cd '\(folder.path)'
            case "$1" in
                submit)
                    for word in "$@"; do
                        case "$word" in --job-name=*) echo "${word#--job-name=}" >>names ;; esac
                    done
                    cat >/dev/null
                    if [ -e silent ]; then echo 'Socket timed out' >&2; exit 1; fi
                    wc -l <names | tr -d ' ' ;;
                list)
                    echo 'JOBID|NAME|STATE|REASON'
                    echo '77|layerfold-other-check-1|RUNNING|None'
                    [ -e names ] && awk '{print NR "|" $1 "|PENDING|None"}' names
                    exit 0 ;;
                cancel) shift; echo "$@" >>cancelled ;;
            esac

            """, to: "queue")
        var settings = ClusterSettings()
        let program = ["/bin/sh", home.appending("queue").string]
        settings.commands.submit = program + ["submit"]
        settings.commands.list = program + ["list"]
        settings.commands.cancel = program + ["cancel"]
        return settings
    }

    private static func round(
        _ settings: ClusterSettings, in home: FilePath, stop: @escaping () throws -> Void
    ) -> ProbeRound {
        ProbeRound(
            name: "c1", folder: home, cluster: settings, asker: QueueQuestion(settings),
            seconds: 60, worker: "/bin/true", stop: stop)
    }

    private func cancelled() -> String {
        let data = FileManager.default.contents(atPath: home.appending("cancelled").string)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    @Test func `who stops a check takes its small jobs out of the queue, and no others`()
        async throws
    {
        let (settings, home) = (try queue(), home)
        // A check waits for what tasks answer.
        await #expect(throws: JobStopped.self) {
            try await onThread {
                let names = home.appending("names").string
                let round = Self.round(settings, in: home) {
                    // As Ctrl-C while the second is waited for.
                    let sent = FileManager.default.contents(atPath: names) ?? Data()
                    if sent.split(separator: UInt8(ascii: "\n")).count == 2 { throw JobStopped() }
                }
                _ = try round.run(["n1", "n2", "n3"])
            }
        }
        #expect(cancelled() == "1 2\n")
    }

    @Test func `what was sent without an answer is taken out as well`() async throws {
        try write("", to: "silent")
        let (settings, home) = (try queue(), home)
        let counts = try await onThread {
            let (findings, answers) = try Self.round(settings, in: home, stop: {}).run([])
            return [findings.count, answers.count]
        }
        #expect(counts == [1, 0])
        #expect(cancelled() == "1\n")
    }

    @Test(arguments: 0...8)
    func `an answer that becomes complete between two looks is in one of them`(until: Int) {
        var (waiting, taken) = ([1, 2, 3], [Int]())
        // As a clock that goes on with each question.
        var questions = 0
        func isComplete(_ number: Int) -> Bool {
            questions += 1
            return questions > until
        }
        while questions <= until {
            taken += waiting.takeOut(where: isComplete)
            #expect((taken + waiting).sorted() == [1, 2, 3], "\(questions)")
        }
        taken += waiting.takeOut(where: isComplete)
        #expect(waiting.isEmpty && taken.sorted() == [1, 2, 3])
    }
}
