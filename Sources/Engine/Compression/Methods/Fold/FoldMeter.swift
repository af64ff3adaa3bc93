// How far a fold is, by the operations that are done: a layer is minutes, its parts are seconds.

import Model

/// Tells an observer; one for a whole fold.
final class FoldMeter {
    private let observer: any WorkObserver
    private let total: Double
    /// Of the parts that are behind, and of the one under work.
    private var behind = 0.0
    private var share = 0.0
    private var done = 0.0
    private var what = ""

    init(total: Double, observer: any WorkObserver) {
        self.observer = observer
        self.total = total
    }

    /// - Parameters:
    ///   - what: the place, for people.
    ///   - share: operations until `end`.
    func begin(_ what: String, share: Double) {
        (self.what, self.share, done) = (what, share, 0)
    }

    /// More operations of the present part are done.
    func add(_ operations: Double, _ words: String = "") throws {
        try observer.checkpoint()
        done = min(share, done + operations)
        tell(words)
    }

    func end() {
        behind += share
        (share, done) = (0, 0)
        tell("")
    }

    private func tell(_ words: String) {
        // Counts are of the size of the work, not exact.
        let all = max(1, Self.billions(total))
        observer.progress(
            done: min(all, Self.billions(behind + done)), total: all, unit: "billion operations",
            detail: words.isEmpty ? what : "\(what), \(words)")
    }

    /// Single operations of the largest models are more than an `Int` counts.
    private static func billions(_ operations: Double) -> Int {
        Int(exactly: (operations / 1e9).rounded(.up)) ?? .max
    }
}
