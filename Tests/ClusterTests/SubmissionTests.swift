// What the submit command is given, and what its answers mean.

import Cluster
import Foundation
import Jobs
import Testing

@Suite struct SubmissionTests {
    private func submission(
        minutes: Int? = nil, memoryBytes: Int? = nil,
        resources: JobDescription.Resources = .init(), folder: String = "/s/jobs/J/units/m1"
    ) -> Submission {
        Submission(
            token: UnitToken(attempt: "01A", unit: "m1", number: 2), minutes: minutes,
            memoryBytes: memoryBytes, resources: resources, worker: "/opt/layerfold",
            request: "\(folder)/request.json", outcome: "\(folder)/outcome-2.json",
            log: "\(folder)/worker.log", folder: folder)
    }

    @Test func `nothing is asked for that nobody named`() {
        let words = submission().arguments
        for option in ["--mem", "--time", "--account", "--partition", "--qos", "--constraint"] {
            #expect(!words.contains { $0.hasPrefix(option) }, "\(option)")
        }
        #expect(words.contains("--job-name=layerfold-01A-m1-2"))
        #expect(words.contains("--comment=layerfold-01A-m1-2"))
        #expect(words.contains("--no-requeue") && words.contains("--export=NONE"))
        #expect(words.contains("--signal=B:TERM@300"))
    }

    @Test func `what is named is asked for, each once`() {
        let words = submission(
            minutes: 90, memoryBytes: 16_000_000_000,
            resources: .init(
                account: "lab", partition: "long", qos: "q", cpus: 8, constraint: "avx512",
                extra: ["--gres=gpu:1"])
        ).arguments
        for word in [
            "--time=90", "--mem=15259M", "--account=lab", "--partition=long", "--qos=q",
            "--cpus-per-task=8", "--constraint=avx512", "--gres=gpu:1",
        ] {
            #expect(words.count { $0 == word } == 1, "\(word)")
        }
    }

    @Test func `a short limit is not all farewell`() {
        #expect(submission(minutes: 4).arguments.contains("--signal=B:TERM@60"))
    }

    @Test func `no name gets out of its quotes`() {
        let script = submission(folder: "/s/it's $(here) `now`").script
        #expect(script.contains("'/s/it'\\''s $(here) `now`/request.json'"))
        #expect(script.contains("exec '/opt/layerfold' 'worker' '--request'"))
    }

    @Test(arguments: [
        ("123\n", SubmitAnswer.sent(id: "123")), ("123;east\n", .sent(id: "123")),
        ("lua: welcome\n124\n", .sent(id: "124")),
    ]) func `identifiers`(_ output: String, _ answer: SubmitAnswer) {
        #expect(SubmitAnswer(CommandReply(code: 0, output: output)) == answer)
    }

    private enum Kind: Sendable { case unknown, later, refused }

    private func kind(_ answer: SubmitAnswer) -> Kind? {
        switch answer {
        case .sent: nil
        case .unknown: .unknown
        case .later: .later
        case .refused: .refused
        }
    }

    @Test func `what may be in the queue is not known`() {
        for reply in [
            CommandReply(code: 0, output: ""), CommandReply(code: 0, output: "what? yes\n"),
            CommandReply(code: nil, errors: "killed"),
            CommandReply(
                code: 1,
                errors: "sbatch: error: Batch job submission failed: Socket timed out on "
                    + "send/recv operation"),
            CommandReply(
                code: 1, errors: "Unable to contact slurm controller (connect failure)"),
            CommandReply(code: 1, errors: "error: Munge encode failed: Failed to access socket"),
        ] {
            #expect(kind(SubmitAnswer(reply)) == .unknown, "\(reply)")
        }
    }

    @Test func `what is full now is tried later`() {
        for text in [
            "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, "
                + "user's size and/or time limits)",
            "Batch job submission failed: Resource temporarily unavailable",
            "Batch job submission failed: Required partition not available (inactive or drain)",
            "Batch job submission failed: I/O error writing script/environment to file",
            "sbatch: fatal: Could not establish a configuration source",
            // Nobody was reached who could have taken it.
            "sbatch: error: _fetch_child: failed to fetch remote configs: Unable to contact slurm "
                + "controller (connect failure)",
            "sbatch: error: fetch_config: failed to fetch config: Socket timed out",
        ] {
            #expect(kind(SubmitAnswer(CommandReply(code: 1, errors: text))) == .later, "\(text)")
        }
        #expect(kind(SubmitAnswer(CommandReply(code: nil, wasRun: false))) == .later)
    }

    @Test func `what can never be is refused`() {
        for text in [
            "Batch job submission failed: Invalid account or account/partition combination",
            "Batch job submission failed: Requested node configuration is not available",
            "Batch job submission failed: Requested partition configuration not available now",
            "sbatch: error: invalid partition specified: nowhere",
            "Batch job submission failed: Requested time limit is invalid (missing or exceeds some "
                + "limit)",
        ] {
            #expect(
                kind(SubmitAnswer(CommandReply(code: 1, errors: text))) == .refused, "\(text)")
        }
    }

    @Test func `a request of the bridge and its answer pass through JSON`() async throws {
        struct Echo: QueueAsking {
            func ask(_ command: QueueCommand) async -> CommandReply {
                CommandReply(code: 3, output: "\(command)", errors: "e")
            }
        }
        let command = QueueCommand.submit(arguments: ["--a"], script: "x\ny")
        let line = try JobJSON.encode(command)
        #expect(!line.contains(UInt8(ascii: "\n")))
        let reply = await QueueBridge(Echo()).answer(line)
        #expect(String(decoding: reply, as: UTF8.self).contains("\"code\":3"))
        let confused = await QueueBridge(Echo()).answer(Data("{}".utf8))
        #expect(String(decoding: confused, as: UTF8.self).contains("\"was_run\":false"))
    }
}
