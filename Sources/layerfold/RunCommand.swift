// `layerfold run JOB`: the whole job in the foreground, without a daemon.

import ArgumentParser
import DurableIO
import Failures
import Foundation
import Jobs
import Locations
import Report
import Runner
import SystemPackage

struct RunCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job file here and now, without a daemon.")

    @Argument(help: "The job file, or - for standard input. Relative paths start at its folder.")
    var job: String

    @OptionGroup var place: ForegroundOptions

    func run() throws {
        let bytes = try NamedFile.read(job)
        try JobInForeground(
            description: try Manifest.parse(bytes, job), manifest: nil,
            folder: Manifest.folder(of: job), place: place
        ).run()
    }
}

/// A job in this process, with its progress and what came of it.
struct JobInForeground {
    let description: JobDescription
    /// Where nobody wrote one; it goes into the results.
    let manifest: [UInt8]?
    /// Where its relative paths start.
    let folder: FilePath
    let place: ForegroundOptions

    var foreground: ForegroundRun {
        ForegroundRun(
            description: description, manifest: manifest, manifestFolder: folder,
            state: NamedFile.expanded(place.state), output: NamedFile.expanded(place.output))
    }

    func run() throws {
        let display = ProgressDisplay()
        let published = try carryOut { stop in
            try foreground.run(
                emit: { line in
                    if place.json, let data = try? line.encoded() {
                        Terminal.error(String(decoding: data, as: UTF8.self))
                    } else {
                        display.show(line)
                    }
                }, stop: stop)
        }
        // Scripts read the path on standard output, people the figures before it.
        if !place.json {
            JobWait.figures(in: published.string, width: Terminal.width(of: STDERR_FILENO))
                .forEach(Terminal.error)
            if manifest != nil {
                let file = published.appending(ForegroundRun.manifestName)
                Terminal.error("again:  layerfold run \(file)")
            }
        }
        Terminal.line(published.appending("report.json").string)
    }

    /// Work on the job, which Ctrl-C ends; what goes wrong becomes a code and a message.
    func carryOut<Value>(_ work: (_ stop: @escaping () throws -> Void) throws -> Value) throws
        -> Value
    {
        try StateOwner.expectOwn(foreground.state)
        // Stages ask whether their inputs are whole before they keep anything.
        LostPages.install(.substitute, status: ExitStatus.refused.rawValue)
        let signal = StopSignal()
        do {
            return try work { try signal.check() }
        } catch is JobStopped {
            throw Failure(StopSignal.status, "stopped; what was finished stays in the cache")
        } catch let error where error is PathError || error is ModelNotFound || error is HubError {
            throw Failure(.notFound, "\(error)")
        } catch {
            throw Failure(.jobFailed, FaultText.describe(error))
        }
    }
}
