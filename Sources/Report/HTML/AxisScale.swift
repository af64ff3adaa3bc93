// Where values lie on an axis: a linear or logarithmic scale whose ends and marks are round.

import Glibc

struct AxisScale {
    let isLogarithmic: Bool
    let low: Double
    let high: Double
    let ticks: [Double]

    /// Smaller values and differences are shown as zero: their quotients would overflow.
    private static let least = 1e-30

    /// A scale that holds all of `values`, whose magnitudes are at most 1e30. Logarithmic, where
    /// that is allowed, if they are positive and the greatest is more than eight times the
    /// least: then a linear one hides the small ones.
    init(holding values: [Double], allowsLogarithm: Bool, ticksAbout count: Int = 5) {
        let least = values.min() ?? 0
        let greatest = values.max() ?? 1
        if allowsLogarithm, least >= Self.least, greatest / least > 8 {
            self = Self.logarithmic(least, greatest)
        } else {
            self = Self.linear(least, greatest, count)
        }
    }

    private init(isLogarithmic: Bool, low: Double, high: Double, ticks: [Double]) {
        self.isLogarithmic = isLogarithmic
        self.low = low
        self.high = high
        self.ticks = ticks
    }

    private static func linear(_ least: Double, _ greatest: Double, _ count: Int) -> AxisScale {
        var (least, greatest) = (least, greatest)
        let width = greatest - least
        // A flat line gets a band around it.
        if !(width > max(greatest.magnitude * 1e-9, Self.least)) {
            let margin = max(greatest.magnitude * 0.05, 1e-6)
            (least, greatest) = (least - margin, greatest + margin)
        }
        let rough = (greatest - least) / Double(count)
        let unit = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 >= rough * 0.999 } ?? rough
        let first = (least / step).rounded(.down)
        let last = (greatest / step).rounded(.up)
        let ticks = (0...max(1, Int(last - first))).map { (first + Double($0)) * step }
        return AxisScale(
            isLogarithmic: false, low: ticks[0], high: ticks[ticks.count - 1], ticks: ticks)
    }

    private static func logarithmic(_ least: Double, _ greatest: Double) -> AxisScale {
        let low = least / 1.15
        let high = greatest * 1.15
        let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        func ticks(_ digits: [Double]) -> [Double] {
            decades.flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }
                .filter { $0 >= low && $0 <= high }
        }
        let fine = ticks([1, 2, 5])
        let coarse = ticks([1])
        // Twenty decades get a mark at every third.
        let every = (coarse.count + 8) / 9
        let marks = coarse.enumerated().filter { $0.offset % max(every, 1) == 0 }.map(\.element)
        return AxisScale(
            isLogarithmic: true, low: low, high: high, ticks: fine.count <= 9 ? fine : marks)
    }

    /// 0 at the low end, 1 at the high end.
    func share(_ value: Double) -> Double {
        if isLogarithmic {
            return log(max(value, low) / low) / log(high / low)
        }
        return (value - low) / (high - low)
    }
}
