// `layerfold validate JOB`: the check that stands before the queue, without queueing anything.

import ArgumentParser
import Client
import Failures
import Foundation
import Jobs
import Locations
import SystemPackage

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a job file: its keys, its model, its data, and room for the results.",
        discussion: """
            Where a daemon answers, it checks against its roots, as `submit` does; else paths are \
            looked up from the job file's folder, as `run` does.
            """)

    @Argument(help: "The job file; - for standard input.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print the job with every default filled in, or the error, as JSON.")
    var json = false

    func run() throws {
        let data = try NamedFile.read(job)
        let description: JobDescription
        do {
            description = try ManifestParser.parse(bytes: data, name: Manifest.name(of: job))
        } catch let error as ManifestError {
            if json { try Terminal.json(error) }
            throw Failure(.refused, "\(job): \(error)")
        }
        let judge: String
        do { judge = try check(data, description) } catch let failure as Failure {
            if json { try Terminal.json(["message": failure.message]) }
            throw failure
        }
        if json { return try Terminal.json(description) }
        Terminal.line("\(job): good for \(judge); \(Self.contents(of: description))")
    }

    private static func contents(of description: JobDescription) -> String {
        let (methods, models) = (description.compress.count, description.candidates.count)
        guard methods > 0 else { return "no method, the original in other forms alone" }
        return "\(methods) \(methods == 1 ? "method" : "methods"), "
            + "\(models) \(models == 1 ? "model" : "models")"
    }

    /// Who looked.
    private func check(_ data: Data, _ description: JobDescription) throws -> String {
        do {
            let name = Manifest.name(of: job)
            _ = try daemon.ask(about: job) { try $0.check(manifest: data, name: name) }
            return "the daemon"
        } catch let failure as Failure where failure.status == .unreachable {
            try checkHere(description)
            return "`layerfold run`"
        }
    }

    private func checkHere(_ description: JobDescription) throws {
        let folder = Manifest.folder(of: job)
        let preflight = Preflight(
            models: ModelLocator(from: folder), data: .anywhere(from: folder), results: ".")
        do { try preflight.check(description) } catch let error as PreflightError {
            throw Failure(.refused, "\(job): \(error)")
        } catch { throw Failure(.notFound, "\(job): \(FaultText.describe(error))") }
    }
}
