// `layerfold run JOB`: the whole job in the foreground, without a daemon.

import ArgumentParser
import Failures
import Foundation
import Jobs
import Locations
import Report
import Runner
import SystemPackage

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job file here and now, without a daemon.")

    @Argument(help: "The job file, or - for standard input. Relative paths start at its folder.")
    var job: String

    @Option(help: "Folder of store and index; kept for later runs.")
    var state = "layerfold-state"

    @Option(help: "Folder that receives the results.")
    var output = "layerfold-results"

    @Flag(help: "Print progress as JSON lines on standard error.")
    var json = false

    func run() throws {
        let bytes = try NamedFile.read(job)
        let folder = NamedFile.expanded(job).removingLastComponent()
        try JobInForeground(
            description: try Manifest.parse(bytes, job), manifest: Array(bytes),
            folder: folder.isEmpty ? "." : folder, state: state, output: output, json: json
        ).run()
    }
}

/// A job in this process, with its progress and what came of it.
struct JobInForeground {
    let description: JobDescription
    /// As it was written; it goes into the results.
    let manifest: [UInt8]
    /// Where its relative paths start.
    let folder: FilePath
    let state: String
    let output: String
    let json: Bool

    var foreground: ForegroundRun {
        ForegroundRun(
            description: description, manifest: manifest, manifestFolder: folder,
            state: NamedFile.expanded(state), output: NamedFile.expanded(output))
    }

    func run() throws {
        let display = ProgressDisplay()
        let stop = StopSignal()
        do {
            let published = try foreground.run(
                emit: { line in
                    if json, let data = try? line.encoded() {
                        Terminal.error(String(decoding: data, as: UTF8.self))
                    } else {
                        display.show(line)
                    }
                }, stop: { try stop.check() })
            // Scripts read the path on standard output, people the figures before it.
            if !json {
                JobWait.figures(in: published.string, width: Terminal.width(of: STDERR_FILENO))
                    .forEach(Terminal.error)
            }
            Terminal.line(published.appending("report.json").string)
        } catch is JobStopped {
            throw Failure(StopSignal.status, "stopped; what was finished stays in the cache")
        } catch let error where error is PathError || error is ModelNotFound || error is HubError {
            throw Failure(.notFound, "\(error)")
        } catch {
            throw Failure(.jobFailed, FaultText.describe(error))
        }
    }
}
