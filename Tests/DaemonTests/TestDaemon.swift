// The real daemon as a process, with a worker that does what the job's name says.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

final class TestDaemon {
    /// The built program, beside the program that runs the tests.
    static let program: FilePath = {
        let link =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FilePath(link).removingLastComponent().appending("layerfoldd")
    }()

    /// What the daemon starts outside tests.
    static let worker = program.removingLastComponent().appending("layerfold")

    static let isBuilt = FileManager.default.isExecutableFile(atPath: program.string)

    let folder: TestFolder
    let state: FilePath
    let client: DaemonClient
    private(set) var process: Process?
    var arguments: [String] = []

    init(state: FilePath? = nil) throws {
        folder = try TestFolder()
        self.state = state ?? folder.file("state")
        client = DaemonClient(socket: self.state.appending("run/layerfoldd.sock").string)
        try folder.write(Self.script, to: folder.file("worker"))
        _ = unsafe Glibc.chmod(folder.file("worker").string, 0o755)
        try makeModel("demo")
    }

    /// What a submission is looked for: a folder with a config.json below the model root.
    private func makeModel(_ name: String) throws {
        let model = state.appending("models").appending(name)
        try FileManager.default.createDirectory(
            atPath: model.string, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: URL(filePath: model.appending("config.json").string))
    }

    deinit {
        if let process, process.isRunning {
            Glibc.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        for run in processes {
            // What a failed test leaves behind.
            if let process = Int32(run.process) { Glibc.kill(-process, SIGKILL) }
        }
    }

    // MARK: Life

    /// Starts the daemon without waiting for it.
    /// - Parameter wrapper: a program with its arguments that the daemon is run by.
    func launch(wrapper: [String] = []) throws {
        let command =
            wrapper + [
                Self.program.string, "--state", state.string, "--worker",
                folder.file("worker").string, "--settle-seconds", "0.1", "--grace-seconds", "1",
                "--rescan-seconds", "1",
            ] + arguments
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardError = try log()
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// Starts the daemon and waits until it answers.
    func start() async throws {
        try launch()
        let process = try #require(process)
        let answers = await eventually { (try? client.status()) != nil || !process.isRunning }
        try #require(answers && process.isRunning, "no daemon: \(logText)")
    }

    private func log() throws -> FileHandle {
        let path = folder.file("daemon.log").string
        if !FileManager.default.fileExists(atPath: path) {
            try folder.write("", to: folder.file("daemon.log"))
        }
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        return handle
    }

    var logText: String { TestFolder.text(folder.file("daemon.log")) }

    /// SIGTERM; returns the exit code.
    @discardableResult
    func stop() -> Int32 {
        guard let process else { return -1 }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// SIGHUP.
    func reload() throws {
        let process = try #require(process)
        Glibc.kill(process.processIdentifier, SIGHUP)
    }

    func killHard() {
        guard let process else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    // MARK: Jobs

    static func manifest(_ name: String, priority: Int = 0) -> String {
        """
        version: 1
        name: \(name)
        model: demo
        priority: \(priority)
        compress:
          - method: reverse
            ratios: [0.5]

        """
    }

    var inbox: FilePath { state.appending("inbox") }
    /// Where the rejected files of the user who runs the tests go.
    var rejected: FilePath { rejected(of: "\(geteuid())") }

    func rejected(of owner: String) -> FilePath {
        state.appending("rejected").appending(owner)
    }

    /// What lies in the inbox besides the daemon's own hints.
    var inboxNames: [String] {
        TestFolder.names(in: inbox).filter { name in
            FilePath.Component(name).flatMap(InboxHint.owner(ofHint:)) == nil
        }
    }

    func drop(_ name: String, priority: Int = 0) throws {
        let text = Self.manifest(name, priority: priority)
        try folder.drop(text, into: inbox, as: "\(name).yaml")
    }

    func submit(_ name: String) throws -> String {
        try client.submit(manifest: Data(Self.manifest(name).utf8), name: "x").id
    }

    func job(named name: String) throws -> JobSummary? {
        try client.jobs().jobs.last { $0.name == name }
    }

    /// Waits until the job is in the state; the failure shows what it is instead.
    @discardableResult
    func wait(
        for name: String, _ state: JobState,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> JobSummary {
        var last: JobSummary?
        let reached = await eventually {
            last = try? job(named: name)
            return last?.state == state
        }
        let summary = try #require(
            last, "no job \(name): \(logText)", sourceLocation: sourceLocation)
        #expect(
            reached, "\(name) is \(summary): \(logText)", sourceLocation: sourceLocation)
        return summary
    }

    /// Lets workers of `gate-...` jobs go on.
    func open(_ name: String) throws {
        try folder.write("", to: folder.file("open-\(name)"))
    }

    struct Run {
        let name: String
        let attempt: String
        let process: String
    }

    /// What workers were really started, in order; forecasts aside.
    var runs: [Run] { processes.filter { $0.attempt != "plan" } }

    private var processes: [Run] {
        TestFolder.text(folder.file("runs.log")).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return words.count == 3
                ? Run(name: words[0], attempt: words[1], process: words[2]) : nil
        }
    }

    func runs(of name: String) -> [Run] { runs.filter { $0.name == name } }

    /// The worker of this run, once it has begun.
    func worker(of name: String, run: Int = 1) async throws -> Int32 {
        let hasBegun = await eventually { runs(of: name).count >= run }
        try #require(hasBegun, "\(name) was not started \(run) times")
        return try #require(Int32(runs(of: name)[run - 1].process))
    }

    /// The process that plans this job, once it has begun.
    func planner(of name: String, run: Int = 1) async throws -> Int32 {
        let isPlan = { (run: Run) in run.name == name && run.attempt == "plan" }
        let hasBegun = await eventually { processes.filter(isPlan).count >= run }
        try #require(hasBegun, "\(name) was not planned \(run) times")
        return try #require(Int32(processes.filter(isPlan)[run - 1].process))
    }

    /// A process that ended but was not yet collected by its parent counts as gone.
    static func isAlive(_ process: Int32) -> Bool { ProcessIdentity(of: Int(process)) != nil }

    /// Where results of those lie who run the tests.
    var home: FilePath { state.appending("results").appending("\(geteuid())") }

    func results(of name: String) -> [String] {
        TestFolder.names(in: home).filter { $0.hasPrefix("\(name)-") }
    }

    // MARK: Worker

    /// Each start is noted in `runs.log` beside the script.
    static let script = #"""
        #!/bin/sh
        # A worker for tests: does what the job's name says.
        read -r request || exit 0
        field() { printf '%s\n' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
        job=$(field job)
        attempt=$(field attempt)
        folder=$(field job_dir)
        results=$(field results_dir)
        name=$(field name)
        control=$(dirname "$0")
        # In a unit of its own a worker works in its job's folder.
        [ "$2" = --unit ] && cd "$folder"
        echo "$name ${attempt:-plan} $$" >>"$control/runs.log"
        count=$(grep "^$name " "$control/runs.log" | grep -vc ' plan ')

        if [ "$2" = --plan ]; then
            case "$name" in
                hang*) cat >/dev/null; exit 143 ;;
                deaf*) trap '' TERM; while :; do sleep 0.05; done ;;
                crash*) echo "last words of $name" >&2; kill -SEGV $$ ;;
                user*) echo '{"class":"user","message":"no such plan"}'; exit 1 ;;
            esac
            seconds=9000
            case "$name" in short*) seconds=5 ;; esac
            echo "{\"stages\":[],\"obstacles\":[],\"seconds\":$seconds,\"peak_bytes\":1}"
            exit 0
        fi

        outcome() {
            printf '{"version":1,"job":"%s","attempt":"%s","seconds":1,"peak_bytes":1,%s}' \
                "$job" "$attempt" "$1" >"$folder/.outcome.tmp"
            mv "$folder/.outcome.tmp" "$folder/outcome.json"
        }
        fail() { outcome "\"result\":\"failed\",\"failure\":{\"class\":\"$1\",\"message\":\"$2\"}"; }
        succeed() {
            echo '{"kind":"stage-started","stage":"merge"}'
            echo '{"kind":"progress","stage":"merge","done":1,"total":2,"unit":"tensors"}'
            echo '{"kind":"stage-finished","stage":"merge","cache":"miss","seconds":1,"peak_bytes":1}'
            rm -rf "$results"
            mkdir -p "$results/reverse-r0.5"
            printf '{"name":"%s"}' "$name" >"$results/report.json"
            outcome '"result":"succeeded"'
            echo '{"kind":"finished","outcome":"succeeded"}'
        }

        case "$name" in
            ok*|short*) succeed ;;
            user*) fail user "no such model" ;;
            crash-once*) [ "$count" -gt 1 ] && succeed || kill -SEGV $$ ;;
            crash*) echo "last words of $name" >&2; kill -SEGV $$ ;;
            transient-once*) [ "$count" -gt 1 ] && succeed || fail transient "EIO on input" ;;
            disk-once*)
                [ "$count" -gt 1 ] && succeed ||
                    outcome '"result":"failed","failure":{"class":"resource","message":"x","disk_full":true}' ;;
            disk-gate*)
                while [ ! -e "$control/open-$name" ]; do sleep 0.02; done
                outcome '"result":"failed","failure":{"class":"resource","message":"x","disk_full":true}' ;;
            gate*)
                mkdir -p "$results"
                echo '{"kind":"stage-started","stage":"wait"}'
                while [ ! -e "$control/open-$name" ]; do sleep 0.02; done
                succeed ;;
            late*)
                # Has its outcome, but does not end.
                succeed
                while :; do sleep 0.05; done ;;
            hang*) mkdir -p "$results"; cat >/dev/null ;;
            deaf*) trap '' TERM; mkdir -p "$results"; while :; do sleep 0.05; done ;;
            beat*)
                # Slow, but its work moves.
                i=0
                while [ ! -e "$control/open-$name" ]; do
                    i=$((i + 1))
                    echo '{"kind":"heartbeat","moves":'$i',"processor_seconds":0,"transferred_bytes":0,"peak_bytes":1}'
                    echo '{"kind":"progress","stage":"merge","done":'$i',"total":9,"unit":"tensors"}'
                    sleep 0.01
                done
                succeed ;;
            idle*)
                # Alive, and at nothing.
                while :; do
                    echo '{"kind":"heartbeat","moves":7,"processor_seconds":1,"transferred_bytes":0,"peak_bytes":1,"stage":"merge"}'
                    sleep 0.01
                done ;;
            torn*) printf '{"version":1,"job":"%s","attem' "$job" >"$folder/outcome.json" ;;
            alien*) attempt=somebody-else; outcome '"result":"succeeded"' ;;
            noise*)
                printf '\377\376{\200}\n{"kind":"note","message":"\303"}\n\000\n'
                head -c 200000 /dev/zero | tr '\0' '{'
                echo
                succeed
                printf '{"kind":"note","message":"a line without an end"'
                printf '\377\n\033[2J' >&2 ;;
            closed*) exec >&- 2>&-; while :; do sleep 0.05; done ;;
            flood*)
                head -c 6000000 /dev/zero | tr '\0' 'x'
                echo
                head -c 12000000 /dev/zero | tr '\0' 'y' >&2
                i=0
                while [ $i -lt 300 ]; do echo "not json $i"; echo "line $i" >&2; i=$((i + 1)); done
                succeed ;;
            empty*) outcome '"result":"succeeded"' ;;
        esac

        """#
}
