// `layerfold init MODEL`: a commented manifest to start from.

import ArgumentParser
import Foundation
import Jobs
import Runner
import SystemPackage

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a commented job file for a model.")

    @OptionGroup var starter: StarterOptions
    @Option(
        name: .shortAndLong, help: "The file to write; - for standard output. Default: NAME.yaml.")
    var output: String?
    @Flag(help: "Print the job with every default filled in as JSON; no file is written.")
    var json = false

    func run() throws {
        let starter = try starter.resolve()
        let manifest = starter.manifest
        if json { return try Terminal.json(starter.description) }
        let name = output ?? manifest.name + ".yaml"
        let file = try NamedOutput(name)
        // What somebody wrote into a manifest is nowhere else.
        guard !file.exists else {
            throw Failure(.refused, "\(name) is there already; name another with --output")
        }
        try file.write(Array(manifest.text.utf8))
        if case .file(let path) = file { Terminal.line(path.string) }
    }
}
