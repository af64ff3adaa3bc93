// "Did you mean" for verbs, which argument-parser takes for arguments that it did not expect.

import ArgumentParser
import Jobs

enum VerbSpelling {
    /// What to say instead of the parser's words; nil where the verbs are right.
    static func advice(_ arguments: [String]) -> String? {
        var type: any ParsableCommand.Type = Layerfold.self
        var path = "layerfold"
        for word in arguments.dropFirst() {
            let verbs = verbs(of: type)
            guard !verbs.isEmpty else { return nil }
            if let next = verbs[word] {
                type = next
                path += " " + word
                continue
            }
            guard !word.hasPrefix("-"), word != "help" else { return nil }
            let near = Spelling.nearest(to: word, in: verbs.keys.sorted())
            let advice = near.map { "did you mean `\(path) \($0)`?" } ?? "see `\(path) --help`"
            return "layerfold: `\(path)` has no verb `\(TextTable.oneLine(word))`; \(advice)"
        }
        return nil
    }

    /// The visible verbs below a command, by their names.
    private static func verbs(
        of type: any ParsableCommand.Type
    ) -> [String: any ParsableCommand.Type] {
        let all = type.configuration.subcommands.map { ($0.configuration.commandName ?? "", $0) }
        return Dictionary(
            all.filter { $1.configuration.shouldDisplay }, uniquingKeysWith: { first, _ in first })
    }
}
