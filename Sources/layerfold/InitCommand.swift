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

    func run() throws {
        let manifest = try starter.resolve().manifest
        if output == "-" { return Terminal.line(String(manifest.text.dropLast())) }
        let file = NamedFile.expanded(output ?? manifest.name + ".yaml").string
        guard !FileManager.default.fileExists(atPath: file) else {
            throw Failure(.refused, "\(file) is there already; name another with --output")
        }
        try DurableText.write(manifest.text, to: FilePath(file), permissions: 0o644)
        Terminal.line(file)
    }
}
