// What a folded model may take, as an option of `fold`, `init` and `rerun`.

import ArgumentParser
import Catalogue
import Jobs

struct BudgetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Most bytes of the model's files: the fewest layers go.", valueName: "6G | 0.75"))
    var size: String?
    @Option(
        help: ArgumentHelp(
            "Most parameters: the fewest layers go.", valueName: "6.5B | 0.75"))
    var parameters: String?
    @Option(
        help: ArgumentHelp(
            "Most bytes of key-value cache a token: the fewest layers go.",
            valueName: "96KiB | 0.75"))
    var kv: String?

    /// nil where none is given.
    ///
    /// - Parameter other: an option that was given and says how much is removed, too.
    func read(besides other: String?) throws -> Budget? {
        let given: [(measure: Budget.Measure, text: String)] = [
            (.size, size), (.parameters, parameters), (.kv, kv),
        ].compactMap { measure, text in text.map { (measure, $0) } }
        guard let (measure, text) = given.first else { return nil }
        let names = [other].compactMap { $0 } + given.map { "--" + $0.measure.rawValue }
        guard names.count == 1 else {
            throw Failure(.usage, "give one of \(names.joined(separator: ", "))")
        }
        do { return try Budget(measure, text) } catch {
            throw Failure(.usage, "--\(measure.rawValue) \(text): \(error)")
        }
    }
}
