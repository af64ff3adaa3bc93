// The layers of one wave told as tokens of a whole evaluation, so that rate and time left are those
// of the whole.

package import Model

/// Hears a wave's forward pass and tells how far the evaluation is.
package struct WaveProgress<Observer: WorkObserver>: WorkObserver {
    private let observer: Observer
    private let before: Double
    private let tokens: Double
    private let total: Int
    private let detail: String

    /// - Parameters:
    ///   - before: tokens of the waves before this one.
    ///   - tokens: of this wave.
    ///   - total: of all waves.
    package init(observer: Observer, before: Int, tokens: Int, total: Int, detail: String) {
        self.init(observer, Double(before), Double(tokens), total, detail)
    }

    private init(
        _ observer: Observer, _ before: Double, _ tokens: Double, _ total: Int, _ detail: String
    ) {
        self.observer = observer
        self.before = before
        self.tokens = tokens
        self.total = total
        self.detail = detail
    }

    /// Part `index` of `count` equal ones, for a wave that passes through several models.
    package func part(_ index: Int, of count: Int) -> WaveProgress {
        let size = tokens / Double(count)
        return WaveProgress(observer, before + size * Double(index), size, total, detail)
    }

    package func checkpoint() throws { try observer.checkpoint() }

    /// Other units than the layers' are not told: they count something else.
    package func progress(done: Int, total: Int, unit: String, detail: String) {
        guard unit == "layer tokens", total > 0 else { return }
        observer.progress(
            done: Int(before + tokens * Double(done) / Double(total)), total: self.total,
            unit: "tokens", detail: self.detail)
    }
}
