// `layerfold run JOB`: the whole job in the foreground, without a daemon.

import ArgumentParser
import Foundation
import Jobs
import Runner
import SystemPackage

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job file here and now, without a daemon.")

    @Argument(help: "The job file. Relative paths in it start at its own folder.")
    var job: String

    @Option(help: "Folder of store and index; kept for later runs.")
    var state = "layerfold-state"

    @Option(help: "Folder that receives the results.")
    var output = "layerfold-results"

    @Flag(help: "Print progress as JSON lines on standard error.")
    var json = false

    func run() throws {
        let manifest = try Manifest.read(job)
        let folder = FilePath(job).removingLastComponent()
        let display = ProgressDisplay()
        let stop = StopSignal()
        let run = ForegroundRun(
            description: manifest, manifestFolder: folder.isEmpty ? "." : folder,
            state: FilePath(state), output: FilePath(output))
        do {
            let published = try run.run(
                emit: { line in
                    if json, let data = try? line.encoded() {
                        Terminal.error(String(decoding: data, as: UTF8.self))
                    } else {
                        display.show(line)
                    }
                }, stop: { try stop.check() })
            Terminal.line(published.appending("report.json").string)
        } catch is JobStopped {
            throw Failure(.jobFailed, "stopped; what was finished stays in the cache")
        } catch {
            throw Failure(.jobFailed, String(describing: error))
        }
    }
}
