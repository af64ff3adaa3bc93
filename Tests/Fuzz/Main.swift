// `swift run -c release layerfold-fuzz [ENTRY ...] --seed N --seconds S`: parsers against damaged
// files. No part of the product.

import ArgumentParser
import Foundation

@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layerfold-fuzz",
        abstract: "Tries parsers on damaged files, and keeps an input that one traps or hangs on.",
        discussion: """
            Entries: \(Entry.all.map(\.name).joined(separator: ", ")); all without one. Seed and \
            number decide an input: --number tries that one again.
            """)

    @Argument(help: "What to fuzz.")
    var entries: [String] = []

    @Option(help: "Another seed, other inputs.")
    var seed: UInt64 = 1

    @Option(help: "How long, for each entry.")
    var seconds = 10.0

    @Option(help: "Try only this input.")
    var number: UInt64?

    @Option(help: "The folder that gets the inputs that broke something.")
    var output = "."

    /// Set in the process that does the work, and may die of it.
    @Option(help: .hidden)
    var counter: String?

    func validate() throws {
        let known = Entry.all.map(\.name)
        for name in entries where !known.contains(name) {
            throw ValidationError("\(name): expected one of \(known.joined(separator: ", "))")
        }
        guard seconds > 0, seconds < 1e6 else {
            throw ValidationError("--seconds: expected more than 0")
        }
    }

    func run() throws {
        let chosen = Entry.all.filter { entries.isEmpty || entries.contains($0.name) }
        if let counter {
            for entry in chosen {
                try Worker(entry: entry, seed: seed, seconds: seconds).run(counter: counter)
            }
            return
        }
        if let number {
            for entry in chosen {
                let accepted = entry.accepts(entry.corpus.input(seed: seed, number: number))
                print("\(entry.name): input \(number) was \(accepted ? "accepted" : "refused")")
            }
            return
        }
        let watch = Watch(seed: seed, seconds: seconds, output: URL(filePath: output))
        var broken = 0
        for entry in chosen where try !watch.survives(entry) { broken += 1 }
        if broken > 0 { throw ExitCode.failure }
    }
}
