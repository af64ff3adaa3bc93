// The built daemon with a worker of shell, for verbs that talk to one.

import Foundation
import TestSupport
import Testing

final class CommandDaemon {
    /// Short: a socket's address has 107 bytes.
    let folder: String
    var state: String { folder + "/state" }
    private let worker: String
    private var process: Process?

    /// - Parameter worker: the program that does the work; that of shell where left out.
    init(worker: String? = nil) throws {
        folder = "/tmp/lfc-" + UUID().uuidString.prefix(8)
        self.worker = worker ?? folder + "/worker"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Data(Self.script.utf8).write(to: URL(filePath: folder + "/worker"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder + "/worker")
        try FileManager.default.copyItem(
            atPath: Places.fixtures.appending(path: "Report/tiny.json").path,
            toPath: folder + "/report.json")
        // A submission is looked through: its model must be there.
        let model = state + "/models/models/demo"
        try FileManager.default.createDirectory(
            atPath: model, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: URL(filePath: model + "/config.json"))
        try start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func start() throws {
        let process = Process()
        process.executableURL = Places.programs.appending(path: "layerfoldd")
        process.arguments = [
            "--state", state, "--worker", worker, "--grace-seconds", "1",
            "--log-level", "error",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let answers = eventually { try self.verb("ls").status == 0 }
        try #require(answers, "the daemon does not answer")
    }

    func stop() {
        process?.terminate()
        process?.waitUntilExit()
        process = nil
    }

    // MARK: Verbs

    /// `--state` goes to every verb by the environment.
    var environment: [String: String] { ["LAYERFOLD_STATE": state] }

    func verb(_ arguments: String...) throws -> Outcome {
        try layerfold(arguments, environment: environment)
    }

    /// Starts a verb; its output goes to files.
    func begin(_ arguments: String...) throws -> RunningVerb {
        try RunningVerb(arguments, environment: environment)
    }

    static func manifest(_ name: String) -> String {
        "{version: 1, name: \(name), model: models/demo, "
            + "compress: [{method: reverse, ratios: [0.5]}]}"
    }

    /// - Returns: the job's id.
    func submit(_ name: String) throws -> String {
        let path = folder + "/\(name).yaml"
        try Data(Self.manifest(name).utf8).write(to: URL(filePath: path))
        let outcome = try verb("submit", path)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    func waits(_ id: String, for state: String) -> Bool {
        eventually {
            try self.verb("show", id, "--json").output.contains("\"state\" : \"\(state)\"")
        }
    }

    /// Lets workers of `gate-...` jobs go on.
    func open(_ name: String) throws {
        try Data().write(to: URL(filePath: folder + "/open-" + name))
    }

    // MARK: Worker

    private static let script = #"""
        #!/bin/sh
        # Does what the job's name says.
        read -r request || exit 0
        field() { printf '%s\n' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
        job=$(field job)
        attempt=$(field attempt)
        folder=$(field job_dir)
        results=$(field results_dir)
        name=$(field name)
        control=$(dirname "$0")
        outcome() {
            printf '{"version":1,"job":"%s","attempt":"%s","seconds":1,"peak_bytes":1,%s}' \
                "$job" "$attempt" "$1" >"$folder/.outcome.tmp"
            mv "$folder/.outcome.tmp" "$folder/outcome.json"
        }
        echo "a line of the worker" >&2
        echo '{"kind":"warning","message":"a warning of the job"}'
        echo '{"kind":"stage-finished","stage":"digest","cache":"hit","seconds":1,"peak_bytes":1}'
        case "$name" in
            bad*)
                outcome '"result":"failed","failure":{"class":"user","message":"no such model"}'
                exit 1 ;;
            gate*) while [ ! -e "$control/open-$name" ]; do sleep 0.02; done ;;
        esac
        rm -rf "$results"
        mkdir -p "$results"
        cp "$control/report.json" "$results/report.json"
        outcome '"result":"succeeded"'

        """#
}

/// A verb that runs beside the test.
final class RunningVerb {
    private let folder: TemporaryFolder
    private let process = Process()

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        process.executableURL = Places.programs.appending(path: "layerfold")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = Places.root
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try file("out")
        process.standardError = try file("err")
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    private func file(_ name: String) throws -> FileHandle {
        let url = folder.url.appending(path: name)
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    private func text(_ name: String) -> String {
        let data = try? Data(contentsOf: folder.url.appending(path: name))
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    var output: String { text("out") }
    var errors: String { text("err") }
    var isRunning: Bool { process.isRunning }
    /// Of the process, and of its first thread.
    var number: Int32 { process.processIdentifier }

    /// Threads that do not block a signal, by the kernel's word.
    func threads(taking signal: Int32) throws -> [Int32] {
        let tasks = "/proc/\(number)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap { task in
            // One may have ended meanwhile.
            let status = (try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8))
            let line = status?.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
            let digits = line?.dropFirst("SigBlk:".count).drop(while: \.isWhitespace)
            guard let blocked = digits.flatMap({ UInt64($0, radix: 16) }) else { return nil }
            return blocked & 1 << UInt64(signal - 1) == 0 ? Int32(task) : nil
        }
    }

    func interrupt() { process.interrupt() }
    func terminate() { process.terminate() }

    /// The exit code; minus the number of a signal that killed it.
    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit
            ? process.terminationStatus : -process.terminationStatus
    }
}

/// Waits until the condition holds; false when it does not within a generous time. What it throws
/// counts as not yet.
func eventually(within seconds: Double = 60, _ condition: () throws -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if (try? condition()) == true { return true }
        Thread.sleep(forTimeInterval: 0.02)
    }
    return (try? condition()) == true
}
