// How often something took how long, in fixed steps. Pure.

package struct Histogram: Sendable, Equatable {
    /// Upper ends, the least first; what is above all counts as well.
    package let bounds: [Double]
    /// Of each step alone, and last of what is above all.
    private var counts: [Int]
    package private(set) var sum = 0.0

    package init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ value: Double) {
        let step = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[step] += 1
        sum += value
    }

    /// As Prometheus wants them: each step with all below it.
    package func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        var total = 0
        var samples: [MetricFamily.Sample] = []
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            samples.append(
                .init(
                    suffix: "_bucket",
                    labels: labels + [.init("le", PrometheusText.number(bound))],
                    value: Double(total)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: sum))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(total)))
        return samples
    }

    // MARK: Steps

    /// Of jobs: from a second to a week.
    static let jobs: [Double] = [
        1, 10, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 604_800,
    ]
    static let stages: [Double] = [0.1, 1, 10, 60, 300, 1_800, 7_200, 28_800, 86_400]
    /// Of what people wait for, or the queue.
    static let moments: [Double] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
    static let collections: [Double] = [0.1, 1, 10, 60, 300, 1_800]
}
