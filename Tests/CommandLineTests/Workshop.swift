// Real processes, and a job on the demo model that takes a second: what tests of whole jobs share.

import Foundation
import TestSupport

/// What a process said.
struct Outcome {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program with files for its output: nothing to drain, nothing to dead-lock.
///
/// - Parameter environment: beside that of the tests.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:]
) throws -> Outcome {
    let scratch = try TemporaryFolder()
    let (out, err) = (scratch.url.appending(path: "out"), scratch.url.appending(path: "err"))
    for file in [out, err] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = Places.root
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    try process.run()
    process.waitUntilExit()
    return Outcome(
        status: process.terminationStatus,
        output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
        errors: String(decoding: try Data(contentsOf: err), as: UTF8.self))
}

func layerfold(_ arguments: String...) throws -> Outcome { try layerfold(arguments) }

func layerfold(
    _ arguments: [String], environment: [String: String] = [:]
) throws -> Outcome {
    try run(
        Places.programs.appending(path: "layerfold").path, arguments, environment: environment)
}

enum Workshop {
    static let demo = Places.demoModel.path

    /// A folder with a manifest on the demo model, which it links to.
    static func make(limit: Int = 128) throws -> (TemporaryFolder, job: String) {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            at: Places.demoModel, to: folder.url.appending(path: "demo"))
        // Files changed within the last two seconds are hashed anew by every job.
        for name in names(folder.path + "/demo") {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)],
                ofItemAtPath: folder.path + "/demo/" + name)
        }
        let manifest = """
            version: 1
            name: tiny
            model: demo
            calibration: {dataset: text, path: demo/calibration.txt, samples: 12, max_tokens: 16}
            analysis: {compute: f32}
            compress: [{method: mka, ratios: [0.125]}]
            evaluate: [{task: perplexity, path: demo/heldout.txt, window: 64, limit: \(limit)}]
            """
        let job = folder.url.appending(path: "tiny.yaml")
        try Data(manifest.utf8).write(to: job)
        return (folder, job.path)
    }

    static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
