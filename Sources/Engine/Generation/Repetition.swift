// How much a text repeats itself: models that lost layers run in circles before they talk nonsense.

package enum Repetition {
    /// Tokens in a row that make a repetition.
    private static let run = 4

    /// The share of the 4-grams of a text that occurred in it before; nil where it has none.
    package static func share(of tokens: [Int32]) -> Double? {
        guard tokens.count >= run else { return nil }
        let runs = (0...tokens.count - run).map { tokens[$0..<$0 + run] }
        return Double(runs.count - Set(runs).count) / Double(runs.count)
    }
}
