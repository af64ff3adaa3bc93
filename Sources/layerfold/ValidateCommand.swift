// `layerfold validate JOB`: the daemon's own check, without a daemon.

import ArgumentParser
import Foundation
import Jobs

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a job file as the daemon would.")

    @Argument(help: "The job file.") var job: String
    @Flag(help: "Print the job with every default filled in, or the error, as JSON.")
    var json = false

    func run() throws {
        let data = try NamedFile.read(job)
        do {
            let description = try ManifestParser.parse(
                bytes: data, name: Manifest.name(of: job))
            if json { return try Terminal.json(description) }
            Terminal.line(
                "\(job): good; \(description.compress.count) methods, "
                    + "\(description.compress.reduce(0) { $0 + max(1, $1.ratios.count) }) models")
        } catch let error as ManifestError {
            if json { try Terminal.json(error) }
            throw Failure(.refused, "\(job): \(error)")
        }
    }
}
