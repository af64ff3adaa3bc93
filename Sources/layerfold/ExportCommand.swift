// `layerfold export MODEL`: a model as a file for other programs.

import ArgumentParser
import Export
import Failures
import Foundation
import Locations
import Model
import SystemPackage

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model as a GGUF file, for llama.cpp.",
        discussion: """
            Weights, tokenizer and chat template in one file. Vectors, norms and routers stay in \
            float32. In a job, `export:` does the same with every folded model.
            """)

    @OptionGroup var model: ModelArgument
    @Option(help: "bf16 | f16 | q8_0 | q4_0.") var type = "q8_0"
    @Option(name: [.short, .long], help: "The file to write; must not be there yet.")
    var output: String
    @Flag(help: "Print JSON.") var json = false

    private struct Written: Encodable {
        let output: String
        let bytes: Int
        let caveats: [String]
    }

    func run() throws {
        guard let type = ExportType(rawValue: type) else {
            let known = ExportType.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "--type \(self.type): expected one of \(known)")
        }
        guard case .file(let path) = try NamedOutput(output), let file = path.lastComponent,
            !FileManager.default.fileExists(atPath: path.string)
        else {
            throw Failure(.refused, "\(output): name a new file; what is there is not replaced")
        }
        let located = try model.locate()
        let export: GGUFExport
        do {
            export = try GGUFExport(
                try ModelArgument.open(located), type: type, name: located.name)
        } catch let refusal as ExportRefusal {
            throw Failure(.refused, refusal.description)
        }
        _ = try export.write(
            to: path.removingLastComponent(), as: file.string, observer: SilentObserver())
        for caveat in export.caveats { Terminal.error("layerfold: \(caveat)") }
        if json {
            try Terminal.json(
                Written(output: output, bytes: export.byteCount, caveats: export.caveats))
        } else {
            Terminal.line(output)
        }
    }
}
